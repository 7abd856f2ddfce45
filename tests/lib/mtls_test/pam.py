# SPDX-License-Identifier: BSD-2-Clause
"""A PAM application: one login through the real libpam, in a process of
its own, with everything that can be seen of it from outside.

As a module: authenticate(service, user, answers) -> Outcome. As a program
(python3 -m mtls_test.pam), the application itself: a JSON object in, a JSON
object out.
"""

import collections
import ctypes
import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading

from . import DEADLINE_S

CODES = ("SUCCESS OPEN_ERR SYMBOL_ERR SERVICE_ERR SYSTEM_ERR BUF_ERR "
         "PERM_DENIED AUTH_ERR CRED_INSUFFICIENT AUTHINFO_UNAVAIL "
         "USER_UNKNOWN MAXTRIES NEW_AUTHTOK_REQD ACCT_EXPIRED SESSION_ERR "
         "CRED_UNAVAIL CRED_EXPIRED CRED_ERR NO_MODULE_DATA CONV_ERR "
         "AUTHTOK_ERR AUTHTOK_RECOVERY_ERR AUTHTOK_LOCK_BUSY "
         "AUTHTOK_DISABLE_AGING TRY_AGAIN IGNORE ABORT AUTHTOK_EXPIRED "
         "MODULE_UNKNOWN BAD_ITEM CONV_AGAIN INCOMPLETE").split()
STYLES = {1: "secret", 2: "question", 3: "error", 4: "info"}
ITEMS = {"tty": 3, "rhost": 4, "ruser": 8}
FAIL_DELAY = 10
LOG_NDELAY = 8


@dataclasses.dataclass
class Outcome:
    """What one pam_authenticate did."""
    code: str               # "SUCCESS", "AUTH_ERR", ...
    messages: list          # [style, text] in order
    before: dict            # the process before and after
    after: dict
    delay_us: int           # asked for by pam_fail_delay
    more: dict              # codes of the other calls that were made
    stderr: str

    def prompts(self):
        return [m[1] for m in self.messages if m[0] in ("secret", "question")]

    def told(self):
        return [m[1] for m in self.messages if m[0] in ("info", "error")]


def start(service, user, answers=(), calls=("authenticate",), env=None,
          uid=None, sigchld="default", logins=1, flags=0, wrap=(), **items):
    """Starts the application; finish() waits for it. uid: whose process
    it is; sigchld: default, ignore, or reap (a thread that waits for
    every child); wrap: a command in front."""
    spec = {"service": service, "user": user, "answers": list(answers),
            "calls": list(calls), "items": items, "sigchld": sigchld,
            "logins": logins, "flags": flags}
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.path.dirname(
        os.path.dirname(__file__)), "PYTHONDONTWRITEBYTECODE": "1"}
    argv = [*wrap, "/usr/bin/python3", "-m", "mtls_test.pam"]
    extra = {}
    if uid is not None:
        extra = {"user": uid, "group": uid, "extra_groups": []}
    popen = subprocess.Popen(argv, stdin=subprocess.PIPE,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             text=True, env={**environment, **(env or {})},
                             **extra)
    popen.stdin.write(json.dumps(spec))
    popen.stdin.close()
    popen.stdin = None
    return popen


def finish(popen, deadline_s=DEADLINE_S):
    out, err = popen.communicate(timeout=deadline_s)
    if popen.returncode != 0:
        raise AssertionError(f"the PAM application ended with "
                             f"{popen.returncode}: {err}")
    return Outcome(**json.loads(out), stderr=err)


def authenticate(*args, **options):
    return finish(start(*args, **options))


# --- the application ---

class Message(ctypes.Structure):
    _fields_ = [("style", ctypes.c_int), ("text", ctypes.c_char_p)]


class Response(ctypes.Structure):
    _fields_ = [("text", ctypes.c_void_p), ("code", ctypes.c_int)]


CONVERSE = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.c_int, ctypes.POINTER(ctypes.POINTER(Message)),
    ctypes.POINTER(ctypes.POINTER(Response)), ctypes.c_void_p)


DELAY = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_uint, ctypes.c_void_p)


class Conversation(ctypes.Structure):
    _fields_ = [("function", CONVERSE), ("data", ctypes.c_void_p)]


def host_state():
    """What a module must leave as it found it."""
    with open("/proc/self/status", encoding="ascii") as f:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in f
                      if ":\t" in line)
    with open("/proc/thread-self/children", encoding="ascii") as f:
        kids = f.read().split()
    return {"fds": sorted(os.listdir("/proc/self/fd"), key=int)[:-1],
            "children": kids, "umask": status["Umask"],
            "blocked": status["SigBlk"], "ignored": status["SigIgn"],
            "caught": status["SigCgt"], "uids": status["Uid"],
            "gids": status["Gid"], "threads": status["Threads"],
            "cwd": os.getcwd(), "environ": dict(os.environ),
            "timer": list(signal.getitimer(signal.ITIMER_REAL))}


class Application:
    def __init__(self, spec):
        self.spec = spec
        self.answers = collections.deque(spec["answers"])
        self.messages = []
        self.pam = ctypes.CDLL("libpam.so.0")
        self.libc = ctypes.CDLL(None)
        self.libc.calloc.restype = ctypes.c_void_p
        self.libc.strdup.restype = ctypes.c_void_p
        self.function = CONVERSE(self.converse)
        self.no_delay = DELAY(self.delayed)
        self.delay_us = 0
        self.handle = ctypes.c_void_p()

    def delayed(self, _code, microseconds, _data):
        """Instead of sleeping, as a program may have it."""
        self.delay_us = microseconds

    def converse(self, n, messages, responses, _):
        array = self.libc.calloc(ctypes.c_size_t(n), ctypes.c_size_t(
            ctypes.sizeof(Response)))
        typed = ctypes.cast(array, ctypes.POINTER(Response))
        for i in range(n):
            style = STYLES[messages[i].contents.style]
            text = messages[i].contents.text.decode(errors="replace")
            self.messages.append([style, text])
            if style in ("secret", "question"):
                if not self.answers:
                    self.libc.free(ctypes.c_void_p(array))
                    return CODES.index("CONV_ERR")
                answer = self.answers.popleft()
                if answer is not None:
                    typed[i].text = self.libc.strdup(answer.encode())
        responses[0] = typed
        return 0

    def begin(self):
        conversation = Conversation(self.function, None)
        user = self.spec["user"]
        code = self.pam.pam_start(
            self.spec["service"].encode(),
            user.encode() if user is not None else None,
            ctypes.byref(conversation), ctypes.byref(self.handle))
        assert code == 0, f"pam_start: {code}"
        self.pam.pam_set_item(self.handle, FAIL_DELAY, self.no_delay)
        # As every login program does: libc keeps this connection open.
        self.libc.openlog(b"door", LOG_NDELAY, 0)
        for name, value in self.spec["items"].items():
            self.pam.pam_set_item(self.handle, ITEMS[name], value.encode())

    def call(self, name):
        function = getattr(self.pam, f"pam_{name}")
        flags = self.spec["flags"]
        return CODES[function(self.handle, flags)]

    def run(self):
        if self.spec["sigchld"] == "ignore":
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        elif self.spec["sigchld"] == "reap":
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
            threading.Thread(target=reap_everybody, daemon=True).start()
        self.begin()
        before = host_state()
        more = {}
        for _ in range(self.spec["logins"]):
            for name in self.spec["calls"]:
                more.setdefault(name, []).append(self.call(name))
        after = host_state()
        last = self.spec["calls"][-1]
        self.pam.pam_end(self.handle, CODES.index(more[last][-1]))
        return {"code": more.get("authenticate", [None])[-1],
                "messages": self.messages, "delay_us": self.delay_us,
                "before": before,
                "after": after, "more": more}


def reap_everybody():
    """A thread that takes every exit status there is, whosever it is."""
    while True:
        signal.sigwait({signal.SIGCHLD})
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass


if __name__ == "__main__":
    print(json.dumps(Application(json.load(sys.stdin)).run()))
