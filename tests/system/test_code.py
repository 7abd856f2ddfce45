# SPDX-License-Identifier: BSD-2-Clause
"""Logins with a code: mtlsctl on the person's own computer, with the card,
and any program that asks for a password here."""

import pathlib
import re
import signal

import pexpect
import pytest

from mtls_test import MTLSCTL, SOFTHSM
from mtls_test.machine import Machine
from mtls_test.organisation import Verifier
from mtls_test.process import run, wait_until
from mtls_test.programs import SHOW, Login, Pamtester, came_in, spawn

POLICY = """\
map issuer "CN=Acme Users CA,O=Acme" take san:upn realm acme.example
group staff = alice, bob
deny  user root
allow group staff on * for door, login, single by code, mint
allow group staff on * for approved by code
"""
PERSON = pathlib.Path("/etc/person.conf")
CODE = re.compile(r"^([0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4})\r?$",
                  re.MULTILINE)


@pytest.fixture(scope="module")
def verifier(acme):
    it = Verifier(acme, policy=POLICY, settings="[limits]\n"
                  "code-requests = none\ncode-failures = none\n")
    yield it.start()
    print(it.log()[-8000:])
    it.remove()


@pytest.fixture
def machine(acme, verifier, syslog):
    it = Machine(acme, verifier)
    it.no_card(more="[service door]\nmethod = code\n"
                    "[service login]\nmethod = code\n"
                    "[service approved]\nmethod = code\n"
                    "[service other]\nmethod = code\n"
                    "[service single]\nmethod = code\nprompt = single\n")
    for name in ("door", "login", "single", "approved", "other"):
        it.service(name)
    yield it
    it.remove()


class Person:
    """alice at her own computer, with her card in it."""

    def __init__(self, machine, verifier, card, user="alice"):
        self.card = card
        self.user = user
        card.hand_over(user)
        self.conf = PERSON.with_name(f"person-{user}.conf")
        self.conf.write_text(f"""\
[verifier]
servers = {verifier.server()}
ca = {machine.etc}/verifier-ca.pem
[token]
module = {SOFTHSM}
environment = SOFTHSM2_CONF={card.conf}
writable = {card.tokens}
""")

    def start(self, *argv):
        """mtlsctl, after the PIN."""
        child = spawn(MTLSCTL, *argv, "--config", self.conf,
                      account=self.user)
        child.expect(r"PIN for [^\r\n]*: ")
        child.sendline(self.card.pin)
        return child

    def approve(self, word, consent="yes"):
        """What was shown, and the code, if there is one."""
        child = self.start("approve", word)
        if child.expect(["Type yes[^:]*: ", pexpect.EOF]) == 1:
            return child.before, None
        shown = child.before
        child.sendline(consent)
        child.expect(pexpect.EOF)
        found = CODE.search(child.before)
        return shown, found and found[1]

    def code(self, *argv, service="door", host=Machine.NAME):
        child = self.start("code", "--service", service, "--on", host,
                           "--user", self.user, *argv)
        child.expect(pexpect.EOF)
        self.said = child.before
        found = CODE.search(child.before)
        return found and found[1]

    def remove(self):
        self.conf.unlink(missing_ok=True)


@pytest.fixture
def alice(machine, verifier, cards):
    it = Person(machine, verifier, cards("alice"))
    yield it
    it.remove()


def session_of(child):
    """The word in the question of a program."""
    child.expect(r"Session (\S+): run mtlsctl approve (\S+) on your own "
                 r"computer\. Code: ")
    assert child.match[1] == child.match[2]
    return child.match[1]


@pytest.mark.parametrize("program", [Pamtester, Login])
def test_session_first(machine, verifier, alice, program):
    it = program()
    child = it.start("alice")
    word = session_of(child)
    shown, code = alice.approve(word.lower())
    assert f"{Machine.NAME} (authenticated)" in shown
    assert "The machine claims, and nobody has checked" in shown
    child.sendline(code.lower())
    if program is Login:
        child.expect(r"\$ ")
        child.sendline(SHOW)
    assert came_in(child) == "alice"
    it.finish()
    last = verifier.audit()[-2:]
    assert [(r["event"], r["decision"], r["method"]) for r in last] == \
        [("approve", "allow", "code"), ("login", "allow", "code")]


def test_T10A_mint_first(machine, verifier, login, alice):
    """One question without echo, and nothing else."""
    outcome = login(alice.code(service="single"), service="single")
    assert outcome.code == "SUCCESS"
    assert outcome.messages == [["secret", "Code: "]]
    last = verifier.audit()[-2:]
    assert [(r["event"], r["decision"], r["method"]) for r in last] == \
        [("mint", "allow", "mint"), ("login", "allow", "mint")]


def test_forms(machine, alice, login):
    alice.code("--format", "auth-user-pass", service="single")
    lines = alice.said.split("\r\n")
    at = lines.index("alice")
    assert login(lines[at + 1], service="single").code == "SUCCESS"
    alice.code("--format", "json", service="single")
    assert re.search(r'\{"user": ?"alice", ?"service": ?"single", ?"host": ?"'
                     + Machine.NAME + r'", ?"code": ?"[0-9A-Z]{8}", ?'
                     r'"expires_in": ?90\}', alice.said), alice.said


def test_password(login, machine, verifier):
    """The right password is not a code."""
    outcome = login("correct horse", service="single")
    assert outcome.code == "AUTH_ERR"
    assert verifier.audit()[-1]["reason"] == "wrong-code"
    seen = len(verifier.audit())
    for answer in ("", "7" * 500):
        assert login(answer, service="single").code == "AUTH_ERR"
    assert len(verifier.audit()) == seen


def test_T161_used_code(login, alice):
    code = alice.code()
    assert login(code).code == "SUCCESS"
    assert login(code).code == "AUTH_ERR"


def test_T162_newer_code(login, alice):
    old, new = alice.code(), alice.code()
    assert login(old).code == "AUTH_ERR"
    assert login(new).code == "SUCCESS"


def test_T164_code_for_something_else(verifier, login, alice):
    """Another service, another machine, another person; and the log."""
    seen = len(verifier.log())
    assert login(alice.code(service="single")).code == "AUTH_ERR"
    assert login(alice.code(host="vpn1.acme.example")).code == "AUTH_ERR"
    assert login(alice.code(), user="bob").code == "AUTH_ERR"
    assert verifier.log()[seen:].count("code-elsewhere") == 3


def test_policy_names_both(verifier, login, alice):
    """No code without a rule; and none that nobody has looked at."""
    assert alice.code(service="approved") is None
    assert "no-rule" in alice.said
    outcome = login("7777-7777", service="other")
    assert outcome.code == "AUTH_ERR" and outcome.prompts() == []


def test_declined(machine, verifier, alice):
    child = Pamtester().start("alice")
    shown, code = alice.approve(session_of(child), consent="no")
    assert shown and code is None
    assert verifier.audit()[-1]["reason"] == "declined"
    child.sendline("AAAA-AAAA")
    child.expect(pexpect.EOF)
    assert "successfully authenticated" not in child.before
    # Whatever is not "yes" is a no.
    child = Pamtester().start("alice")
    assert alice.approve(session_of(child), consent="y")[1] is None
    child.close(force=True)


def test_somebody_elses_session(machine, verifier, cards, alice):
    bob = Person(machine, verifier, cards("bob"), user="bob")
    child = Pamtester().start("alice")
    word = session_of(child)
    shown, code = bob.approve(word)
    bob.remove()
    assert code is None and "no-such-session" in shown
    assert alice.approve(word)[1]
    child.close(force=True)


def test_T171_what_is_claimed(machine, verifier, alice):
    """The name in the certificate is the machine's; what it says of where
    the login comes from is shown as that."""
    child = spawn("pamtester", "-I", "rhost=vpn9.acme.example", "-I",
                  "ruser=the verifier", "door", "alice", "authenticate")
    shown, _ = alice.approve(session_of(child))
    verified, claimed = shown.split("The machine claims")
    assert Machine.NAME in verified and "vpn9" not in verified
    assert "vpn9.acme.example" in claimed and "the verifier" in claimed
    child.close(force=True)


def test_revoked_in_between(machine, acme, verifier):
    card = acme.card("alice", label="Lost card")
    person = Person(machine, verifier, card)
    child = Pamtester().start("alice")
    _, code = person.approve(session_of(child))
    acme.revoke(card.certificate)
    verifier.take_crls()
    child.sendline(code)
    child.expect(pexpect.EOF)
    person.remove()
    assert "successfully authenticated" not in child.before
    record = verifier.audit()[-1]
    assert (record["event"], record["decision"], record["reason"]) == \
        ("login", "deny", "revoked")


def test_T170_a_verdict_that_is_too_late(machine, verifier, alice, syslog):
    """The verifier says yes after the deadline: to nobody."""
    machine.no_card(more="[service door]\nmethod = code\ndeadline = 3s\n")
    code = alice.code()
    mark = syslog.mark()
    child = Pamtester().start("alice")
    session_of(child)
    verifier.process.send(signal.SIGSTOP)
    try:
        child.sendline(code)
        child.expect(pexpect.EOF)
        assert "successfully authenticated" not in child.before
        syslog.wait_for("timeout", mark)
    finally:
        verifier.process.send(signal.SIGCONT)
    # It is spent, and what was decided about it is for nobody.
    wait_until(lambda: verifier.audit()[-1]["event"] == "login",
               "what had become of the code")
    child = Pamtester().start("alice")
    session_of(child)
    child.sendline(code)
    child.expect(pexpect.EOF)
    assert "successfully authenticated" not in child.before


def test_nothing_in_clear(machine, verifier, alice, login):
    """Neither the state nor the log of the verifier has a code in it."""
    code = alice.code(service="single").replace("-", "")
    for path in verifier.database.parent.iterdir():
        assert code.encode() not in path.read_bytes()
    assert login(code, service="single").code == "SUCCESS"
    assert code not in verifier.log()
    for path in verifier.database.parent.iterdir():
        assert code.encode() not in path.read_bytes()


def test_unlock(machine, verifier, alice, login):
    """Too many wrong codes stop codes, until an administrator says so."""
    verifier.write_settings("[limits]\ncode-failures = 2/1h\n")
    verifier.reload()
    try:
        code = alice.code()
        for _ in range(2):
            assert login("AAAA-AAAA").code == "AUTH_ERR"
        assert login(code).code == "MAXTRIES"
        run(MTLSCTL, "unlock", "alice", "--socket", verifier.admin)
        assert login(code).code == "SUCCESS"
    finally:
        verifier.write_settings("[limits]\ncode-requests = none\n"
                                "code-failures = none\n")
        verifier.reload()
