# SPDX-License-Identifier: BSD-2-Clause
"""Whoever reads the verifier's log stops: logins go on."""

import contextlib
import fcntl
import os

from mtls_test.machine import Machine
from mtls_test.organisation import Verifier


def fill(process):
    """Its standard error, until not a byte more goes in."""
    pipe = os.open(f"/proc/{process.pid}/fd/2", os.O_WRONLY | os.O_NONBLOCK)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(pipe, b"x" * 4096)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(pipe, b"\n")
    # What is open is one file with the verifier's: it must block there.
    assert not fcntl.fcntl(process.popen.stderr, fcntl.F_GETFL) & \
        os.O_NONBLOCK
    os.close(pipe)


def test_logins_while_nobody_reads_the_log(acme, cards, login):
    verifier = Verifier(acme, "verifier5.acme.example")
    with contextlib.ExitStack() as stack:
        stack.callback(verifier.remove)
        verifier.start("--debug")
        machine = Machine(acme, verifier)
        stack.callback(machine.remove)
        machine.service("door")
        machine.insert(cards())
        fill(verifier.process)
        for _ in range(3):
            assert login(cards().pin).code == "SUCCESS"
        assert login("00000000").code == "AUTH_ERR"
        assert len(verifier.audit(decision="allow")) == 3
        # And what was said meanwhile is there when somebody reads again.
        verifier.process.wait_for(r"(?s)(<5>login verdict=allow.*){3}")
        assert "log-lines-dropped" not in verifier.log()
