# SPDX-License-Identifier: BSD-2-Clause
"""mtlsctl token and device, with SoftHSM as the card."""

import os
import pathlib
import subprocess
import sys

import pexpect
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "lib"))

from mtls_test import DEADLINE_S                              # noqa: E402
from mtls_test.ctl import (SOFTHSM, ctl, files, make_csr,     # noqa: E402
                           openssl, row, rows, stage)
from mtls_test.process import ENVIRONMENT, run                # noqa: E402

PIN = "740218"
WRONG = "111111"


class Cards:
    """A reader with SoftHSM cards in it."""

    def __init__(self, directory):
        self.directory = directory
        self.tokens = directory / "tokens"
        self.tokens.mkdir()
        conf = directory / "softhsm2.conf"
        conf.write_text(f"directories.tokendir = {self.tokens}\n"
                        "objectstore.backend = file\nlog.level = ERROR\n")
        self.env = {"SOFTHSM2_CONF": str(conf)}

    def new(self, label):
        run("softhsm2-util", "--init-token", "--free", "--label", label,
            "--pin", PIN, "--so-pin", "12345678",
            env={**ENVIRONMENT, **self.env})

    def token(self, *argv, pin=None, how=ctl, **options):
        """mtlsctl token, with the PIN on descriptor 0."""
        if pin is not None:
            argv += ("--pin-fd", "0")
            options["input"] = pin
        return how("token", *argv, "--module", SOFTHSM, env=self.env,
                   **options)

    def objects(self):
        out = run("pkcs11-tool", "--module", SOFTHSM, "--list-objects",
                  "--login", "--pin", PIN,
                  env={**ENVIRONMENT, **self.env}).stdout
        return out


@pytest.fixture
def cards(tmp_path):
    return Cards(tmp_path)


@pytest.fixture
def card(cards):
    cards.new("Alice's card")
    return cards


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    directory = tmp_path_factory.mktemp("acme") / "ca"
    ctl("ca", "init", directory, "--org", "Acme")
    return directory


@pytest.fixture
def enrolled(card, ca, tmp_path):
    """A card with a key, and the certificate that is not on it yet."""
    csr, pem = tmp_path / "a.csr", tmp_path / "a.pem"
    card.token("enroll", "--out", csr, pin=PIN)
    ctl("ca", "issue", "user", "--ca", ca, "--csr", csr, "--upn",
        "alice@acme.example", "--out", pem)
    return pem


@pytest.mark.parametrize("kind, shown", [
    ("p256", "prime256v1"), ("p384", "secp384r1"), ("rsa2048", "2048 bit"),
    ("rsa3072", "3072 bit")])
def test_enroll_issue_import(card, ca, tmp_path, kind, shown):
    csr, pem = tmp_path / "a.csr", tmp_path / "a.pem"
    made = card.token("enroll", "--key", kind, "--out", csr, "--label",
                      "badge", pin=PIN, how=row)
    assert made["token"] == "Alice's card" and made["key"] == kind
    assert "self-signature verify OK" in run(
        "openssl", "req", "-in", csr, "-noout", "-verify").stderr
    assert shown in openssl("req", "-in", csr, "-noout", "-text")
    assert "never extractable" in card.objects()
    issued = row("ca", "issue", "user", "--ca", ca, "--csr", csr, "--upn",
                 "alice@acme.example", "--out", pem)
    assert issued["key_sha256"] == made["key_sha256"]
    stored = card.token("import", pem, pin=PIN, how=row)
    assert stored["stored"] is True and stored["serial"] == issued["serial"]
    [it] = card.token("list", how=rows)
    assert it["usable"] is True and it["why_not"] is None
    assert (it["key"], it["label"], it["id"]) == (kind, "badge", made["id"])
    assert it["upn"] == ["alice@acme.example"]
    assert it["serial"] == issued["serial"]
    assert card.token("show", "--pem").stdout == pem.read_text()
    assert "CN=alice,O=Acme" in card.token("show").stdout
    table = card.token("list").stdout.splitlines()
    assert table[0].startswith("TOKEN") and " yes " in table[1]


def test_csr_names(card, tmp_path):
    for n, (argv, cn) in enumerate((((), "Alice's card"),
                                    (("--name", "alice"), "alice"))):
        csr = tmp_path / f"{n}.csr"
        card.token("enroll", "--out", csr, *argv, pin=PIN)
        assert openssl("req", "-in", csr, "-noout", "-subject", "-nameopt",
                       "RFC2253").strip() == f"subject=CN={cn}"


def test_import_twice(card, enrolled):
    card.token("import", enrolled, pin=PIN)
    again = card.token("import", enrolled, pin=PIN, code=2)
    assert "already" in again.stderr
    assert card.objects().count("Certificate Object") == 1


def test_import_of_a_foreign_certificate(card, enrolled, ca, tmp_path):
    other = tmp_path / "other.pem"
    ctl("ca", "issue", "user", "--ca", ca, "--csr",
        make_csr(tmp_path / "other.csr"), "--user", "mallory", "--out", other)
    before = card.objects()
    refused = card.token("import", other, pin=PIN, code=1)
    assert "no key for this certificate" in refused.stderr
    assert card.objects() == before


def test_import_warns_when_nobody_can_log_in_with_it(card, ca, tmp_path):
    """A machine's certificate is stored, with a warning, and not one of a
    server; list says why."""
    csr, pem = tmp_path / "a.csr", tmp_path / "a.pem"
    card.token("enroll", "--out", csr, pin=PIN)
    ctl("ca", "issue", "verifier", "--ca", ca, "--csr", csr, "--name",
        "v.example", "--out", pem)
    done = card.token("import", pem, pin=PIN, code=2)
    assert "not for client authentication" in done.stderr
    [it] = card.token("list", how=rows, code=2)
    assert it["usable"] is False
    assert it["why_not"] == "not for client authentication"


def test_import_of_what_is_none(card, enrolled, ca, tmp_path):
    bad = tmp_path / "bad"
    for content in (b"", b"hello", b"\0" * 40,
                    enrolled.read_bytes() * 2,
                    enrolled.read_bytes()[:-60],
                    (ca / "users.key").read_bytes()):
        bad.write_bytes(content)
        card.token("import", bad, pin=PIN, code=1)
    card.token("import", tmp_path / "missing", pin=PIN, code=1)
    card.token("import", pin=PIN, code=1)
    assert "Certificate Object" not in card.objects()


def test_an_empty_card_and_none(cards):
    empty = cards.token("list", code=2)
    assert "not initialised" in empty.stdout
    cards.new("Bob's card")
    [it] = cards.token("list", how=rows, code=2)
    assert (it["token"], it["usable"], it["why_not"]) == (
        "Bob's card", False, "no certificate")
    absent = cards.token("list", "--token", "Carol's card", code=2)
    assert absent.stdout == "" and absent.stderr != ""


def test_which_of_two_cards(cards, tmp_path):
    cards.new("one")
    cards.new("two, or = / % more")
    refused = cards.token("enroll", "--out", tmp_path / "a.csr", pin=PIN,
                          code=1)
    assert "2 cards" in refused.stderr
    made = cards.token("enroll", "--out", tmp_path / "a.csr", "--token",
                       "two, or = / % more", pin=PIN, how=row)
    assert made["token"] == "two, or = / % more"
    made = cards.token("enroll", "--out", tmp_path / "b.csr", "--uri",
                       "pkcs11:token=one", pin=PIN, how=row)
    assert made["token"] == "one"
    cards.token("enroll", "--out", tmp_path / "c.csr", "--uri",
                "pkcs11:token=one", "--token", "one", pin=PIN, code=1)


@pytest.mark.parametrize("uri", [
    "nonsense", "pkcs11:token=%zz", "pkcs11:nonsense=1",
    "pkcs11:?pin-value=1234", "pkcs11:?pin-source=/etc/shadow",
    "pkcs11:?module-path=/tmp/x.so", "pkcs11:token=" + "x" * 2000])
def test_T064_bad_uri(card, uri):
    card.token("list", "--uri", uri, code=1)


def test_bad_module(tmp_path):
    text = tmp_path / "text.so"
    text.write_text("not a library")
    loose = tmp_path / "loose.so"
    loose.write_bytes(pathlib.Path(SOFTHSM).read_bytes())
    loose.chmod(0o777)
    for path in (tmp_path / "missing", tmp_path, text, loose, "/dev/null"):
        ctl("token", "list", "--module", path, code=1)
    assert "--module" in ctl("token", "list", code=None).stderr


def test_enroll_overwrites_nothing(card, tmp_path):
    before = card.objects()
    (tmp_path / "a.csr").write_text("mine")
    for out in (tmp_path / "a.csr", tmp_path / "no/where"):
        card.token("enroll", "--out", out, pin=PIN, code=1)
    card.token("enroll", pin=PIN, code=1)
    for bad in (("--key", "rsa1024"), ("--label", "x" * 65),
                ("--label", ""), ("--name", "x" * 65)):
        card.token("enroll", "--out", tmp_path / "b.csr", *bad, pin=PIN,
                   code=1)
    assert card.objects() == before
    assert (tmp_path / "a.csr").read_text() == "mine"
    assert not (tmp_path / "b.csr").exists()


# --- the PIN ----------------------------------------------------------------

@pytest.mark.parametrize("pin, says", [
    (WRONG, "the PIN is wrong"), ("", "empty"), ("\n" + PIN, "empty"),
    ("1", "shorter"), ("x" * 300, "no PIN"), ("12\0" + PIN, "no PIN")])
def test_bad_pin(card, tmp_path, pin, says):
    done = card.token("enroll", "--out", tmp_path / "a.csr", pin=pin, code=1)
    assert says in done.stderr
    assert not (tmp_path / "a.csr").exists()
    # The right one is still good: nothing was tried in secret.
    card.token("enroll", "--out", tmp_path / "a.csr", pin=PIN + "\nmore\n")


def test_wrong_pin_says_what_is_left(card, tmp_path):
    done = card.token("enroll", "--out", tmp_path / "a.csr", pin=WRONG,
                      code=1)
    assert "few tries are left" in done.stderr
    [it] = card.token("list", how=rows, code=2)
    assert it["pin"] == "low"


def test_pin_from_the_terminal(card, tmp_path):
    """Asked once, without echo, at /dev/tty."""
    argv = ["token", "enroll", "--module", SOFTHSM, "--out",
            str(tmp_path / "a.csr")]
    child = pexpect.spawn(str(stage() / "bin/mtlsctl"), argv,
                          env={**ENVIRONMENT, **card.env}, encoding="utf-8",
                          timeout=DEADLINE_S)
    child.expect_exact("PIN for Alice's card: ")
    child.waitnoecho()
    child.sendline(PIN)
    out = child.read()
    child.close()
    assert child.exitstatus == 0, out
    assert PIN not in out
    assert (tmp_path / "a.csr").exists()


def test_interrupted_at_the_pin(card, tmp_path):
    """^C at the prompt: ends by the signal, and the echo is back. Several
    times, as near to the prompt as can be: it once got lost before the
    read."""
    for _ in range(12):
        shell = pexpect.spawn("/bin/sh", ["-c", f"""
            trap : INT
            {stage()}/bin/mtlsctl token enroll --module {SOFTHSM} \
                --out {tmp_path}/a.csr
            echo ended $?
            stty -a
            """], env={**ENVIRONMENT, **card.env}, encoding="utf-8",
                              timeout=DEADLINE_S)
        shell.delaybeforesend = None
        shell.expect_exact("PIN for Alice's card: ")
        shell.sendintr()
        shell.expect_exact("ended 130")
        words = shell.read().replace(";", " ").split()
        assert "echo" in words
        shell.close()
        assert not (tmp_path / "a.csr").exists()


def test_no_terminal(card, tmp_path):
    done = card.token("enroll", "--out", tmp_path / "a.csr", code=1,
                      start_new_session=True)
    assert "--pin-fd" in done.stderr


def test_pin_on_another_descriptor(card, tmp_path):
    read_fd, write_fd = os.pipe()
    os.write(write_fd, (PIN + "\n").encode())
    os.close(write_fd)
    card.token("enroll", "--out", tmp_path / "a.csr", "--pin-fd",
               str(read_fd), pass_fds=(read_fd,))
    os.close(read_fd)
    card.token("enroll", "--out", tmp_path / "b.csr", "--pin-fd", "77",
               code=1)


def test_pin_is_no_option(card, tmp_path):
    for option in (("--pin", PIN), (f"--pin={PIN}",), (f"--pin-fd={PIN}",)):
        card.token("enroll", "--out", tmp_path / "a.csr", *option, code=1)


# --- the machine's own key ----------------------------------------------------

@pytest.mark.parametrize("kind", ["p256", "p384", "rsa3072"])
def test_device_enroll(ca, tmp_path, kind):
    made = row("device", "enroll", "--name", "ws-1.acme.example", "--out",
               tmp_path, "--key", kind)
    key, csr = tmp_path / "machine.key", tmp_path / "machine.csr"
    assert key.stat().st_mode & 0o7777 == 0o600
    assert files(tmp_path).keys() == {"machine.key", "machine.csr"}
    out = tmp_path / "machine.pem"
    name = f"{kind}.acme.example"
    issued = row("ca", "issue", "machine", "--ca", ca, "--name", name,
                 "--csr", csr, "--out", out)
    assert issued["key_sha256"] == made["key_sha256"]
    assert openssl("pkey", "-in", key, "-pubout") == \
        openssl("x509", "-in", out, "-noout", "-pubkey")


def test_device_enroll_overwrites_nothing(tmp_path):
    for name in ("machine.key", "machine.csr"):
        (tmp_path / name).write_text("mine")
        ctl("device", "enroll", "--name", "a.example", "--out", tmp_path,
            code=1)
        assert files(tmp_path) == {name: b"mine"}
        (tmp_path / name).unlink()
    for bad in (("--name", "a b"), ("--name", "A.example"), ()):
        ctl("device", "enroll", "--out", tmp_path, *bad, code=1)
    ctl("device", "enroll", "--name", "a.example", "--out",
        tmp_path / "missing", code=1)
    assert not files(tmp_path)


def test_device_enroll_with_a_long_name(tmp_path):
    ctl("device", "enroll", "--name", ".".join(["x" * 60] * 4), "--out",
        tmp_path)
    assert "CN=" + "x" * 60 == openssl(
        "req", "-in", tmp_path / "machine.csr", "-noout", "-subject",
        "-nameopt", "RFC2253").strip().removeprefix("subject=")


def test_no_core_and_not_traceable(card, tmp_path):
    """What may hold a PIN leaves no core and is nobody's to read."""
    child = subprocess.Popen(
        [stage() / "bin/mtlsctl", "token", "enroll", "--module", SOFTHSM,
         "--pin-fd", "0", "--out", tmp_path / "a.csr"],
        env={**ENVIRONMENT, **card.env}, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        status = pathlib.Path(f"/proc/{child.pid}")
        # It waits for the PIN when it has begun to read descriptor 0.
        wait_for_read(child.pid)
        limits = (status / "limits").read_text()
        [core] = [it for it in limits.splitlines() if "core file" in it]
        assert core.split()[4:6] == ["0", "0"]
        assert (status / "maps").stat().st_uid == 0
    finally:
        child.communicate(PIN.encode(), timeout=DEADLINE_S)
    assert child.returncode == 0


def wait_for_read(pid):
    """Waits until the process sleeps in read(0, ...)."""
    from mtls_test.process import wait_until

    def reads():
        syscall = pathlib.Path(f"/proc/{pid}/syscall").read_text().split()
        return syscall[:2] == ["0", "0x0"]
    wait_until(reads, "the question for the PIN")
