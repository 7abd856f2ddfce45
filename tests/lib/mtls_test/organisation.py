# SPDX-License-Identifier: BSD-2-Clause
"""A throw-away organisation: its CAs, and a verifier that runs."""

import json
import pathlib
import shutil
import signal
import tempfile

from . import MTLSCTL, VERIFIER
from .card import Card
from .process import Process, run

REALM = "acme.example"
POLICY = f"""\
map issuer "{{issuer}}" take san:upn realm {REALM}
group staff = alice, bob
deny  user root
allow group staff on * for * by token
"""


class Organisation:
    """A CA made by mtlsctl, and the files of a verifier."""

    def __init__(self, name="Acme"):
        self.name = name
        self.directory = pathlib.Path(tempfile.mkdtemp(
            prefix="organisation-", dir="/var/lib"))
        self.directory.chmod(0o755)
        self.ca = self.directory / "ca"
        self.mtlsctl("init", self.ca, "--org", name)
        self.n_cards = 0

    def mtlsctl(self, *argv):
        return run(MTLSCTL, "ca", *argv)

    def issue_user(self, user, csr, out=None, **_):
        out = out or csr.with_suffix(".pem")
        self.mtlsctl("issue", "user", "--ca", self.ca, "--csr", csr,
                     "--upn", f"{user}@{REALM}", "--out", out)
        return out

    def issue_machine(self, name, directory):
        """Key and certificate of a machine, as two files."""
        key = pathlib.Path(directory) / "machine.key"
        certificate = pathlib.Path(directory) / "machine.pem"
        self.mtlsctl("issue", "machine", "--ca", self.ca, "--name", name,
                     "--key-out", key, "--out", certificate)
        return key, certificate

    def revoke(self, certificate):
        self.mtlsctl("revoke", "--ca", self.ca, certificate)
        self.mtlsctl("crl", "--ca", self.ca)

    def card(self, user="alice", kind="p256", label=None, **options):
        """A new card with a key and a certificate for user."""
        self.n_cards += 1
        card = Card(self.directory / f"card-{self.n_cards}",
                    label or f"{user.capitalize()}'s card", **options)
        return card.enroll(self, user, kind)

    def remove(self):
        shutil.rmtree(self.directory, ignore_errors=True)


class Verifier:
    """A mtls-verifier of an organisation, running on loopback."""

    def __init__(self, organisation, name="verifier1.acme.example",
                 policy=None, settings=""):
        self.organisation = organisation
        self.name = name
        self.directory = pathlib.Path(tempfile.mkdtemp(
            prefix="verifier-", dir="/var/lib"))
        self.directory.chmod(0o755)
        self.admin = self.directory / "admin.sock"
        self.conf = self.directory / "verifier.conf"
        self.policy = self.directory / "policy.conf"
        self.process = None
        self.database = self.directory / "state/state.db"
        self._certificate()
        self._crls()
        issuer = f"CN={organisation.name} Users CA,O={organisation.name}"
        self.write_policy(policy or POLICY.format(issuer=issuer))
        self.write_settings(settings)

    def _certificate(self):
        self.organisation.mtlsctl(
            "issue", "verifier", "--ca", self.organisation.ca, "--name",
            self.name, "--key-out", self.directory / "verifier.key",
            "--out", self.directory / "verifier.pem")
        for bundle in ("users-ca.pem", "machines-ca.pem"):
            shutil.copy(self.organisation.ca / bundle, self.directory)

    def _crls(self):
        crls = self.directory / "crl"
        crls.mkdir()
        for ca in ("root", "users", "machines"):
            shutil.copy(self.organisation.ca / f"{ca}.crl.pem", crls)

    def write_policy(self, text):
        self.policy.write_text(text)

    def write_settings(self, more=""):
        state = self.directory / "state"
        state.mkdir(exist_ok=True)
        shutil.chown(state, "_mtls-verifier", "_mtls-verifier")
        self.conf.write_text(f"""\
[server]
user = _mtls-verifier
[listen]
device = 127.0.0.1:0
user = 127.0.0.1:0
admin = {self.admin}
[tls]
certificate = {self.directory}/verifier.pem
key = {self.directory}/verifier.key
device-ca = {self.directory}/machines-ca.pem
user-ca = {self.directory}/users-ca.pem
[revocation]
crl-dir = {self.directory}/crl
[policy]
file = {self.policy}
[state]
database = {self.database}
{more}""")

    def start(self, *options):
        self.process = Process(VERIFIER, *options, "--config", self.conf)
        ready = self.process.wait_for(
            r"ready device=\S*?:(\d+) user=\S*?:(\d+)")
        self.device_port, self.user_port = map(int, ready.groups())
        return self

    def server(self):
        """How a machine's settings name this verifier."""
        return f"{self.name}:{self.device_port}:{self.user_port}"

    def reload(self):
        """SIGHUP, and waits until it has said what came of it."""
        seen = len(self.process.output())
        self.process.send(signal.SIGHUP)
        return self.process.wait_for(r"(reloaded|reload-failed).*",
                                     start=seen)[0]

    def take_crls(self):
        """Copies the CA's CRLs of now, and reloads."""
        shutil.rmtree(self.directory / "crl")
        self._crls()
        return self.reload()

    def audit(self, **wanted):
        """The audit records with these values, oldest first."""
        argv = [f"--{k}={v}" for k, v in wanted.items()]
        out = run(MTLSCTL, "audit", "--json", "--socket", self.admin,
                  "--limit=100000", *argv, check=False).stdout
        return [json.loads(line) for line in out.splitlines()]

    def stop(self):
        if self.process:
            self.process.stop()
            self.process = None

    def remove(self):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def log(self):
        return self.process.output() if self.process else ""


def host_name_of(server):
    """Makes a verifier's name mean this machine."""
    with open("/etc/hosts", "r+", encoding="ascii") as hosts:
        if server not in hosts.read().split():
            hosts.write(f"127.0.0.1 {server}\n")
