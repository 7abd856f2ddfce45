# SPDX-License-Identifier: BSD-2-Clause
"""What a login leaves behind in the program that asked for it: nothing."""

import pytest

from mtls_test import HELPER, TOKEN
from mtls_test.process import find, wait_until


def nobody_left():
    return not find(TOKEN) and not find(HELPER)


@pytest.mark.parametrize("answer", ["right", "wrong", None])
def test_T136_host_unchanged(machine, cards, login, transport, answer):
    """Descriptors, children, signals, umask, cwd, ids, environment."""
    card = cards()
    machine.insert(card)
    answers = {"right": [card.pin], "wrong": ["000000"], None: [None]}[answer]
    outcome = login(*answers)
    assert (outcome.code == "SUCCESS") == (answer == "right")
    assert outcome.after == outcome.before
    assert outcome.stderr == ""
    wait_until(nobody_left, "the helper to end")


@pytest.mark.parametrize("sigchld", ["ignore", "reap"])
def test_T131_T132_T133_host_and_sigchld(machine, cards, login, transport,
                                         sigchld):
    """A host that ignores SIGCHLD, and one with a thread that reaps."""
    card = cards()
    machine.insert(card)
    for pin, code in ((card.pin, "SUCCESS"), ("000000", "AUTH_ERR")):
        outcome = login(pin, sigchld=sigchld)
        assert outcome.code == code
        assert outcome.after == outcome.before
    machine.no_card()
    assert login(sigchld=sigchld).code == "AUTHINFO_UNAVAIL"


def test_twenty_logins_in_one_process(machine, cards, login):
    card = cards()
    machine.insert(card)
    outcome = login(*[card.pin] * 20, logins=20)
    assert outcome.more["authenticate"] == ["SUCCESS"] * 20
    assert outcome.after == outcome.before


def test_unprivileged_host(machine, cards, login):
    """A screen locker: not root, through the socket, only for itself."""
    card = cards()
    machine.insert(card)
    with machine.socket():
        assert login(card.pin, uid=5001).code == "SUCCESS"


def test_T073_asks_for_somebody_else(machine, cards, login, verifier,
                                     syslog):
    """bob's process asks for alice: refused, logged, nobody is asked."""
    card = cards()
    machine.insert(card)
    before = len(verifier.audit())
    mark = syslog.mark()
    with machine.socket():
        outcome = login(card.pin, uid=5002)
    assert outcome.code != "SUCCESS"
    assert outcome.prompts() == []
    assert len(verifier.audit()) == before
    syslog.wait_for("permission", mark)


def test_unprivileged_host_without_socket(machine, cards, login):
    """Not root and no socket: there is no helper to be had."""
    machine.insert(cards())
    outcome = login(cards().pin, uid=5001)
    assert outcome.code == "AUTHINFO_UNAVAIL"
    assert outcome.prompts() == []


def test_service_account_of_the_settings(machine, cards, login):
    """callers = mallory:door lets that account ask for anybody there."""
    machine.service("window")
    machine.insert(cards(), helper="callers = mallory:door")
    with machine.socket():
        assert login(cards().pin, uid=5003).code == "SUCCESS"
        assert login(cards().pin, uid=5003,
                     service="window").code != "SUCCESS"
        assert login(cards().pin, uid=5002).code != "SUCCESS"


def test_T074_somebody_elses_socket(machine, cards, login, syslog):
    """A socket that alice listens on is not the helper's: no PIN goes there.
    """
    import os
    import socket
    from mtls_test import SOCKET
    os.makedirs(os.path.dirname(SOCKET), exist_ok=True)
    machine.insert(cards())
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as trap:
        os.seteuid(0)
        if os.path.exists(SOCKET):
            os.unlink(SOCKET)
        os.chmod(os.path.dirname(SOCKET), 0o777)
        os.seteuid(5001)
        try:
            trap.bind(SOCKET)
            trap.listen()
        finally:
            os.seteuid(0)
        outcome = login(cards().pin)
        os.unlink(SOCKET)
    os.chmod(os.path.dirname(SOCKET), 0o755)
    assert outcome.prompts() == []
    assert outcome.code != "SUCCESS"
