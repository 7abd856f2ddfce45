# SPDX-License-Identifier: BSD-2-Clause
"""mtlsctl with a running verifier and helper: try, bind, audit, status."""

import json
import os
import pathlib
import re
import shutil
import signal
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "lib"))

from mtls_test.ctl import (SOFTHSM, ctl, make_csr, row,       # noqa: E402
                           rows, stage)
from mtls_test.process import ENVIRONMENT, Process, run       # noqa: E402

PIN = "740218"
ACCOUNT = "nobody"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")

VERIFIER = """\
[server]
user = {account}
[listen]
device = 127.0.0.1:0
user = 127.0.0.1:0
admin = {top}/admin.sock
[tls]
certificate = {top}/verifier.pem
key = {top}/verifier.key
device-ca = {top}/machines-ca.pem
user-ca = {top}/users-ca.pem
[revocation]
crl-dir = {top}/crl
[policy]
file = {top}/policy.conf
[state]
database = {top}/state/state.db
"""
POLICY = """\
map issuer "CN=Acme Users CA,O=Acme" take san:upn realm acme.example
map bound
allow user alice, carol on * for door by token
"""
MACHINE = """\
[verifier]
servers = localhost:{device}:{user}
ca = {top}/verifier-ca.pem
[device]
certificate = {top}/machine.pem
key = {top}/machine.key
[token]
module = {module}
user = {account}
environment = SOFTHSM2_CONF={top}/card/softhsm2.conf
writable = {top}/card
[helper]
user = daemon
"""


class Site:
    """A CA, a verifier, a machine and Alice's card, in one directory."""

    def __init__(self, top):
        self.top = top
        top.chmod(0o755)
        self.admin = ("--socket", top / "admin.sock")
        self.ca = top / "ca"
        ctl("ca", "init", self.ca, "--org", "Acme")
        for kind, name in (("verifier", "localhost"),
                           ("machine", "ws-1.acme.example")):
            ctl("ca", "issue", kind, "--ca", self.ca, "--name", name,
                "--key-out", top / f"{kind}.key", "--out",
                top / f"{kind}.pem")
        for name in ("users-ca.pem", "machines-ca.pem", "verifier-ca.pem"):
            shutil.copy(self.ca / name, top)
        (top / "crl").mkdir()
        ctl("ca", "crl", "--ca", self.ca, "--out", top / "crl")
        (top / "state").mkdir(mode=0o700)
        shutil.chown(top / "state", ACCOUNT)
        self.card()
        self.start()

    def card(self):
        tokens = self.top / "card/tokens"
        tokens.mkdir(parents=True)
        conf = self.top / "card/softhsm2.conf"
        conf.write_text(f"directories.tokendir = {tokens}\n"
                        "objectstore.backend = file\nlog.level = ERROR\n")
        env = {"SOFTHSM2_CONF": str(conf)}
        run("softhsm2-util", "--init-token", "--free", "--label",
            "Alice's card", "--pin", PIN, "--so-pin", "12345678",
            env={**ENVIRONMENT, **env})
        csr = self.top / "alice.csr"
        self.certificate = self.top / "alice.pem"
        token = ("--module", SOFTHSM, "--pin-fd", "0")
        ctl("token", "enroll", "--out", csr, *token, env=env, input=PIN)
        ctl("ca", "issue", "user", "--ca", self.ca, "--csr", csr, "--upn",
            "alice@acme.example", "--out", self.certificate)
        ctl("token", "import", self.certificate, *token, env=env, input=PIN)
        for where, _, names in os.walk(tokens):
            for name in (".", *names):
                shutil.chown(os.path.join(where, name), ACCOUNT)

    def start(self):
        top = self.top
        (top / "policy.conf").write_text(POLICY)
        conf = top / "verifier.conf"
        conf.write_text(VERIFIER.format(top=top, account=ACCOUNT))
        self.verifier = Process(stage() / "sbin/mtls-verifier", "--config",
                                conf)
        ready = self.verifier.wait_for(
            r"ready.*\bdevice=\S*?:(\d+).*\buser=\S*?:(\d+)")
        device, user = ready.groups()
        self.config = top / "pam_mtls.conf"
        self.config.write_text(MACHINE.format(
            top=top, device=device, user=user, module=os.path.realpath(
                SOFTHSM), account=ACCOUNT))

    def try_login(self, user="alice", service="door", pin=PIN, code=0,
                  how=ctl):
        return how("try", user, "--service", service, "--config",
                   self.config, "--socket", self.top / "no.sock",
                   "--pin-fd", "0", input=pin, code=code)


@pytest.fixture(scope="module")
def site():
    """Where the accounts of verifier, helper and card can go."""
    top = pathlib.Path(tempfile.mkdtemp(prefix="mtlsctl-", dir="/tmp"))
    it = Site(top)
    yield it
    it.verifier.stop()
    shutil.rmtree(top)


def fields(text):
    """What a record says: "name  value" lines."""
    return dict(re.findall(r"^([a-z ]+?)  +(.*)$", text, re.M))


def try_json(site, **options):
    done = site.try_login(how=lambda *argv, **o: ctl(
        *argv, "--json", **{**o, "code": None}), **options)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_granted(site):
    done = site.try_login()
    shown = fields(done.stdout)
    assert shown["verdict"] == "granted", done.stdout
    assert shown["user"] == "alice" and shown["service"] == "door"
    assert shown["verifier"].startswith("localhost")
    assert done.stdout.startswith("PHASE")
    assert PIN not in done.stdout + done.stderr


def test_granted_as_json(site):
    code, it = try_json(site)
    assert (code, it["verdict"], it["status"]) == (0, "granted", "ok")
    assert len(it["phases"]) > 3
    for phase in it["phases"]:
        assert phase["duration_us"] == \
            phase["end_us"] - phase["begin_us"] >= 0


@pytest.mark.parametrize("how", [
    {"user": "bob"}, {"service": "other"}, {"pin": "111111"}, {"pin": ""}])
def test_refused(site, how):
    """No PIN at all ends the dialogue; the rest is a verdict."""
    if how == {"pin": ""}:
        refused = site.try_login(code=1, **how)
        assert "empty" in refused.stderr
        return
    code, it = try_json(site, **how)
    assert (code, it["verdict"]) == (1, "refused"), it
    assert it["reason"] and it["message"]
    if "pin" in how:
        assert it["status"] == "pin-wrong"


def test_try_without_a_helper(site, tmp_path):
    ctl("try", "alice", "--service", "door", "--config",
        tmp_path / "missing", "--socket", tmp_path / "no.sock", code=None)
    for argv in (("a b",), ("alice", "--service", "../x"),
                 ("alice", "bob"), ("alice", "--deadline", "0")):
        ctl("try", *argv, code=1)


def test_a_method_that_cannot_be_tried(site):
    done = site.try_login(how=lambda *argv, **o: ctl(
        *argv, "--method", "agent", **o), code=1)
    assert "use sudo or su in an ssh session" in done.stderr
    assert "AGENT_WANTED" not in done.stderr


def test_audit(site):
    site.try_login()
    try_json(site, user="bob")
    records = rows("audit", *site.admin)
    numbers = [it["sequence"] for it in records]
    assert numbers == sorted(set(numbers))
    denied = rows("audit", "--decision", "deny", "--user", "bob",
                  *site.admin)
    assert denied and {it["user"] for it in denied} == {"bob"}
    allowed = rows("audit", "--decision=allow", "--service=door",
                   "--host=ws-1.acme.example", *site.admin)
    assert allowed[-1]["user"] == "alice"
    assert len(allowed[-1]["request"]) == 32
    [last] = rows("audit", "--limit", "1", *site.admin)
    assert last["sequence"] == numbers[-1]
    assert rows("audit", "--after", str(numbers[-1]), *site.admin,
                code=2) == []
    table = ctl("audit", *site.admin).stdout.splitlines()
    assert table[0].split()[:4] == ["SEQUENCE", "TIME", "EVENT", "DECISION"]
    assert len(table) == len(records) + 1
    ctl("audit", "--limit", "0", *site.admin, code=1)
    wrong = ctl("audit", "--decision", "no", *site.admin, code=1)
    assert "--decision is allow or deny" in wrong.stderr
    none = ctl("audit", "--user", "nobody", *site.admin, code=2)
    assert (none.stdout, none.stderr) == ("", "Nothing was found.\n")


def test_status(site):
    [it] = rows("status", *site.admin)
    assert it["version"] and it["rules"] == "1"
    assert "version" in ctl("status", *site.admin).stdout


def test_bind_and_unbind(site, tmp_path):
    pem = tmp_path / "carol.pem"
    ctl("ca", "issue", "user", "--ca", site.ca, "--csr",
        make_csr(tmp_path / "carol.csr"), "--user", "carol", "--out", pem)
    assert rows("bindings", *site.admin, code=2) == []
    made = row("bind", "carol", pem, *site.admin)
    assert (made["user"], made["changes"]) == ("carol", 1)
    [bound] = rows("bindings", *site.admin)
    assert bound["sha256"] == made["sha256"]
    assert bound["subject"] == "CN=carol,O=Acme"
    assert rows("bindings", "carol", *site.admin) == [bound]
    assert rows("bindings", "alice", *site.admin, code=2) == []
    assert "CN=carol" in ctl("bindings", *site.admin).stdout
    again = ctl("bind", "carol", pem, *site.admin, code=None)
    assert again.returncode in (1, 2)
    ctl("unbind", "carol", *site.admin, code=1)
    ctl("unbind", "carol", pem, "--all", *site.admin, code=1)
    ctl("unbind", "carol", "0" * 64, *site.admin, code=2)
    ctl("unbind", "carol", pem, *site.admin)
    row("bind", "carol", pem, *site.admin)
    ctl("unbind", "carol", made["sha256"], *site.admin)
    row("bind", "carol", pem, *site.admin)
    assert row("unbind", "carol", "--all", *site.admin)["changes"] == 1
    ctl("unbind", "carol", "--all", *site.admin, code=2)


def test_bind_what_cannot_be(site, tmp_path):
    for user, what in (("a b", site.certificate), ("carol", site.top),
                       ("carol", site.top / "verifier.pem"),
                       ("carol", site.ca / "root.pem"),
                       ("carol", tmp_path / "missing"),
                       ("carol", site.config)):
        ctl("bind", user, what, *site.admin, code=1)
    ctl("bind", "carol", *site.admin, code=1)
    assert rows("bindings", *site.admin, code=2) == []


def test_no_verifier(tmp_path):
    for argv in (("status",), ("audit",), ("bindings",),
                 ("unbind", "carol", "--all")):
        done = ctl(*argv, "--socket", tmp_path / "admin.sock", code=1)
        assert "no verifier" in done.stderr


def test_revoked(site):
    """The last test: the card's certificate is revoked, and refused."""
    ctl("ca", "revoke", "--ca", site.ca, site.certificate)
    ctl("ca", "crl", "--ca", site.ca, "--out", site.top / "crl")
    seen = len(site.verifier.output())
    site.verifier.send(signal.SIGHUP)
    site.verifier.wait_for(r"reload", start=seen)
    code, it = try_json(site)
    assert (code, it["verdict"]) == (1, "refused")
    assert "revoked" in it["reason"]
