# SPDX-License-Identifier: BSD-2-Clause
"""The machine that people log in to: settings, PAM services, helper."""

import contextlib
import os
import pathlib
import shutil

from . import CONFIG, HELPER, MODULE, SOCKET, SOFTHSM
from .card import CONFS
from .organisation import host_name_of
from .process import Process

PAM_D = pathlib.Path("/etc/pam.d")
NO_CARD = "/var/lib/no-card"
NO_CONF = CONFS / "none.conf"


class Machine:
    """The one machine that there is, enrolled in an organisation."""

    NAME = "ws-1.acme.example"

    def __init__(self, organisation, *verifiers, name=NAME):
        self.etc = pathlib.Path(CONFIG).parent
        shutil.rmtree(self.etc, ignore_errors=True)
        self.etc.mkdir(mode=0o755)
        self.organisation = organisation
        self.verifiers = verifiers
        self.services = set()
        self.key, self.certificate = organisation.issue_machine(
            name, self.etc)
        shutil.copy(organisation.ca / "verifier-ca.pem",
                    self.etc / "verifier-ca.pem")
        for verifier in verifiers:
            host_name_of(verifier.name)
        self.no_card()

    def settings(self, verifier="", token="", helper="", more=""):
        """Writes pam_mtls.conf: what a login needs, and these lines."""
        servers = ", ".join(v.server() for v in self.verifiers)
        card = self.card
        pathlib.Path(CONFIG).write_text(f"""\
[verifier]
servers = {servers}
ca = {self.etc}/verifier-ca.pem
{verifier}
[device]
certificate = {self.certificate}
key = {self.key}
[token]
module = {SOFTHSM}
environment = SOFTHSM2_CONF={card.conf if card else NO_CONF}
writable = {card.tokens if card else NO_CARD}
{token}
[helper]
deadline = 20s
{helper}
{more}""")
        os.chmod(CONFIG, 0o644)

    def insert(self, card, **settings):
        """Puts this card, and no other, into the reader."""
        # A person's own computer may have had it.
        card.hand_over()
        self.card = card
        self.settings(**settings)

    def no_card(self, **settings):
        tokens = pathlib.Path(NO_CARD)
        tokens.mkdir(exist_ok=True)
        shutil.chown(tokens, "_mtls-token", "_mtls-token")
        CONFS.mkdir(exist_ok=True)
        NO_CONF.write_text(f"directories.tokendir = {NO_CARD}\n")
        self.card = None
        self.settings(**settings)

    def service(self, name, *auth, account="account required pam_permit.so",
                session="session required pam_permit.so"):
        """Writes a PAM service; MODULE stands for the module's path."""
        lines = auth or ("auth required MODULE",)
        text = "\n".join([*lines, account, session,
                          "password required pam_deny.so"]) + "\n"
        (PAM_D / name).write_text(text.replace("MODULE", MODULE))
        self.services.add(name)

    @contextlib.contextmanager
    def socket(self, *wrap):
        """The helper behind its socket, one process per connection."""
        path = pathlib.Path(SOCKET)
        path.parent.mkdir(mode=0o755, exist_ok=True)
        path.unlink(missing_ok=True)
        with Process("systemd-socket-activate", "--seqpacket", "--accept",
                     "--inetd", f"--listen={SOCKET}", *wrap, HELPER) as it:
            it.wait_for("Listening on")
            os.chmod(SOCKET, 0o666)
            yield it
        path.unlink(missing_ok=True)

    def remove(self):
        for name in self.services:
            (PAM_D / name).unlink(missing_ok=True)
        shutil.rmtree(self.etc, ignore_errors=True)
