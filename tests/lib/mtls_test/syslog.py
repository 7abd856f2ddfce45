# SPDX-License-Identifier: BSD-2-Clause
"""/dev/log of this machine: what programs say to syslog, as lines."""

import os
import re
import socket
import threading

from . import DEADLINE_S


class Syslog:
    """Listens from the start of the tests to their end."""

    PATH = "/dev/log"

    def __init__(self):
        self.lines = []
        self.more = threading.Condition()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.socket.bind(self.PATH)
        os.chmod(self.PATH, 0o666)
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            data = self.socket.recv(65536)
            with self.more:
                self.lines.append(data.decode(errors="backslashreplace"))
                self.more.notify_all()

    def mark(self):
        """A place in the log, for since() and wait_for()."""
        with self.more:
            return len(self.lines)

    def since(self, mark=0):
        with self.more:
            return self.lines[mark:]

    def wait_for(self, pattern, mark=0, deadline_s=DEADLINE_S):
        """The first line since mark that matches pattern."""
        found = None

        def there():
            nonlocal found
            found = next((line for line in self.lines[mark:]
                          if re.search(pattern, line)), None)
            return found

        with self.more:
            if not self.more.wait_for(there, deadline_s):
                raise AssertionError(f"no line {pattern!r} in the log:\n" +
                                     "\n".join(self.lines[mark:]))
        return found
