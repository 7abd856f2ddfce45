# SPDX-License-Identifier: BSD-2-Clause
"""ssh with somebody who answers its questions: a function of the test's,
behind the program that ssh calls for them."""

import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading

from .process import ENVIRONMENT

# ssh gives the question as an argument and reads one line.
PROGRAM = f"""\
#!{sys.executable}
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect("SOCKET")
s.sendall(sys.argv[1].encode())
s.shutdown(socket.SHUT_WR)
answer = b""
while more := s.recv(65536):
    answer += more
if answer == b"-":
    sys.exit(1)
print(answer.decode())
"""


class Askpass:
    """Answers ssh's questions with answer(question); None: no answer."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = []
        self.directory = pathlib.Path(tempfile.mkdtemp(dir="/var/lib"))
        self.program = self.directory / "askpass"
        path = self.directory / "socket"
        self.program.write_text(PROGRAM.replace("SOCKET", str(path)))
        self.program.chmod(0o755)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                here = self.listener.accept()[0]
            except OSError:
                return
            with here:
                question = b""
                while more := here.recv(65536):
                    question += more
                self.asked.append(question.decode())
                answer = self.answer(self.asked[-1])
                here.sendall(b"-" if answer is None else answer.encode())

    def ssh(self, user, port, *command, host="127.0.0.1"):
        """Runs a command over there; what came of it."""
        return subprocess.run(
            ["ssh", "-F", "none", "-o", "StrictHostKeyChecking=no", "-o",
             "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o",
             "NumberOfPasswordPrompts=1", "-o",
             "PreferredAuthentications=keyboard-interactive", "-p",
             str(port), f"{user}@{host}", *command],
            env={**ENVIRONMENT, "SSH_ASKPASS": str(self.program),
                 "SSH_ASKPASS_REQUIRE": "force"},
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
            errors="replace", timeout=60, check=False)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        shutil.rmtree(self.directory, ignore_errors=True)


def enter(_):
    """Somebody who presses Enter."""
    return ""


def never(_):
    """Somebody who lets ssh end the question."""
    return None


