# SPDX-License-Identifier: BSD-2-Clause
"""The programs that people log in with, each on a pty of its own.

Every class has the PAM services it needs, prepare(), and start(user): a
pexpect child that will ask for the PIN and, when it lets the user in, print "in as
NAME".
"""

import os
import pathlib
import tempfile

import pexpect

from . import DEADLINE_S
from .process import Process, run

SHOW = "echo in as $(id -un)"
PIN = r"PIN for [^\r\n]*: "


def spawn(program, *argv, env=None, wrap=(), account=None):
    """A program on a pty; as another account when one is named."""
    command = [*wrap, program, *argv]
    if account:
        command = ["setpriv", f"--reuid={account}", f"--regid={account}",
                   "--init-groups", *command]
    environment = {"PATH": os.environ["PATH"], "TERM": "dumb",
                   "LC_ALL": "C.UTF-8", **(env or {})}
    child = pexpect.spawn(command[0], [str(a) for a in command[1:]],
                          env=environment, timeout=DEADLINE_S,
                          encoding="utf-8", codec_errors="replace")
    child.delaybeforesend = None
    return child


def answer(child, pin):
    """Answers the PIN prompt; whether the user got in."""
    child.expect(PIN)
    child.sendline(pin)
    return came_in(child)


def came_in(child):
    """Who it says has come in; None if it is over, or asks again."""
    got = child.expect(["in as (\\w+)", PIN, "(?i)password:",
                        "Login incorrect", pexpect.EOF])
    return child.match[1] if got == 0 else None


class Su:
    """bob becomes alice."""
    services = ("su", "su-l")

    def prepare(self):
        pass

    def start(self, user, **how):
        return spawn("su", user, "-c", SHOW, account="bob", **how)

    def finish(self):
        pass


class Sudo:
    """alice becomes root, and proves that she is alice."""
    services = ("sudo", "sudo-i")

    def prepare(self, defaults="timestamp_timeout=0,!lecture,passwd_tries=1"):
        rules = pathlib.Path("/etc/sudoers.d/tests")
        rules.write_text(f"Defaults {defaults}\n"
                         "alice, bob ALL=(ALL:ALL) ALL\n")
        rules.chmod(0o440)

    def start(self, user, **how):
        return spawn("sudo", "sh", "-c", "echo in as $SUDO_USER",
                     account=user, **how)

    def finish(self):
        pathlib.Path("/etc/sudoers.d/tests").unlink()


class Login:
    """alice at a terminal."""
    services = ("login",)

    def prepare(self):
        pass

    def start(self, user, **how):
        return spawn("login", user, **how)

    def finish(self):
        pass


class Sshd:
    """alice comes over the network; the card is in the server."""
    services = ("sshd",)
    PORT = 2222

    def prepare(self, *lines):
        self.directory = pathlib.Path(tempfile.mkdtemp(dir="/var/lib"))
        key = self.directory / "host-key"
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
        conf = self.directory / "sshd_config"
        conf.write_text("\n".join([
            f"Port {self.PORT}", "ListenAddress 127.0.0.1",
            f"HostKey {key}", f"PidFile {self.directory}/pid", "UsePAM yes",
            "PasswordAuthentication no", "KbdInteractiveAuthentication yes",
            "AuthenticationMethods keyboard-interactive", "UseDNS no",
            "MaxAuthTries 2", *lines]) + "\n")
        self.process = Process("/usr/sbin/sshd", "-D", "-e", "-f", conf)
        self.process.wait_for("Server listening on")

    def start(self, user, **how):
        return spawn("ssh", "-F", "none", "-o", "StrictHostKeyChecking=no",
                     "-o", "UserKnownHostsFile=/dev/null", "-o",
                     "NumberOfPasswordPrompts=1", "-o",
                     "PreferredAuthentications=keyboard-interactive",
                     "-p", str(self.PORT), f"{user}@127.0.0.1", SHOW, **how)

    def finish(self):
        self.process.stop()


class Pamtester:
    """The smallest PAM application there is."""
    services = ("door",)

    def prepare(self):
        pass

    def start(self, user, **how):
        return spawn("sh", "-c", f"pamtester door {user} authenticate "
                     f"acct_mgmt && echo in as {user}", **how)

    def finish(self):
        pass


PROGRAMS = {"pamtester": Pamtester, "su": Su, "sudo": Sudo, "login": Login,
            "sshd": Sshd}
