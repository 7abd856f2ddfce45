# SPDX-License-Identifier: BSD-2-Clause
"""The two processes of a login, looked at while the PIN is being asked."""

import contextlib
import os
import pathlib
import signal

import pytest

from mtls_test import HELPER, TOKEN
from mtls_test.process import find, wait_until
from mtls_test.programs import PIN, Pamtester, answer


def find_one(program, uid):
    """Its process; the one in between that keeps it on a leash is root's."""
    pid, = (p for p in find(program) if os.stat(f"/proc/{p}").st_uid == uid)
    return pid


@contextlib.contextmanager
def asking(machine, card, **how):
    """pamtester at the prompt; yields it, the helper and the worker."""
    machine.insert(card)
    child = Pamtester().start("alice", **how)
    child.expect(PIN)
    helper, token = find_one(HELPER, 5101), find_one(TOKEN, 5102)
    try:
        yield child, helper, token
    finally:
        child.close(force=True)
        wait_until(lambda: not find(HELPER) and not find(TOKEN),
                   "the helper to end with its caller")


def status(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {k: v.strip() for k, v in (x.split(":", 1) for x in lines)}


def environment(pid):
    text = pathlib.Path(f"/proc/{pid}/environ").read_bytes()
    return sorted(text.rstrip(b"\0").decode().split("\0"))


def targets(pid):
    found = {}
    for fd in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            found[int(fd)] = os.readlink(f"/proc/{pid}/fd/{fd}")
    return found


@pytest.mark.parametrize("hostile", [{}, {
    "OPENSSL_CONF": "/tmp/evil", "SOFTHSM2_CONF": "/tmp/evil",
    "LD_LIBRARY_PATH": "/tmp/evil", "GCONV_PATH": "/tmp/evil"}])
def test_T121_environment_is_a_fixed_list(machine, cards, hostile):
    card = cards()
    with asking(machine, card, env=hostile) as (_, helper, token):
        fixed = ["LANG=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
        assert environment(helper) == fixed
        assert environment(token) == [*fixed, f"SOFTHSM2_CONF={card.conf}"]


def test_T136_no_descriptor_of_the_host(machine, cards, tmp_path):
    """A host that leaks descriptors leaks them to nobody here."""
    marker = tmp_path / "marker"
    marker.touch()
    wrap = ("sh", "-c", f'exec 5<{marker} 9<{marker}; exec "$@"', "sh")
    with asking(machine, cards(), wrap=wrap) as (child, helper, token):
        assert str(marker) in targets(child.pid).values()
        for pid in (helper, token):
            fds = targets(pid)
            assert str(marker) not in fds.values()
            assert fds[0].startswith("socket:")
            assert fds[1] == fds[2] == "/dev/null"
            assert not any("pts" in t or "tty" in t for t in fds.values())


def test_T137_who_the_children_are(machine, cards, transport):
    with asking(machine, cards()) as (_, helper, token):
        for pid, uid in ((helper, 5101), (token, 5102)):
            s = status(pid)
            assert s["Uid"].split() == [str(uid)] * 4
            assert s["Gid"].split() == [str(uid)] * 4
            assert s["Groups"].split() in ([], [str(uid)])
            assert int(s["CapEff"], 16) == int(s["CapPrm"], 16) == 0
            assert s["NoNewPrivs"] == "1"
            assert s["SigBlk"] == "0000000000000000" or pid == helper
            limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
            core = next(x for x in limits.splitlines() if "core" in x)
            assert core.split()[4:6] == ["0", "0"]
            assert os.stat(f"/proc/{pid}/mem").st_uid == 0   # not dumpable
        assert status(token)["Seccomp"] == "2"


@pytest.mark.parametrize("who", ["helper", "token"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_T130_killed_at_the_prompt(machine, cards, login, transport, who,
                                   number):
    card = cards()
    with asking(machine, card) as (child, helper, token):
        os.kill({"helper": helper, "token": token}[who], number)
        child.sendline(card.pin)
        child.expect("unavail|cannot|not available|failed|failure|retrieve")
        child.expect("\\Z|\r\n")
    assert login(card.pin).code == "SUCCESS"


@pytest.mark.parametrize("who", ["helper", "token"])
def test_T130_stopped_at_the_prompt(machine, cards, login, transport, who):
    """It hangs: the login is over at its deadline, and the next works."""
    machine.service("door", "auth required MODULE deadline=3")
    card = cards()
    with asking(machine, card) as (child, helper, token):
        pid = {"helper": helper, "token": token}[who]
        os.kill(pid, signal.SIGSTOP)
        child.sendline(card.pin)
        child.expect("(?i)retrieve|unavail|failure|cannot")
        if transport == "socket" or who == "token":
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)
    assert login(card.pin).code == "SUCCESS"


def test_T102_end_of_file_at_the_prompt(machine, cards, login, transport):
    card = cards()
    with asking(machine, card) as (child, _, _token):
        child.sendeof()
        assert child.expect(["in as", "\r\n.*\r\n"]) == 1
    assert login(card.pin).code == "SUCCESS"
    assert login("").code == "AUTH_ERR"          # T-103
    assert login(None).code in ("CONV_ERR", "AUTH_ERR")


def test_T075_verifier_goes_at_the_prompt(acme, cards, login):
    """After the PIN nobody is there to decide."""
    from mtls_test.machine import Machine
    from mtls_test.organisation import Verifier
    verifier = Verifier(acme, "verifier7.acme.example").start()
    machine = Machine(acme, verifier)
    machine.service("door")
    card = cards()
    with asking(machine, card) as (child, _, _token):
        verifier.stop()
        child.sendline(card.pin)
        child.expect("(?i)retrieve|unavail|failure|cannot")
    verifier.start()
    machine.insert(card)
    assert login(card.pin).code == "SUCCESS"
    verifier.remove()
    machine.remove()


def test_answer_is_used(machine, cards):
    """The yardstick for the others: nothing happens, and it works."""
    card = cards()
    machine.insert(card)
    child = Pamtester().start("alice")
    assert answer(child, card.pin) == "alice"
