# SPDX-License-Identifier: BSD-2-Clause
"""Real programs with a real card of every kind, both ways to the helper."""

import contextlib

import pytest

from mtls_test.card import KINDS
from mtls_test.programs import PIN, PROGRAMS, answer, came_in

# Every program with every kind of key; the way to the helper changes from
# one to the next, so that each program and each kind sees both.
PAIRS = [(program, kind, ("socket", "spawned")[(i + j) % 2])
         for i, program in enumerate(PROGRAMS)
         for j, kind in enumerate(KINDS)]


@contextlib.contextmanager
def running(machine, name, **options):
    program = PROGRAMS[name]()
    for service in program.services:
        machine.service(service)
    program.prepare(**options)
    try:
        yield program
    finally:
        program.finish()


@contextlib.contextmanager
def helper(machine, way):
    with contextlib.ExitStack() as stack:
        if way == "socket":
            stack.enter_context(machine.socket())
        yield


@pytest.mark.parametrize("name,kind,way", PAIRS)
def test_granted(machine, cards, verifier, name, kind, way):
    card = cards("alice", kind)
    machine.insert(card)
    before = len(verifier.audit())
    with running(machine, name) as program, helper(machine, way):
        child = program.start("alice")
        if name == "login":
            child.expect(PIN)
            child.sendline(card.pin)
            child.expect(r"[$#] ")
            child.sendline("echo in as $(id -un)")
            assert came_in(child) == "alice"
            child.sendline("exit")
        else:
            assert answer(child, card.pin) == "alice"
        child.close(force=True)
    record = verifier.audit()[before:][0]
    assert (record["decision"], record["user"]) == ("allow", "alice")
    assert record["service"] in program.services


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("way", ["socket", "spawned"])
def test_wrong_pin(machine, cards, name, way):
    machine.insert(cards())
    with running(machine, name) as program, helper(machine, way):
        child = program.start("alice")
        assert answer(child, "000000") is None
        child.close(force=True)


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("way", ["socket", "spawned"])
def test_no_card(machine, name, way):
    """Refused without a question, except that some ask for a name again."""
    with running(machine, name) as program, helper(machine, way):
        child = program.start("alice")
        assert came_in(child) is None
        child.close(force=True)
    assert "PIN" not in (child.before or "")


@pytest.mark.parametrize("name", PROGRAMS)
def test_card_of_somebody_else(machine, cards, verifier, name):
    card = cards("bob")
    machine.insert(card)
    with running(machine, name) as program:
        child = program.start("alice")
        assert answer(child, card.pin) is None
        child.close(force=True)
    assert verifier.audit()[-1]["decision"] == "deny"


def test_T10D_sudo_non_interactive(machine, cards):
    """sudo -n asks nobody and burns no try of the card."""
    import os
    from mtls_test.process import run
    machine.insert(cards())
    with running(machine, "sudo"):
        done = run("setpriv", "--reuid=alice", "--regid=alice",
                   "--init-groups", "sudo", "-n", "true", check=False,
                   env={"PATH": os.environ["PATH"]})
        assert done.returncode != 0


def test_T10D_sudo_three_times(machine, cards):
    """Three tries of sudo are three prompts and three logins."""
    card = cards()
    machine.insert(card)
    defaults = "timestamp_timeout=0,!lecture,passwd_tries=3"
    with running(machine, "sudo", defaults=defaults) as program:
        child = program.start("alice")
        for _ in range(2):
            child.expect(PIN)
            child.sendline("000000")
        assert answer(child, card.pin) == "alice"
        child.close(force=True)


def test_T113_sshd_and_an_unknown_user(machine, cards, verifier):
    """sshd carries on with a made-up answer: no card, no verifier."""
    machine.insert(cards())
    before = len(verifier.audit())
    with running(machine, "sshd") as program:
        child = program.start("nosuchuser")
        child.expect([PIN, "[Pp]assword:"])
        child.sendline(cards().pin)
        assert came_in(child) is None
        child.close(force=True)
    assert all(r["decision"] != "allow" for r in verifier.audit()[before:])
