# SPDX-License-Identifier: BSD-2-Clause
"""^C in sudo at each step of a login."""

import contextlib
import pathlib
import signal
import termios

import pexpect
import pytest

from mtls_test import HELPER, TOKEN
from mtls_test.process import find, wait_until
from mtls_test.programs import PIN, Sudo


@pytest.fixture
def sudo(machine):
    program = Sudo()
    for service in program.services:
        machine.service(service, "auth required MODULE")
    program.prepare()
    yield program
    program.finish()


@contextlib.contextmanager
def silent(verifier):
    verifier.process.send(signal.SIGSTOP)
    try:
        yield
    finally:
        verifier.process.send(signal.SIGCONT)


def at_the_prompt(child):
    """Waits until sudo reads the answer. Between its prompt and that there
    is a moment when it takes note of a signal and then reads all the same.
    """
    child.expect(PIN)
    wait_until(lambda: pathlib.Path(f"/proc/{child.pid}/syscall")
               .read_text().startswith("0 "), "sudo to read")


def interrupted(child):
    """^C; it ends, and everything that it had started."""
    child.sendcontrol("c")
    assert child.expect(["in as", PIN, pexpect.EOF]) == 2
    wait_until(lambda: not find(HELPER) and not find(TOKEN),
               "the helper to end")
    assert termios.tcgetattr(child.child_fd)[3] & termios.ECHO
    child.close(force=True)


def test_T139_before_the_prompt(machine, cards, verifier, sudo, transport):
    machine.insert(cards())
    with silent(verifier):
        child = sudo.start("alice")
        wait_until(lambda: find(TOKEN), "the worker")
        interrupted(child)


def test_T139_at_the_prompt(machine, cards, sudo, transport):
    machine.insert(cards())
    child = sudo.start("alice")
    at_the_prompt(child)
    interrupted(child)


def test_T139_while_typing(machine, cards, sudo, transport):
    machine.insert(cards())
    child = sudo.start("alice")
    at_the_prompt(child)
    child.send(cards().pin[:3])
    interrupted(child)


def test_T139_after_the_pin(machine, cards, verifier, sudo, transport):
    card = cards()
    machine.insert(card)
    child = sudo.start("alice")
    at_the_prompt(child)
    with silent(verifier):
        child.sendline(card.pin)
        child.expect("\r\n")
        interrupted(child)
