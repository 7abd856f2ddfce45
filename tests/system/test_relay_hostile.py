# SPDX-License-Identifier: BSD-2-Clause
"""Gateways under an attacker's control, behind a real sshd, and the real
mtlsctl ssh: whatever they ask, the PIN stays where it is, and the person is
told. test_relay_rogue.py has what such gateways can do to the verifier."""

import base64
import os
import pathlib
import shutil
import socket
import struct
import tempfile

import pytest

from mtls_test import DEADLINE_S, TOKEN, relay
from mtls_test.process import find, wait_until
# Who sits where is the same as with an honest gateway.
from test_relay import (card, desk, host_key,               # noqa: F401
                        name_of_the_gateway, organisation_allows)
from test_relay import GATEWAY, PIN, Sshd, ended

OTHER = "gw-2.acme.example"
MODULE = pathlib.Path(os.environ.get("MTLS_BUILD", "build")).resolve() / \
    ".libs/pam_say.so"
ECHO_OFF, TEXT_INFO = 1, 4          # styles of Linux-PAM
AUTH_ERR = 7
ESCAPES = "\x1b[2J\x1b]0;owned\x07\x1b]52;c;ZXZpbA==\x1b\\\x9b31m"


class Rogue:
    """The attacker, in the PAM stack of the gateway's sshd."""

    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(dir="/var/lib"))
        self.path = self.directory / "say"
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.settimeout(DEADLINE_S)
        self.listener.bind(str(self.path))
        self.listener.listen()
        self.here = None
        self.answers = []           # all that ever came out of the laptop

    def meet(self):
        """Waits for somebody to log in."""
        self.here = self.listener.accept()[0]
        self.here.settimeout(DEADLINE_S)

    def say(self, text, style=ECHO_OFF):
        text = str(text).encode()
        self.here.sendall(struct.pack("ii", style, len(text)) + text)

    def _get(self, n):
        data = b""
        while len(data) < n:
            try:
                more = self.here.recv(n - len(data))
            except ConnectionError:
                more = b""
            if not more:
                return None
            data += more
        return data

    def hear(self):
        """The answer; None where there is nobody any more."""
        head = self._get(4)
        n = struct.unpack("i", head)[0] if head else -1
        if n < 0:
            return None
        self.answers.append((self._get(n) or b"").decode())
        return self.answers[-1]

    def ask(self, text, style=ECHO_OFF):
        self.say(text, style)
        return self.hear()

    def end(self, result=AUTH_ERR):
        try:
            self.here.sendall(struct.pack("ii", 0, result))
        except ConnectionError:
            pass
        self.here.close()

    def has(self, secret):
        """Whether it is in what came, as it is or in a record."""
        everything = "\n".join(self.answers).encode()
        for match in relay.RECORD.finditer("\n".join(self.answers)):
            everything += base64.b64decode(match[4])
        return secret.encode() in everything

    def close(self):
        self.listener.close()
        shutil.rmtree(self.directory)


@pytest.fixture
def rogue(machine, host_key, tmp_path, card,                # noqa: F811
          organisation_allows):                             # noqa: F811
    it = Rogue()
    machine.service("sshd", f"auth required {MODULE} {it.path}")
    sshd = Sshd(tmp_path, host_key).start()
    yield it
    sshd.stop()
    assert not it.has(card.pin)
    assert not find(TOKEN)
    it.close()


@pytest.fixture
def middle(machine, verifier):
    """middle(host): the verifier's side of a relay, and a true hello."""
    made = []

    def make(host=GATEWAY, **options):
        made.append(relay.Gateway(verifier, machine, host, **options))
        return made[-1]
    yield make
    for it in made:
        it.device.close()


def lost(child, rogue, answer, sentence):
    """The end: refused, and the person reads why, and has no PIN to type."""
    assert answer is None or relay.Record.read(answer).flag == "fail"
    rogue.end()
    said, status = ended(child)
    assert status == 255 and sentence in said, said
    assert "PIN" not in said and "\x1b" not in said
    return said


def with_data(data):
    return f"mtls-relay/1:0:0:hello:{data};"


# What is wrong with the first prompt; what the person reads.
FIRST = {
    "sequence": (lambda hello: hello.replace("/1:0:0:", "/1:1:0:"),
                 "hello is the first prompt"),
    "version": (lambda hello: hello.replace("/1:", "/2:"),
                "another version"),
    "base64": (lambda hello: with_data("=!?%"), "data of a record"),
    "no end": (lambda hello: hello[:-1], "data of a record"),
    "json": (lambda hello: with_data("e30="), "gateway's first prompt"),
    "escapes within": (lambda hello: hello[:40] + ESCAPES + hello[40:],
                       "data of a record"),
    "two records": (lambda hello: hello + hello, "two records"),
    "too long": (lambda hello: with_data("A" * 60000), "data of a record"),
    "not begun": (lambda hello: relay.Record(0, 1, "idle", b"x"),
                  "hello is the first prompt"),
}


@pytest.mark.parametrize("what", FIRST)
def test_first_prompt(rogue, middle, desk, what):           # noqa: F811
    change, sentence = FIRST[what]
    child = desk.ssh("true")
    rogue.meet()
    lost(child, rogue, rogue.ask(change(middle().hello())), sentence)


@pytest.mark.parametrize("claim,value", [
    ("user", "bob"), ("service", "imap"), ("host", OTHER),
    ("verifier", "verifier.evil.example")])
def test_first_prompt_names(rogue, middle, desk, claim, value):  # noqa: F811
    child = desk.ssh("true")
    rogue.meet()
    gateway = middle()
    gateway.claims[claim] = value
    said = lost(child, rogue, rogue.ask(gateway.hello()), value)
    assert "you mean" in said or "not one of yours" in said


# What comes instead of the verifier's first bytes; what the person reads.
SECOND = {
    "sequence": (lambda true, hello: true.replace("/1:1:", "/1:2:"),
                 "came where 1 belongs"),
    "repeated hello": (lambda true, hello: hello, "begins again"),
    "connection": (lambda true, hello: true.replace("/1:1:1:", "/1:1:2:"),
                   "another connection"),
    "idle": (lambda true, hello: relay.Record(1, 1, "idle"),
             "without having anything to say"),
    "garbage": (lambda true, hello: relay.Record(1, 1, "idle", b"\0" * 99),
                "verifier1.acme.example"),
    "closed": (lambda true, hello: relay.Record(1, 1, "end"),
               "closed the connection"),
}


@pytest.mark.parametrize("what", SECOND)
def test_second_prompt(rogue, middle, desk, what):          # noqa: F811
    change, sentence = SECOND[what]
    gateway = middle()
    child = desk.ssh("true")
    rogue.meet()
    hello = gateway.hello()
    true = gateway.take(rogue.ask(hello))
    lost(child, rogue, rogue.ask(change(true, hello)), sentence)


def test_spliced(rogue, middle, desk):                      # noqa: F811
    """The verifier's bytes of another session of the same person."""
    one, two = middle(), middle()
    child = desk.ssh("true")
    rogue.meet()
    kept = one.take(rogue.ask(one.hello()))
    rogue.end()
    ended(child)
    child = desk.ssh("true")
    rogue.meet()
    two.take(rogue.ask(two.hello()))
    lost(child, rogue, rogue.ask(kept), "verifier1.acme.example")
    assert one.grant() is None and two.grant() is None


def passes_on(rogue, gateway, child, pin, around=("", "")):
    """A login through the gateway up to "done" or "fail"; that answer."""
    prompt, typed = gateway.hello(), False
    while prompt:
        rogue.say(around[0] + prompt + around[1])
        if not typed and "/1:1:1:" in prompt:
            child.expect(PIN)
            child.sendline(pin)
            typed = True
        answer = rogue.hear()
        prompt = gateway.take(answer)
    return relay.Record.read(answer)


def test_T106_escapes_around(rogue, middle, desk, card):         # noqa: F811
    """They do not come to the terminal, whoever shows them."""
    gateway = middle()
    child = desk.ssh("true")
    rogue.meet()
    rogue.ask(ESCAPES, TEXT_INFO)
    assert passes_on(rogue, gateway, child, card.pin,
                     (ESCAPES, ESCAPES)).flag == "done"
    assert gateway.grant() == "allow"
    rogue.say(f"{ESCAPES}Password: ")
    child.expect("Password: ")
    shown = child.before
    child.sendline("")
    rogue.hear()
    rogue.end()
    said, status = ended(child)
    assert status == 255
    assert not {"\x1b", "\x07", "\x9b"} & set(shown + said), shown + said


def test_hello_after_done(rogue, middle, desk, card):       # noqa: F811
    """Prompts without end: one PIN, and only refusals after it."""
    gateway = middle()
    child = desk.ssh("true")
    rogue.meet()
    assert passes_on(rogue, gateway, child, card.pin).flag == "done"
    for _ in range(20):
        assert relay.Record.read(rogue.ask(middle().hello())).flag == "fail"
    rogue.end()
    said, status = ended(child)
    assert status == 255 and "PIN" not in said
    assert said.count("the gateway asks again") == 1


@pytest.mark.parametrize("before", ["", "\n", "Welcome.\r\n", " " * 2000])
def test_asks_for_the_pin(rogue, desk, before):             # noqa: F811
    """In plain text: the line says who asks, also where a terminal breaks
    it; no card is touched."""
    child = desk.ssh("true")
    rogue.meet()
    rogue.say(f"{before}PIN for Alice's card: ")
    child.expect(PIN)
    prefix = f"(alice@{GATEWAY}) "
    assert child.before.split("\n")[-1].startswith(prefix), child.before
    if len(before) > 80:
        child.expect_exact("\r\n" + prefix)
    assert not find(TOKEN)
    child.sendline("")
    assert rogue.hear() == ""
    rogue.end()
    assert ended(child)[1] == 255


@pytest.mark.parametrize("size", [100_000, 200_000, 10_000_000])
def test_a_huge_prompt(rogue, desk, size):                  # noqa: F811
    """The first comes to the program that is asked, the second to ssh; the
    third is too much for sshd."""
    child = desk.ssh("true")
    rogue.meet()
    rogue.say("x" * size)
    if size == 100_000:
        child.expect("x" * 1000)
        child.sendline("")
    answer = rogue.hear()
    assert answer in ("", None)
    rogue.end()
    said, status = ended(child)
    assert status == 255 and len(said) < 8192


def test_another_gateway_in_between(rogue, middle, desk, card,  # noqa: F811
                                    acme, verifier, tmp_path):
    """The attacker has root on gw-2, which is enrolled, and alice comes to
    it as ws-1: the challenge that gw-2 opens is for gw-2, and the proof that
    her card signs says ws-1."""
    key, certificate = acme.issue_machine(OTHER, tmp_path)
    gateway = middle(OTHER, key=key, certificate=certificate)
    gateway.claims["host"] = GATEWAY
    n = len(verifier.audit())
    child = desk.ssh("true")
    rogue.meet()
    passes_on(rogue, gateway, child, card.pin)
    assert gateway.grant() == "deny"
    rogue.end()
    assert ended(child)[1] == 255
    records = wait_until(lambda: verifier.audit()[n:], "the audit")
    assert all(r["decision"] == "deny" for r in records), records
    assert "proof-mismatch" in {r["reason"] for r in records}
