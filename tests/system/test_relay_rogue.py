# SPDX-License-Identifier: BSD-2-Clause
"""Gateways that cheat, with an honest person behind them, and the real
verifier: whatever they change, nobody comes in who was not meant."""

import ssl

import pytest

from mtls_test import relay
from mtls_test.machine import Machine
from mtls_test.organisation import Verifier

GATEWAY = Machine.NAME
OTHER = "gw-2.acme.example"
POLICY = """\
map issuer "CN=Acme Users CA,O=Acme" take san:upn realm acme.example
group staff = alice, bob
deny  user root
allow group staff on * for sshd, window by relay
allow group staff on * for door by token
"""


@pytest.fixture(scope="module")
def relays(acme):
    """A verifier whose policy wants relays."""
    it = Verifier(acme, name="verifier2.acme.example", policy=POLICY,
                  settings="[limits]\nuser-failures = none\n"
                  "card-failures = none\nmachine-failures = none\n"
                  "source-failures = none\n")
    yield it.start()
    it.remove()


@pytest.fixture(scope="module")
def other(acme, tmp_path_factory):
    """Key and certificate of the other gateway."""
    return dict(zip(("key", "certificate"), acme.issue_machine(
        OTHER, tmp_path_factory.mktemp("gw-2"))))


@pytest.fixture
def machine(acme, relays, syslog):
    it = Machine(acme, relays)
    yield it
    it.remove()


@pytest.fixture
def person(machine, relays, keys):
    def make(user="alice", **options):
        return relay.Person(
            machine.etc / "verifier-ca.pem", *keys(user), relays.name,
            **{"host": GATEWAY, "user": user, **options})
    return make


@pytest.fixture
def gateway(machine, relays):
    made = []

    def make(host=GATEWAY, **options):
        made.append(relay.Gateway(relays, machine, host, **options))
        return made[-1]
    yield make
    for it in made:
        it.device.close()


def denied(verifier, reason, before):
    records = verifier.audit()[before:]
    assert all(r["decision"] == "deny" for r in records), records
    assert reason in {r["reason"] for r in records}, records


@pytest.mark.parametrize("looks_first", [False, True])
def test_honest(person, gateway, relays, looks_first):
    """The yardstick; and how many prompts a P-256 key takes."""
    alice, honest = person(looks_first=looks_first), gateway()
    assert relay.converse(alice, honest) <= 8
    assert alice.failed is None
    assert honest.grant() == "allow"
    record = relays.audit()[-1]
    assert (record["method"], record["host"]) == ("relay", GATEWAY)


def spoil(data):
    return data[:-1] + bytes([data[-1] ^ 1])


CHANGES = {
    "alters the hello": ("to_verifier", {1: spoil}),
    "alters the certificate": ("to_verifier", {2: spoil}),
    "alters the proof": ("to_verifier", {3: spoil}),
    "alters the server's flight": ("to_person", {1: spoil}),
    "drops the end of a flight": ("to_person", {1: lambda d: d[:-40]}),
    "drops a part": ("to_verifier", {2: lambda d: d[:100] + d[101:]}),
    "repeats": ("to_verifier", {2: lambda d: d + d}),
    "repeats the server": ("to_person", {1: lambda d: d + d}),
    "reorders": ("to_verifier", {2: lambda d: d[300:] + d[:300]}),
}


@pytest.mark.parametrize("what", CHANGES)
def test_altered(person, gateway, relays, what):
    direction, changes = CHANGES[what]
    alice, rogue = person(), gateway()
    before = len(relays.audit())
    setattr(rogue, direction, lambda n, data: changes.get(
        n, lambda d: d)(data) if data else data)
    if what == "drops the end of a flight":
        # Nothing more comes, and nobody can do anything about it but wait.
        prompt = rogue.take(alice.answer(rogue.hello()))
        record = relay.Record.read(alice.answer(prompt))
        assert (record.flag, record.data) == ("idle", b"")
        assert not alice.said
    else:
        relay.converse(alice, rogue)
        assert alice.failed
    assert rogue.grant() is None
    assert not any(r["decision"] == "allow" for r in relays.audit()[before:])


def test_replayed(person, gateway, relays):
    """Yesterday's conversation, byte by byte, for a challenge of today."""
    alice, honest = person(), gateway()
    relay.converse(alice, honest)
    assert honest.grant() == "allow"
    rogue = gateway()
    before = len(relays.audit())
    for seq, data in enumerate(honest.sent):
        rogue.take(str(relay.Record(seq, 1, "more", data)))
    rogue.take(str(relay.Record(len(honest.sent), 1, "idle")))
    assert rogue.grant() is None
    assert not any(r["decision"] == "allow" for r in relays.audit()[before:])


def test_replayed_to_the_person(person, gateway):
    """And the verifier's half of it, to somebody who logs in today."""
    alice, honest = person(), gateway()
    kept = {}
    honest.to_person = lambda n, data: kept.setdefault(n, data)
    relay.converse(alice, honest)
    again, rogue = person(), gateway()
    rogue.to_person = lambda n, data: kept.get(n, b"")
    relay.converse(again, rogue)
    assert again.failed and not again.said
    assert rogue.grant() is None


def test_spliced(person, gateway):
    """Bytes of alice's connection in that of bob, who logs in as well."""
    alice, bob = person(), person("bob")
    one, two = gateway(), gateway(user="bob")
    stolen = []
    one.to_verifier = lambda n, data: stolen.append(data) or data
    relay.converse(alice, one)
    two.to_verifier = lambda n, data: stolen[n - 1] if n > 1 and \
        n <= len(stolen) else data
    relay.converse(bob, two)
    assert bob.failed
    assert one.grant() == "allow"
    assert two.grant() is None


@pytest.mark.parametrize("opened,reason", [
    ({"user": "bob"}, "proof-mismatch"),
    ({"service": "window"}, "proof-mismatch"),
])
def test_opened_for_something_else(person, gateway, relays, opened, reason):
    """The person sees it in the first prompt; one who does not look is kept
    from harm by the verifier."""
    assert relay.converse(person(), gateway(**opened)) == 1
    alice, rogue = person(believes=True), gateway(**opened)
    before = len(relays.audit())
    relay.converse(alice, rogue)
    assert rogue.grant() == "deny"
    denied(relays, reason, before)


def test_opened_for_something_else_and_hidden(person, gateway, relays):
    """The first prompt says what the person wants to see."""
    alice, rogue = person(), gateway(user="bob")
    rogue.claims["user"] = "alice"
    before = len(relays.audit())
    relay.converse(alice, rogue)
    assert rogue.grant() == "deny"
    denied(relays, "proof-mismatch", before)


def test_another_gateway(person, gateway, relays, other):
    """gw-2 relays a login that is meant for ws-1, under ws-1's name."""
    alice = person()
    rogue = gateway(OTHER, **other)
    rogue.claims["host"] = GATEWAY
    before = len(relays.audit())
    relay.converse(alice, rogue)
    assert rogue.grant() == "deny"
    denied(relays, "proof-mismatch", before)


def test_under_another_name(gateway, relays, other):
    """gw-2 cannot open a challenge as ws-1."""
    rogue = gateway(GATEWAY, **other)
    assert (rogue.status, rogue.challenge["reason"]) == \
        (403, "host-mismatch")


def test_somebody_elses_challenge(person, gateway, relays, other):
    """gw-2 shows the id of a challenge that ws-1 has open for alice, who
    means ws-1: the decision goes to ws-1 and to nobody else."""
    honest = gateway()
    rogue = gateway(OTHER, **other)
    rogue.claims.update(challenge=honest.claims["challenge"], host=GATEWAY)
    relay.converse(person(), rogue)
    assert rogue.grant() is None
    assert honest.grant() == "allow"


def test_of_another_method(person, gateway, relays):
    """A challenge that was not opened for a relay takes no proof of one."""
    rogue = gateway()
    status, challenge, _ = rogue.device.open(
        GATEWAY, service="door", method="token")
    assert status == 201
    alice = person(service="door")
    rogue.claims.update(challenge=challenge["challenge"], service="door")
    before = len(relays.audit())
    relay.converse(alice, rogue)
    assert rogue.grant() == "deny"
    denied(relays, "proof-mismatch", before)


def test_a_verifier_of_its_own(person, gateway, acme, relays, tmp_path):
    """The gateway answers by itself, with the certificate it has."""
    alice, rogue = person(), gateway()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.minimum_version = ssl.TLSVersion.TLSv1_3
    key, certificate = acme.issue_machine(relays.name, tmp_path)
    tls.load_cert_chain(certificate, key)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    server = tls.wrap_bio(incoming, outgoing, server_side=True)
    incoming.write(relay.Record.read(alice.answer(rogue.hello())).data)
    with pytest.raises(ssl.SSLWantReadError):
        server.do_handshake()
    answer = relay.Record.read(alice.answer(str(relay.Record(
        1, 1, "idle", outgoing.read()))))
    assert answer.flag == "fail"
    assert not alice.said


def test_done_without_a_proof(gateway):
    """A person who says done has not logged in."""
    rogue = gateway()
    rogue.hello()
    assert rogue.take(str(relay.Record(0, 1, "done"))) is None
    assert rogue.grant() is None


def test_denied_by_policy(person, gateway, relays):
    """Somebody else's certificate for alice's login."""
    mallory, honest = person("bob", believes=True), gateway(user="alice")
    mallory.user = "alice"
    before = len(relays.audit())
    relay.converse(mallory, honest)
    assert honest.grant() == "deny"
    denied(relays, "user-mismatch", before)
