# SPDX-License-Identifier: BSD-2-Clause
"""The attacks that the whole is there to stop, each carried out: with the
programs that attackers have, against the real module, helper and verifier.
SECURITY.md names these tests.
"""

import contextlib
import os
import pathlib
import shutil
import socket

import pexpect
import pytest

from mtls_test import MTLSCTL, SOFTHSM, https
from mtls_test.card import Card
from mtls_test.machine import Machine
from mtls_test.on_path import OnPath, flip_record
from mtls_test.organisation import Organisation, Verifier
from mtls_test.person import Person
from mtls_test.process import run
from mtls_test.programs import PIN, PROGRAMS, answer, came_in, spawn

PASSWORD = "correct horse"      # alice's and bob's, tests/lib/own-machine


def allowed(verifier, before):
    """What was allowed since there were so many records."""
    return [r for r in verifier.audit()[before:] if r["decision"] == "allow"]


@contextlib.contextmanager
def a_machine(organisation, *verifiers, card=None, **options):
    it = Machine(organisation, *verifiers, **options)
    it.service("door")
    if card:
        it.insert(card)
    try:
        yield it
    finally:
        it.remove()


@pytest.fixture(scope="module")
def evil():
    """Another organisation, whose CAs have the names of ours."""
    it = Organisation("Acme")
    yield it
    it.remove()


# --- on the path between machine and verifier ---

def test_attack_on_path_listening(acme, verifier, cards, login):
    """Whoever records a login learns neither PIN nor person, machine or
    service, and what was recorded is worth nothing when it is sent again."""
    card = cards()
    with OnPath(verifier) as path:
        with a_machine(acme, path, card=card):
            assert login(card.pin).code == "SUCCESS"
        seen = path.seen()
        assert len(seen) > 4000
        for secret in (card.pin, "alice", "door", Machine.NAME):
            assert secret.encode() not in seen
        before = len(verifier.audit())
        for wire in path.wires:
            with socket.create_connection(("127.0.0.1", wire.port)) as s:
                s.sendall(wire.sent["there"])
                # Not one byte of the answer of then.
                answer_now = b""
                with contextlib.suppress(ConnectionError):
                    while data := s.recv(65536):
                        answer_now += data
                assert answer_now != wire.sent["back"]
    assert verifier.audit()[before:] == []


@pytest.mark.parametrize("role,direction,record", [
    (role, direction, record) for role in ("device", "user")
    for direction, records in (("there", 5), ("back", 5))
    for record in range(records)])
def test_attack_on_path_changing(acme, verifier, cards, login, role,
                                 direction, record):
    """One bit of one record, in either direction of either channel: what
    was changed is noticed, or is not there to be changed."""
    card = cards()
    port = getattr(verifier, f"{role}_port")
    flips = []

    def change(wire, going, data):
        out = flip(wire, going, data)
        flips.extend([1] if out != data else [])
        return out

    flip = flip_record(port, direction, record)
    with OnPath(verifier, change) as path, \
            a_machine(acme, path, card=card):
        code = login(card.pin).code
    assert flips or record > 2
    if flips:
        assert code in ("AUTHINFO_UNAVAIL", "AUTH_ERR")
    else:
        assert code == "SUCCESS"


# --- spoofed servers ---

def test_attack_spoofed_verifier(acme, evil, verifier, cards, login):
    """The name leads to the attacker's verifier, which allows everything
    to everybody: no question is asked, and nobody comes in."""
    everybody = "map bound\nallow user any\n"
    theirs = Verifier(evil, name=verifier.name, policy=everybody)
    try:
        with a_machine(acme, theirs.start(), card=cards()) as machine:
            # It knows the machine and would let it open a challenge.
            (theirs.directory / "machines-ca.pem").write_text(
                (acme.ca / "machines-ca.pem").read_text())
            outcome = login(cards().pin)
            assert outcome.code == "AUTHINFO_UNAVAIL"
            assert outcome.prompts() == []
            # With the CA of the attackers it would be the verifier.
            shutil.copy(evil.ca / "verifier-ca.pem",
                        machine.etc / "verifier-ca.pem")
            assert "challenge" not in theirs.log()
    finally:
        theirs.remove()


def test_attack_spoofed_verifier_openssl(acme, evil, verifier, cards, login,
                                         tmp_path):
    """The same with s_server and certificates under our own CA that are
    not a verifier's: a machine's, and a person's."""
    card = cards()
    machine_key, machine_pem = acme.issue_machine(verifier.name, tmp_path)
    for cert, key in ((machine_pem, machine_key),
                      (evil_certificate(evil, verifier.name, tmp_path))):
        servers = [openssl_server(cert, key) for _ in range(2)]
        fake = type("Fake", (), {
            "name": verifier.name, "server": lambda _: ":".join(
                [verifier.name, *(str(port) for _, port in servers)])})()
        try:
            with a_machine(acme, fake, card=card):
                outcome = login(card.pin)
                assert outcome.code == "AUTHINFO_UNAVAIL"
                assert outcome.prompts() == []
        finally:
            for process, _ in servers:
                process.kill()
                process.wait()


def evil_certificate(evil, name, directory):
    base = directory / "evil"
    evil.mtlsctl("issue", "verifier", "--ca", evil.ca, "--name", name,
                 "--key-out", base.with_suffix(".key"), "--out",
                 base.with_suffix(".pem"))
    return base.with_suffix(".pem"), base.with_suffix(".key")


def openssl_server(certificate, key):
    """openssl s_server on a free port; (process, port)."""
    import re
    import subprocess
    process = subprocess.Popen(
        ["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert",
         str(certificate), "-key", str(key), "-tls1_3", "-www"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for line in process.stdout:
        if found := re.match(r"ACCEPT 127\.0\.0\.1:(\d+)", line):
            return process, int(found[1])
    raise AssertionError("openssl s_server did not start")


# --- spoofed people ---

def test_attack_spoofed_user_by_another_card(machine, cards, login,
                                             verifier):
    """bob has a card of ours, and says that he is alice."""
    card = cards("bob")
    machine.insert(card)
    before = len(verifier.audit())
    assert login(card.pin).code in ("AUTH_ERR", "PERM_DENIED")
    assert [r["reason"] for r in verifier.audit()[before:]] == ["user-mismatch"]


def test_attack_spoofed_user_by_a_ca_of_the_same_name(machine, evil, login,
                                                      verifier):
    """A card with alice's name, signed by a CA that calls itself ours."""
    card = evil.card("alice")
    machine.insert(card)
    before = len(verifier.audit())
    assert login(card.pin).code != "SUCCESS"
    assert allowed(verifier, before) == []


def test_attack_spoofed_user_by_a_copied_certificate(machine, cards, acme,
                                                     login, tmp_path,
                                                     verifier):
    """alice's certificate is no secret: with a key of one's own it is
    nothing."""
    stolen = cards().certificate
    key = tmp_path / "mallory.key"
    run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
        "ec_paramgen_curve:P-256", "-out", key)
    fake = Card(tmp_path / "card", "Mallory's card")
    fake.put(key, stolen)
    machine.insert(fake)
    before = len(verifier.audit())
    assert login(fake.pin).code != "SUCCESS"
    assert allowed(verifier, before) == []


# --- passwords ---

@contextlib.contextmanager
def ssh_with_both(machine):
    """sshd that wants the password, and then the card."""
    program = PROGRAMS["sshd"]()
    machine.service("sshd", "auth required pam_unix.so",
                    "auth required MODULE")
    program.prepare()
    try:
        yield program
    finally:
        program.finish()


def test_attack_credential_stuffing(machine, cards, verifier):
    """The right password of alice, many times over: it opens nothing. And
    it locks nobody out: alice comes in with it and her card."""
    with ssh_with_both(machine) as sshd:
        before = len(verifier.audit())
        machine.no_card()
        for _ in range(4):
            child = sshd.start("alice")
            child.expect("[Pp]assword:")
            child.sendline(PASSWORD)
            assert came_in(child) is None
            child.close(force=True)
        assert allowed(verifier, before) == []
        machine.insert(cards())
        child = sshd.start("alice")
        child.expect("[Pp]assword:")
        child.sendline(PASSWORD)
        assert answer(child, cards().pin) == "alice"
        child.close(force=True)


# --- PINs ---

FINAL_TRY = 0x20000             # CKF_USER_PIN_FINAL_TRY


def test_attack_pin_brute_force(machine, acme, verifier, tmp_path):
    """A thief with alice's card guesses. One question is one try of the
    card, and the last one is not spent without a word: the card's own
    counter stands, for alice to unblock. The verifier hears of no guess."""
    card = acme.card("alice")
    conf, seen = pathlib.Path("/etc/cards/thief.conf"), tmp_path / "calls"
    counting = pathlib.Path("/opt/pkcs11/counting.so")
    shutil.copy(pathlib.Path(os.environ["MTLS_BUILD"]) /
                ".libs/fault_token.so", counting)
    directory = pathlib.Path("/var/lib/thief")
    directory.mkdir(exist_ok=True)
    shutil.chown(directory, "_mtls-token", "_mtls-token")
    seen = directory / "calls"

    def guessed():
        return seen.read_text().split("\n").count("C_Login") \
            if seen.exists() else 0

    def su(*lines):
        child = PROGRAMS["su"]().start("alice")
        for prompt, text in lines:
            child.expect(prompt)
            child.sendline(text)
        assert came_in(child) is None
        child.close(force=True)

    usual = f"forward {SOFTHSM}\nlog {seen}\n"
    conf.write_text(usual)
    machine.service("su")
    machine.insert(card)
    text = (machine.etc / "pam_mtls.conf").read_text()
    (machine.etc / "pam_mtls.conf").write_text(text.replace(
        f"module = {SOFTHSM}", f"module = {counting}").replace(
        "environment = ", f"environment = FAULT_TOKEN_CONF={conf}, ").replace(
        "writable = ", f"writable = {directory}, "))
    before = len(verifier.audit())
    try:
        for n, guess in enumerate(("000000", "123456"), 1):
            su((PIN, guess))
            assert guessed() == n
        conf.write_text(usual + f"flags-set {FINAL_TRY}\n")
        su(("One more wrong PIN", "no"))
        su(("One more wrong PIN", ""))
        assert guessed() == 2
    finally:
        conf.unlink()
        shutil.rmtree(directory)
    assert verifier.audit()[before:] == []


# --- machines and people that are not enrolled ---

def test_attack_machine_not_enrolled(acme, evil, verifier, cards, login,
                                     tmp_path):
    """A good card in a machine that is not ours: no challenge is opened,
    and the PIN is never asked for."""
    card = cards()
    with a_machine(acme, verifier, card=card) as machine:
        assert login(card.pin).code == "SUCCESS"
        key, certificate = evil.issue_machine(Machine.NAME, tmp_path)
        shutil.copy(key, machine.key)
        shutil.copy(certificate, machine.certificate)
        before = len(verifier.audit())
        outcome = login(card.pin)
        assert outcome.code == "AUTH_ERR"
        assert outcome.prompts() == []
        assert allowed(verifier, before) == []
        # And without any certificate, by hand.
        done = run("curl", "-sS", "--cacert", acme.ca / "verifier-ca.pem",
                   "--resolve", f"{verifier.name}:{verifier.device_port}"
                   ":127.0.0.1", "-d", "{}", f"https://{verifier.name}:"
                   f"{verifier.device_port}/v1/challenges", check=False)
        assert done.returncode != 0
        assert done.stdout == ""


def test_attack_machine_for_another(acme, verifier, tmp_path):
    """An enrolled machine asks in another one's name, and for a service
    that nobody may use."""
    key, certificate = acme.issue_machine("ws-3.acme.example", tmp_path)
    with a_machine(acme, verifier) as machine:
        ws3 = https.Client(verifier.name, verifier.device_port,
                           https.context(machine.etc / "verifier-ca.pem",
                                         certificate, key))
        status, problem, _ = ws3.open(Machine.NAME)
        assert (status, problem["reason"]) == (403, "host-mismatch")
    assert verifier.audit()[-1]["reason"] == "host-mismatch"


def test_attack_person_not_enrolled(machine, acme, login, verifier):
    """A certificate of our CA that no map line makes anybody of."""
    card = Card(acme.directory / "card-guest", "Guest")

    class Guests:
        @staticmethod
        def issue_user(user, csr, **_):
            out = csr.with_suffix(".pem")
            acme.mtlsctl("issue", "user", "--ca", acme.ca, "--csr", csr,
                         "--upn", f"{user}@guests.example", "--out", out)
            return out

    machine.insert(card.enroll(Guests, "alice"))
    before = len(verifier.audit())
    assert login(card.pin).code != "SUCCESS"
    records = verifier.audit()[before:]
    assert [(r["decision"], r["reason"]) for r in records] == \
        [("deny", "no-user")]


# --- codes: brute force, and phishing ---

CODES = """\
map issuer "CN=Acme Users CA,O=Acme" take san:upn realm acme.example
group staff = alice, bob
deny  user root
allow group staff on * for door, near by token
allow group staff on * for near by code, mint network require
allow group staff on * for door by code, mint
"""


class Here:
    """Who sits at this very computer."""

    @staticmethod
    def argv(*argv):
        return list(argv)


@pytest.fixture(scope="module")
def vpn(acme):
    """A verifier that knows codes."""
    it = Verifier(acme, "verifier7.acme.example", policy=CODES)
    yield it.start()
    it.remove()


@pytest.fixture
def gateway(acme, vpn, syslog):
    it = Machine(acme, vpn)
    it.no_card(more="[service door]\nmethod = code\nprompt = single\n"
                    "[service near]\nmethod = code\n")
    it.service("door")
    it.service("near")
    yield it
    it.remove()


@pytest.fixture
def alice(acme, vpn, gateway):
    return Person(acme, vpn, Here, "alice")


def test_attack_code_brute_force(gateway, vpn, alice, login):
    """Guesses while there is a code of alice's to be guessed, one login
    after the other: soon her codes count no more, and the right one is
    refused too. Her card is not locked out."""
    right = alice.code("door", Machine.NAME)
    codes = []
    while (code := login("0000-0000").code) == "AUTH_ERR":
        codes.append(code)
        assert len(codes) <= 10
    assert code == "MAXTRIES"
    assert login(right).code == "MAXTRIES"
    alice.card.hand_over()
    gateway.insert(alice.card)
    assert login(alice.card.pin).code == "SUCCESS"
    run(MTLSCTL, "unlock", "alice", "--socket", vpn.admin)


def test_attack_phishing_of_password_and_code(gateway, vpn, alice, login):
    """A page that looks like the gateway asks alice for her password and a
    code. The code names the place that she made it for: at the gateway it
    opens nothing, and the attempt stands in the log."""
    gateway.service("door", "auth required pam_unix.so",
                    "auth required MODULE")
    seen = len(vpn.log())
    phished = alice.code("door", "vpn-login.acme.example")
    assert login(PASSWORD, phished).code == "AUTH_ERR"
    assert "code-elsewhere" in vpn.log()[seen:]
    # The yardstick: both factors, for this gateway.
    assert login(PASSWORD, alice.code("door", Machine.NAME)).code == \
        "SUCCESS"


def test_attack_phishing_in_real_time(gateway, vpn, alice, login):
    """The page passes a code for the right gateway on, at once, and from
    another network: where the policy wants the network of the person, it
    opens nothing."""
    code = alice.code("near", Machine.NAME)
    before = len(vpn.audit())
    assert login(code, service="near", rhost="203.0.113.7").code == \
        "AUTH_ERR"
    assert allowed(vpn, before) == []
    assert login(alice.code("near", Machine.NAME), service="near",
                 rhost="127.0.0.1").code == "SUCCESS"


def test_attack_phishing_of_an_approval(gateway, vpn, alice):
    """The attacker begins a login as alice, from elsewhere, and asks her to
    approve its word: where the policy wants her network there is no code."""
    child = spawn("pamtester", "-I", "rhost=203.0.113.7", "near", "alice",
                  "authenticate")
    child.expect(r"mtlsctl approve (\S+) on")
    before = len(vpn.audit())
    done = alice.mtlsctl("approve", child.match[1], check=False)
    assert done.returncode != 0
    assert allowed(vpn, before) == []
    child.sendline("0000-0000")
    child.expect(pexpect.EOF)
    assert "successfully authenticated" not in child.before
