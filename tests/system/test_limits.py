# SPDX-License-Identifier: BSD-2-Clause
"""Limits of the real verifier, and what openssl's client tries with it."""

import contextlib
import pathlib
import re
import resource
import signal
import socket

import pytest

from mtls_test import https
from mtls_test.machine import Machine
from mtls_test.organisation import Verifier
from mtls_test.process import run, wait_until
from mtls_test.prometheus import Metrics

ASK = "GET /v1/x HTTP/1.1\r\nHost: v\r\n\r\n"


def s_client(port, machine, *options, check=False, text="Q\n"):
    """openssl s_client as the machine, to that port."""
    done = run("openssl", "s_client", "-connect", f"127.0.0.1:{port}",
               "-cert", machine.certificate, "-key", machine.key,
               "-alpn", "http/1.1", *options, input=text, check=check)
    return done.stdout + done.stderr


def test_T020_reconnect(machine, verifier):
    """The same session, five times: each a handshake of its own."""
    said = s_client(verifier.device_port, machine, "-reconnect")
    assert len(re.findall(r"^New, TLSv1.3", said, re.M)) == 6, said
    assert "Reused" not in said


def test_T020_no_session_is_given(machine, verifier, tmp_path):
    session = tmp_path / "session"
    said = s_client(verifier.device_port, machine, "-sess_out", session,
                    "-ign_eof", text=ASK.replace("Host: v", "Host: v\r\n"
                                                 "Connection: close"))
    assert " 404 " in said, said
    assert "New Session Ticket" not in said
    assert not session.exists() or session.stat().st_size == 0


@pytest.mark.parametrize("port", ["device_port", "user_port"])
def test_T021_psk_instead_of_a_certificate(verifier, port):
    said = run("openssl", "s_client", "-connect",
               f"127.0.0.1:{getattr(verifier, port)}", "-psk", "00" * 32,
               "-psk_identity", "machine", "-alpn", "http/1.1", "-ign_eof",
               input=ASK, check=False)
    assert "Reused" not in said.stdout
    assert "HTTP/1.1" not in said.stdout
    assert "alert" in said.stderr, said.stderr


@pytest.fixture
def limited(acme):
    """limited(lines): another verifier, with these limits."""
    with contextlib.ExitStack() as stack:
        def go(lines):
            it = Verifier(acme, name="verifier2.acme.example",
                          settings="[limits]\n" + lines)
            stack.callback(it.remove)
            return it.start()
        yield go


def test_T057_half_open_from_one_address(machine, limited):
    """They take what one address may have, and others are served."""
    verifier = limited("max-connections-per-address = 50\n"
                       "handshake-timeout = 20s\n")
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            raw = stack.enter_context(socket.socket())
            raw.bind(("127.0.0.66", 0))
            raw.connect(("127.0.0.1", verifier.device_port))
            # The beginning of a ClientHello.
            with contextlib.suppress(ConnectionError):
                raw.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        for _ in range(5):
            assert https.device(verifier, machine).open(
                Machine.NAME)[0] == 201
    assert "max-connections-per-address" in verifier.log()


N_HALF_OPEN = 10000


def resident(verifier):
    """Bytes of memory, as the kernel counts them."""
    status = pathlib.Path(f"/proc/{verifier.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024


def half_open(stack, port, i):
    """The i-th, from an address of its own."""
    raw = stack.enter_context(socket.socket())
    raw.bind((f"127.1.{i // 250}.{i % 250 + 1}", 0))
    raw.settimeout(20)
    raw.connect(("127.0.0.1", port))
    # The beginning of a ClientHello.
    with contextlib.suppress(ConnectionError):
        raw.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
                    + bytes(60))


def said(verifier):
    """How many had to go, by the log: lines, and those they stand for."""
    lines = re.findall(r"too-many-connections (.*reason=max-half-open.*)",
                       verifier.log())
    return sum(("peer=" in line) + int((re.findall(
        r"suppressed=(\d+)", line) or [0])[0]) for line in lines)


def closed(where):
    """How many had to go; 0 before all those that must have."""
    n = Metrics(where).sum("mtls_verifier_limits_total",
                           limit="max-half-open")
    return n if n >= N_HALF_OPEN - 500 else 0


def test_T057_half_open_from_everywhere(machine, limited):
    """10,000 addresses: the oldest go, the newest is served."""
    verifier = limited("max-half-open = 500\nhandshake-timeout = 60s\n"
                       "[listen]\nmetrics = 127.0.0.1:0\n")
    where = verifier.process.wait_for(r"ready .* metrics=(\S+)")[1]
    https.device(verifier, machine).open(Machine.NAME)
    before = resident(verifier)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    assert hard > N_HALF_OPEN + 500, "more descriptors are needed"
    try:
        with contextlib.ExitStack() as stack:
            for i in range(N_HALF_OPEN):
                half_open(stack, verifier.device_port, i)
                if i % 1000 == 999:
                    assert https.device(verifier, machine).open(
                        Machine.NAME)[0] == 201
            # What each loop keeps, at the size of a handshake.
            assert resident(verifier) - before < 500 * 100000
            hit = wait_until(lambda: closed(where), "the last to be accepted")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    # Those that nobody was told of are told at the end.
    verifier.process.send(signal.SIGTERM)
    wait_until(lambda: hit <= said(verifier) <= N_HALF_OPEN + 20,
               "every one to be in the log")
    assert verifier.log().count("reason=max-half-open") < 50


def test_T057_knocking(machine, limited):
    """One remote host uses up its own share of a machine."""
    verifier = limited("origin-challenges = 30/1h\n")
    device = https.device(verifier, machine)
    got = [device.open(Machine.NAME, rhost="203.0.113.9")[0]
           for _ in range(100)]
    assert got == [201] * 30 + [429] * 70
    assert device.open(Machine.NAME, rhost="203.0.113.10")[0] == 201
    assert device.open(Machine.NAME)[0] == 201
    assert verifier.log().count("limit-reached") == 1
