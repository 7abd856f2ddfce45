# SPDX-License-Identifier: BSD-2-Clause
"""The method sshkey, with the real sshd and the real ssh: a key on a card,
which sshd verifies, and nothing else to be asked."""

import base64
import pathlib
import shutil
import tempfile

import pytest

from mtls_test import MODULE, MTLSCTL, SOCKET, SOFTHSM, pam
from mtls_test.machine import Machine, PAM_D
from mtls_test.organisation import Organisation, Verifier
from mtls_test.process import Process, run
from mtls_test.programs import SHOW, spawn

PORT = 2223
BOTH = "publickey,keyboard-interactive:pam"
EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples/sshd"
COMMON = ("account", "session", "password")


@pytest.fixture(scope="module")
def acme():
    """Certificates are revoked here."""
    it = Organisation("Acme")
    yield it
    it.remove()


@pytest.fixture(scope="module")
def verifier(acme):
    it = Verifier(acme, policy=(EXAMPLES / "sshkey.policy").read_text())
    yield it.start()
    it.remove()


@pytest.fixture
def machine(acme, verifier):
    it = Machine(acme, verifier)
    it.service("sshd", "auth required MODULE method=sshkey",
               account="account required MODULE")
    yield it
    it.remove()


class Sshd:
    """sshd, and who may come with which key."""

    def __init__(self, methods=BOTH, *lines):
        self.etc = pathlib.Path(tempfile.mkdtemp(dir="/etc"))
        self.etc.chmod(0o755)
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
            self.etc / "host")
        (self.etc / "conf").write_text("\n".join([
            f"Port {PORT}", "ListenAddress 127.0.0.1", "UseDNS no",
            f"HostKey {self.etc}/host", f"PidFile {self.etc}/pid",
            f"AuthorizedKeysFile {self.etc}/keys-%u", *lines, *([
                "UsePAM yes", "PasswordAuthentication no",
                "KbdInteractiveAuthentication yes",
                f"AuthenticationMethods {methods}"] if methods else [])
            ]) + "\n")
        self.process = Process("/usr/sbin/sshd", "-D", "-e", "-f",
                               self.etc / "conf")
        self.process.wait_for("Server listening on")

    def authorize(self, user, public):
        (self.etc / f"keys-{user}").write_text(public)

    def come(self, *options, user="alice", pin=None, env=None):
        """Whether ssh gets in, having been asked for this PIN at most."""
        child = spawn("ssh", "-F", "none", "-p", str(PORT), "-o",
                      "StrictHostKeyChecking=no", "-o",
                      "UserKnownHostsFile=/dev/null", "-o",
                      "IdentityAgent=none", "-o",
                      "NumberOfPasswordPrompts=1", *options,
                      f"{user}@127.0.0.1", SHOW, env=env)
        if pin:
            child.expect(r"Enter PIN for [^\r\n]*: ")
            child.sendline(pin)
        got = child.expect([f"in as {user}", "Permission denied",
                            "Connection closed", r"(PIN|assword)[^\r\n]*: "])
        child.close(force=True)
        return got == 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stop()
        shutil.rmtree(self.etc)


def bind(verifier, user, certificate):
    run(MTLSCTL, "bind", "--socket", verifier.admin, user, certificate)


def public_of(certificate):
    """The key of a certificate as ssh writes it."""
    pem = run("openssl", "x509", "-in", certificate, "-noout",
              "-pubkey").stdout
    return run("ssh-keygen", "-i", "-m", "PKCS8", "-f", "/dev/stdin",
               input=pem).stdout


class FileKey:
    """An Ed25519 key in a file, and a certificate for it."""

    def __init__(self, acme, user, directory):
        self.path = directory / f"{user}-key"
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.path)
        self.public = self.path.with_suffix(".pub").read_text()
        raw = base64.b64decode(self.public.split()[1])[-32:]
        body = "".join(self.path.read_text().splitlines()[1:-1])
        private = base64.b64decode(body)
        at = private.rindex(raw)
        pkcs8 = bytes.fromhex("302e020100300506032b657004220420") + \
            private[at - 32:at]
        pem, csr = directory / f"{user}.p8", directory / f"{user}.csr"
        pem.write_text("-----BEGIN PRIVATE KEY-----\n" +
                       base64.b64encode(pkcs8).decode() +
                       "\n-----END PRIVATE KEY-----\n")
        run("openssl", "req", "-new", "-key", pem, "-subj", f"/CN={user}",
            "-out", csr)
        self.certificate = acme.issue_user(user, csr)
        assert run("openssl", "x509", "-in", self.certificate, "-noout",
                   "-pubkey").stdout == run("openssl", "pkey", "-in", pem,
                                            "-pubout").stdout


@pytest.fixture
def key(acme, verifier, tmp_path):
    it = FileKey(acme, "alice", tmp_path)
    bind(verifier, "alice", it.certificate)
    return it


def last(verifier):
    r = verifier.audit(event="login")[-1]
    return r["decision"], r["reason"], r["user"], r["method"]


@pytest.mark.parametrize("kind", ["p256", "p384", "rsa2048"])
def test_key_on_a_card(machine, acme, verifier, kind):
    """ssh asks for the PIN, PAM for nothing."""
    card = acme.card("alice", kind)
    with Sshd() as sshd:
        sshd.authorize("alice", public_of(card.certificate))
        how = dict(pin=card.pin, env={"SOFTHSM2_CONF": str(card.conf)})
        assert not sshd.come("-I", SOFTHSM, **how)
        assert last(verifier) == ("deny", "not-bound", "alice", "sshkey")
        bind(verifier, "alice", card.certificate)
        assert sshd.come("-I", SOFTHSM, **how)
        assert last(verifier) == ("allow", "allowed", "alice", "sshkey")


def test_examples(machine, key):
    """The files that an administrator copies."""
    for kind in COMMON:
        (PAM_D / f"common-{kind}").write_text(
            f"{kind} required pam_unix.so\n")
        machine.services.add(f"common-{kind}")
    text = (EXAMPLES / "sshkey.pam").read_text()
    (PAM_D / "sshd").write_text(text.replace("pam_mtls.so", MODULE))
    with Sshd(None, f"Include {EXAMPLES}/sshkey.conf") as sshd:
        assert not sshd.come("-i", key.path)
        sshd.authorize("alice", key.public)
        assert sshd.come("-i", key.path)


def test_T034_revoked(machine, acme, verifier, key):
    with Sshd() as sshd:
        sshd.authorize("alice", key.public)
        assert sshd.come("-i", key.path)
        for undo in ((), ("--undo",)):
            run(MTLSCTL, "revoke", "--socket", verifier.admin,
                "--cert", key.certificate, *undo)
            assert sshd.come("-i", key.path) == bool(undo)
        acme.revoke(key.certificate)
        assert verifier.take_crls().startswith("reloaded")
        assert not sshd.come("-i", key.path)
        assert last(verifier) == ("deny", "revoked", "alice", "sshkey")


def test_somebody_elses_key(machine, acme, verifier, key, tmp_path):
    """Whoever can write authorized_keys of alice is not alice."""
    bob = FileKey(acme, "bob", tmp_path)
    bind(verifier, "bob", bob.certificate)
    with Sshd() as sshd:
        sshd.authorize("alice", bob.public)
        sshd.authorize("bob", bob.public)
        assert not sshd.come("-i", bob.path)
        assert last(verifier) == ("deny", "not-bound", "alice", "sshkey")
        assert sshd.come("-i", bob.path, user="bob")


def test_openssh_certificate(machine, verifier, key, tmp_path, syslog):
    ca = tmp_path / "ssh-ca"
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", ca)
    run("ssh-keygen", "-q", "-s", ca, "-I", "alice", "-n", "alice",
        key.path.with_suffix(".pub"))
    shutil.copy(ca.with_suffix(".pub"), "/etc/ssh-user-ca.pub")
    mark, before = syslog.mark(), len(verifier.audit(event="login"))
    with Sshd(BOTH, "TrustedUserCAKeys /etc/ssh-user-ca.pub") as sshd:
        assert not sshd.come("-i", key.path)
    pathlib.Path("/etc/ssh-user-ca.pub").unlink()
    syslog.wait_for("OpenSSH certificate", mark)
    assert len(verifier.audit(event="login")) == before


def test_no_key_at_all(machine, key):
    with Sshd("keyboard-interactive:pam") as sshd:
        assert not sshd.come("-o", "PubkeyAuthentication=no")


def test_account_phase(machine, verifier, key, syslog):
    """Another module asks, or nobody: the account line looks at the key."""
    machine.service("sshd", "auth required pam_permit.so",
                    account="account required MODULE")
    with Sshd() as sshd:
        # The settings do not name the method, and neither does the line.
        mark = syslog.mark()
        sshd.authorize("alice", key.public)
        assert not sshd.come("-i", key.path)
        syslog.wait_for("sshkey is not among the methods", mark)
    machine.service("sshd", "auth required pam_permit.so",
                    account="account required MODULE method=sshkey")
    with Sshd() as sshd:
        sshd.authorize("alice", key.public)
        assert sshd.come("-i", key.path)
        assert last(verifier) == ("allow", "allowed", "alice", "sshkey")
        run(MTLSCTL, "revoke", "--socket", verifier.admin,
            "--cert", key.certificate)
        assert not sshd.come("-i", key.path)
        assert last(verifier)[1] == "certificate-revoked-here"
    # sshd tells of a key only where another method follows.
    mark = syslog.mark()
    with Sshd("publickey") as sshd:
        sshd.authorize("alice", key.public)
        assert not sshd.come("-i", key.path)
    syslog.wait_for("sshd tells of no key", mark)


def test_T117_environment_of_the_process(machine, verifier, key):
    """What anybody can set is not what sshd has verified."""
    lie = {"SSH_AUTH_INFO_0": "publickey " +
           " ".join(key.public.split()[:2]) + "\n"}
    machine.service("door", "auth required MODULE method=sshkey",
                    account="account required MODULE")
    before = len(verifier.audit())
    for service in ("sshd", "door"):
        done = pam.authenticate(service, "alice", [], env=lie,
                                calls=("authenticate", "acct_mgmt"))
        assert done.code != "SUCCESS" and not done.prompts()
        assert "SUCCESS" not in done.more.values()
    assert len(verifier.audit()) == before


# A LOGIN, as pam_mtls.so sends it, from whoever runs this.
ASK = """
import socket, struct, sys
def field(data): return struct.pack(">I", len(data)) + data
info = sys.argv[2].encode() + b"\\n"
login = bytes([1, 1]) + field(b"r" * 16) + field(b"n" * 32) + b"".join(
    field(t) for t in (b"alice", b"sshd", b"ssh", b"", b"", b"", b"sshkey"))
login += struct.pack(">II", 0, 20000) + field(info)
with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as s:
    s.connect(sys.argv[1])
    s.send(login)
    result = s.recv(65536)
assert result[1] == 7, result
print("verdict", result[58])
"""


def test_T117_what_sshd_alone_can_say(machine, verifier, key):
    """alice has her own public key, and may ask for herself: what she says
    of it is not what sshd has verified."""
    said = "publickey " + " ".join(key.public.split()[:2])
    ask = ["/usr/bin/python3", "-c", ASK, SOCKET, said]
    alice = ["setpriv", "--reuid=alice", "--regid=alice", "--clear-groups"]
    with machine.socket():
        assert run(*ask).stdout == "verdict 2\n"
        before = len(verifier.audit())
        assert run(*alice, *ask).stdout != "verdict 2\n"
    assert len(verifier.audit()) == before
