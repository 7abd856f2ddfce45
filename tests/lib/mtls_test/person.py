# SPDX-License-Identifier: BSD-2-Clause
"""Somebody at a computer of their own, with a card in its reader."""

import os
import pathlib
import re

import pexpect

from . import MTLSCTL, SOFTHSM
from .process import run
from .programs import PIN, spawn

ETC = pathlib.Path("/etc/people")
CODE = r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}"


class Person:
    """A user at the laptop, who runs mtlsctl there as themselves."""

    def __init__(self, organisation, verifier, laptop, user="alice"):
        self.user = user
        self.laptop = laptop
        self.card = organisation.card(user)
        self.card.hand_over(user)
        ETC.mkdir(exist_ok=True)
        self.conf = ETC / f"{user}.conf"
        ca = ETC / f"{user}-ca.pem"
        ca.write_bytes((organisation.ca / "verifier-ca.pem").read_bytes())
        self.conf.write_text(f"""\
[verifier]
servers = {verifier.server()}
ca = {ca}
[token]
module = {SOFTHSM}
environment = SOFTHSM2_CONF={self.card.conf}
writable = {self.card.tokens}
""")

    def argv(self, *argv):
        return self.laptop.argv(
            "setpriv", f"--reuid={self.user}", f"--regid={self.user}",
            "--init-groups", *argv)

    def mtlsctl(self, *argv, check=True):
        """Runs it; the PIN comes through a descriptor."""
        out, into = os.pipe()
        os.write(into, f"{self.card.pin}\n".encode())
        os.close(into)
        try:
            return run(*self.argv(MTLSCTL, *argv, "--config", self.conf,
                                  "--pin-fd", str(out)),
                       pass_fds=(out,), check=check)
        finally:
            os.close(out)

    def code(self, service, host, *more):
        """A code for one login, made before it."""
        done = self.mtlsctl("code", "--service", service, "--on", host, *more)
        return re.search(CODE, done.stdout)[0]

    def approve(self, word, answer="yes"):
        """Says so to the login that shows this word; its code."""
        child = spawn(*self.argv(MTLSCTL, "approve", word, "--config",
                                 self.conf))
        child.expect(PIN)
        child.sendline(self.card.pin)
        child.expect("Is that your own login")
        child.sendline(answer)
        found = child.expect([rf"({CODE})", pexpect.EOF])
        code = child.match[1] if found == 0 else None
        child.close(force=True)
        return code
