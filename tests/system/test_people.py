# SPDX-License-Identifier: BSD-2-Clause
"""Who says to be whom, where: names that nobody has, or nobody should."""

import re

import pytest

from mtls_test import DEADLINE_S


def test_T112_unknown_and_known(machine, cards, login, verifier, transport):
    """Whether there is such an account is not to be seen from outside."""
    card = cards("bob")
    machine.insert(card)
    known = login(card.pin, user="alice")
    unknown = login(card.pin, user="nosuchuser")
    assert known.code == unknown.code == "AUTH_ERR"
    assert known.messages == unknown.messages
    assert known.delay_us > 0 and unknown.delay_us > 0
    a, b = verifier.audit()[-2:]
    assert (a["decision"], a["reason"]) == (b["decision"], b["reason"])


@pytest.mark.parametrize("user", [
    "-f root", "--help", "-", "root\n", "a b", "al\x1b[31mice",
    "alice,root", "../alice", "a" * 4096, "al%sice", "ALICE", "alice "])
def test_T114_odd_user_names(machine, cards, login, verifier, syslog, user):
    """Nobody but alice comes in with alice's card; one clean log line."""
    card = cards()
    machine.insert(card)
    mark = syslog.mark()
    outcome = login(card.pin, user=user)
    assert outcome.code in ("AUTH_ERR", "USER_UNKNOWN", "PERM_DENIED",
                            "SERVICE_ERR")
    line = syslog.wait_for("pam_mtls", mark, DEADLINE_S)
    assert re.fullmatch(r"[\x20-\x7e]*\0?", line), line
    assert len(line) < 4096


@pytest.mark.parametrize("item", ["tty", "rhost", "ruser"])
@pytest.mark.parametrize("value", [
    "../../x", "/dev/../etc/passwd", ":0", "ssh", "fe80::1%eth0",
    "host.evil.example", "a\nb", "%n%n", "\x1b]52;c;eA==\x07", "x" * 1024])
def test_T107_T115_odd_items(machine, cards, login, verifier, syslog, item,
                             value):
    """Opaque: recorded or refused, never looked up, one clean line."""
    card = cards()
    machine.insert(card)
    mark = syslog.mark()
    outcome = login(card.pin, **{item: value})
    line = syslog.wait_for("pam_mtls", mark, DEADLINE_S)
    assert re.fullmatch(r"[\x20-\x7e]*\0?", line), line
    if value.isprintable() and len(value) < 256:
        assert outcome.code == "SUCCESS"
    for record in verifier.audit():
        assert all(str(v).isprintable() for v in record.values())


def test_T111_no_name(machine, cards, login):
    """libpam asks for the name; it is never taken from the card."""
    machine.insert(cards())
    outcome = login("alice", cards().pin, user=None)
    assert outcome.code == "SUCCESS"
    assert [m[0] for m in outcome.messages] == ["question", "secret"]
    assert login("", cards().pin, user=None).code != "SUCCESS"
    assert login("bob", cards().pin, user=None).code == "AUTH_ERR"
