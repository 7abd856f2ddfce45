# SPDX-License-Identifier: BSD-2-Clause
"""Rogue machines and people against the real verifier."""

import ssl

import pytest

from mtls_test import https
from mtls_test.machine import Machine


def opened(device):
    status, challenge, sent = device.open(Machine.NAME)
    assert status == 201
    assert challenge["nonce"] == sent["nonce"]
    return challenge["challenge"], sent


def test_allowed(machine, verifier, keys):
    """The yardstick: what the others here change a little."""
    device = https.device(verifier, machine)
    challenge, sent = opened(device)
    alice = https.person(verifier, machine, *keys("alice"))
    assert alice.prove(challenge, Machine.NAME) == \
        (200, {"version": 1, "challenge": challenge})
    status, grant = device.grant(challenge, wait=5)
    assert status == 200
    assert grant["decision"] == "allow"
    for field in ("request", "nonce", "user", "service", "host"):
        assert grant[field] == sent[field]


def test_T017_for_another_host(machine, verifier):
    device = https.device(verifier, machine)
    status, problem, _ = device.open("ws-2.acme.example")
    assert (status, problem["reason"]) == (403, "host-mismatch")


def test_T019_grant_pulled_twice(machine, verifier, keys):
    device = https.device(verifier, machine)
    challenge, _ = opened(device)
    https.person(verifier, machine, *keys("alice")).prove(
        challenge, Machine.NAME)
    assert device.grant(challenge, 5)[1]["decision"] == "allow"
    status, again = device.grant(challenge)
    assert status != 200 or again["decision"] == "deny"


def test_T019_proved_twice(machine, verifier, keys):
    device = https.device(verifier, machine)
    challenge, _ = opened(device)
    alice = https.person(verifier, machine, *keys("alice"))
    assert alice.prove(challenge, Machine.NAME)[0] == 200
    assert alice.prove(challenge, Machine.NAME)[0] == 409


def test_T048_bob_proves_alices_challenge(machine, verifier, keys):
    device = https.device(verifier, machine)
    challenge, _ = opened(device)
    https.person(verifier, machine, *keys("bob")).prove(
        challenge, Machine.NAME)
    status, grant = device.grant(challenge, 5)
    assert (status, grant["decision"]) == (200, "deny")
    assert verifier.audit()[-1]["decision"] == "deny"


@pytest.mark.parametrize("changed", [
    {"user": "bob"}, {"service": "window"}, {"host": "ws-2.acme.example"},
    {"method": "relay"}])
def test_T048_proof_for_something_else(machine, verifier, keys, changed):
    """What the person says and what the machine said must be the same."""
    device = https.device(verifier, machine)
    challenge, _ = opened(device)
    alice = https.person(verifier, machine, *keys("alice"))
    said = {"host": Machine.NAME, **changed}
    alice.prove(challenge, said.pop("host"), **said)
    status, grant = device.grant(challenge)
    assert status == 202 or grant["decision"] == "deny"


def test_grant_of_another_machine(acme, machine, verifier, keys, tmp_path):
    """ws-2 cannot fetch what ws-1 opened."""
    device = https.device(verifier, machine)
    challenge, _ = opened(device)
    https.person(verifier, machine, *keys("alice")).prove(
        challenge, Machine.NAME)
    key, certificate = acme.issue_machine("ws-2.acme.example", tmp_path)
    other = https.Client(verifier.name, verifier.device_port, https.context(
        machine.etc / "verifier-ca.pem", certificate, key))
    assert other.grant(challenge)[0] in (403, 404)


def test_T026_no_certificate(machine, verifier):
    for port in (verifier.device_port, verifier.user_port):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            https.Client(verifier.name, port, https.context(
                machine.etc / "verifier-ca.pem")).grant("0" * 32)


@pytest.mark.parametrize("with_chain", [False, True])
def test_T026_person_at_the_machines_door(acme, machine, verifier, keys,
                                          tmp_path, with_chain):
    """Both CAs are under one root: what a chain leads to is not enough."""
    certificate, key = keys("alice")
    if with_chain:
        chain = tmp_path / "chain.pem"
        chain.write_text(certificate.read_text() +
                         (acme.ca / "users.pem").read_text())
        certificate = chain
    try:
        status, problem, _ = https.Client(
            verifier.name, verifier.device_port, https.context(
                machine.etc / "verifier-ca.pem", certificate,
                key)).open(Machine.NAME)
        assert status == 403, problem
    except (ssl.SSLError, ConnectionError):
        pass


@pytest.mark.parametrize("with_chain", [False, True])
def test_T026_machine_at_the_peoples_door(acme, machine, verifier, keys,
                                          tmp_path, with_chain):
    chain = tmp_path / "chain.pem"
    chain.write_text(machine.certificate.read_text() + (
        (acme.ca / "machines.pem").read_text() if with_chain else ""))
    device = https.device(verifier, machine)
    challenge, _ = opened(device)
    try:
        https.Client(verifier.name, verifier.user_port, https.context(
            machine.etc / "verifier-ca.pem", chain,
            machine.key)).prove(challenge, Machine.NAME)
    except (ssl.SSLError, ConnectionError):
        return
    status, grant = device.grant(challenge, 5)
    assert (status, grant["decision"]) == (200, "deny")


def test_T027_tls_1_2(machine, verifier):
    for port in (verifier.device_port, verifier.user_port):
        tls = https.context(machine.etc / "verifier-ca.pem",
                            machine.certificate, machine.key)
        tls.minimum_version = ssl.TLSVersion.TLSv1_2
        tls.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises((ssl.SSLError, ConnectionError)):
            https.Client(verifier.name, port, tls)


@pytest.mark.parametrize("body", [
    b"", b"{}", b"[]", b"nonsense", b'{"version":1}', b"{" * 4000,
    b"x" * 200000], ids=lambda body: f"{body[:8].decode()}-{len(body)}")
def test_nonsense(machine, verifier, body):
    device = https.device(verifier, machine)
    try:
        status, problem = device.request("POST", "/v1/challenges", body)
        assert status in (400, 413)
        assert problem is None or problem["reason"]
    except (ConnectionError, ssl.SSLError):
        pass        # it may as well hang up
    assert https.device(verifier, machine).open(Machine.NAME)[0] == 201
