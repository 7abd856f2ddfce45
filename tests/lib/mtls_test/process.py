# SPDX-License-Identifier: BSD-2-Clause
"""Programs: run to their end, or kept running and waited for by event."""

import os
import re
import select
import signal
import subprocess
import time

from . import DEADLINE_S

ENVIRONMENT = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8",
               "HOME": "/root"}


def run(*argv, check=True, **options):
    """Runs argv; its output is text; fails with that output."""
    options.setdefault("env", ENVIRONMENT)
    options.setdefault("timeout", DEADLINE_S)
    if "input" not in options:
        options.setdefault("stdin", subprocess.DEVNULL)
    done = subprocess.run([str(a) for a in argv], text=True,
                          errors="replace", capture_output=True, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{argv} ended with {done.returncode}\n"
                             f"{done.stdout}{done.stderr}")
    return done


def wait_until(condition, what, deadline_s=DEADLINE_S):
    """Waits for something that has no event of its own to wait for."""
    end = time.monotonic() + deadline_s
    while not (result := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain for {what}")
        select.select([], [], [], 0.005)
    return result


def children(pid):
    """Process ids of the children of pid."""
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children",
                  encoding="ascii") as f:
            found += [int(p) for p in f.read().split()]
    return found


def find(program):
    """Process ids that run this program file now."""
    pids = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/exe") == program:
                pids.append(int(pid))
        except OSError:
            pass
    return pids


class Process:
    """A program that runs until stop(); its stderr is read for events."""

    def __init__(self, *argv, **options):
        options.setdefault("env", ENVIRONMENT)
        self.argv = [str(a) for a in argv]
        self.popen = subprocess.Popen(
            self.argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, **options)
        self.pid = self.popen.pid
        self.text = ""

    def _read(self, timeout_s):
        """More of stderr; False at its end."""
        pipe = self.popen.stderr
        if not select.select([pipe], [], [], max(timeout_s, 0))[0]:
            return True
        data = os.read(pipe.fileno(), 65536)
        self.text += data.decode(errors="replace")
        return bool(data)

    def wait_for(self, pattern, deadline_s=DEADLINE_S, start=0):
        """The match of pattern in what the program wrote to stderr."""
        end = time.monotonic() + deadline_s
        while not (found := re.search(pattern, self.text[start:], re.M)):
            left = end - time.monotonic()
            if left < 0 or not self._read(left):
                raise AssertionError(f"{self.argv[0]} did not say "
                                     f"{pattern!r} but:\n{self.text}")
        return found

    def output(self):
        """All that is there to be read now."""
        while select.select([self.popen.stderr], [], [], 0)[0]:
            if not self._read(0):
                break
        return self.text

    def send(self, number):
        self.popen.send_signal(number)

    def stop(self, number=signal.SIGTERM):
        if self.popen.poll() is None:
            self.popen.send_signal(number)
            try:
                self.popen.wait(DEADLINE_S)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
                raise AssertionError(
                    f"{self.argv[0]} did not end") from None
        self.output()
        self.popen.stderr.close()
        return self.popen.returncode

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
