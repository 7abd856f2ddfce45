# SPDX-License-Identifier: BSD-2-Clause
"""Certificates that say more, less or other than they should: the CA has
signed them, and nobody comes in with one."""

import ssl
import time

import pytest

from mtls_test import certificate as c
from mtls_test import https
from mtls_test.machine import Machine

NOW = int(time.time())
ALICE = c.upn("alice@acme.example")

# number and what: (extensions or None for the usual, other arguments)
ODD = {
    "T030_expired": ({}, {"not_after": NOW - 60}),
    "T030_not_yet_valid": ({}, {"not_before": NOW + 3600}),
    "T030_negative_serial": ({}, {"serial": -5}),
    "T030_huge_serial": ({}, {"serial": 1 << 400}),
    "T030_version_1": (None, {"version": 1}),
    "T030_no_date": ({}, {"not_after": b"nonsense"}),
    "T033_no_client_auth": ({"eku": c.eku(c.SERVER_AUTH)}, {}),
    "T033_no_digital_signature": ({"usage": c.key_usage(0x20)}, {}),
    "T042_nul": ({"san": [c.upn(b"alice\0.evil@acme.example")]}, {}),
    "T042_nul_at_the_end": ({"san": [c.upn(b"alice@acme.example\0")]}, {}),
    "T042_overlong_utf8": ({"san": [c.upn(b"\xc1\xa1lice@acme.example")]},
                           {}),
    "T042_bidi": ({"san": [c.upn("\u202ealice@acme.example")]}, {}),
    "T042_zero_width": ({"san": [c.upn("ali\u200bce@acme.example")]}, {}),
    "T042_homoglyph": ({"san": [c.upn("\u0430lice@acme.example")]}, {}),
    "T042_space": ({"san": [c.upn("alice @acme.example")]}, {}),
    "T042_dot": ({"san": [c.upn("alice@acme.example.")]}, {}),
    "T042_dollar": ({"san": [c.upn("alice$@acme.example")]}, {}),
    "T042_upper_case": ({"san": [c.upn("ALICE@acme.example")]}, {}),
    "T043_two_upns": ({"san": [ALICE, c.upn("bob@acme.example")]}, {}),
    "T043_two_san_extensions": ({"san": [ALICE], "more": c.san(ALICE)}, {}),
    "T044_ia5": ({"san": [c.other_name(c.UPN, c.der(
        22, b"alice@acme.example"))]}, {}),
    "T044_octets": ({"san": [c.other_name(c.UPN, c.der(
        4, b"alice@acme.example"))]}, {}),
    "T044_constructed": ({"san": [c.other_name(c.UPN, c.der(
        0x2c, c.utf8("alice@"), c.utf8("acme.example")))]}, {}),
    "T044_trailing": ({"san": [c.other_name(c.UPN, c.utf8(
        "alice@acme.example") + c.utf8("x"))]}, {}),
    **{f"T045_{word}": ({"san": [c.upn(f"alice{sign}root@acme.example")]},
                        {})
       for word, sign in (("comma", ","), ("semicolon", ";"),
                          ("slash", "/"), ("bar", "|"), ("newline", "\n"),
                          ("equals", "="))},
    "T046_no_san": ({"san": None}, {}),
    "T046_empty_upn": ({"san": [c.upn("")]}, {}),
    "T046_realm_only": ({"san": [c.upn("@acme.example")]}, {}),
    "T046_nothing": ({"san": None}, {"subject": c.sequence()}),
    "T046_foreign_realm": ({"san": [c.upn("alice@evil.example")]}, {}),
    "T049_sql": ({"san": [c.upn("alice'--@acme.example")]}, {}),
    "T049_shell": ({"san": [c.upn("$(id)@acme.example")]}, {}),
    "T049_path": ({"san": [c.upn("../alice@acme.example")]}, {}),
}


def extensions(san=(ALICE,), eku=c.eku(c.CLIENT_AUTH, c.SMARTCARD_LOGON),
               usage=c.key_usage(0x80), more=b""):
    return [c.basic_constraints(), usage, eku,
            *([c.san(*san)] if san else []), *([more] if more else [])]


@pytest.fixture
def key(tmp_path):
    return c.Key(tmp_path / "odd.key")


def decide(machine, verifier, certificate, key, user="alice"):
    """What the verifier makes of it: "allow", or how far it came."""
    device = https.device(verifier, machine)
    status, challenge, _ = device.open(Machine.NAME, user)
    assert status == 201
    try:
        person = https.person(verifier, machine, certificate, key.path)
        status, _ = person.prove(challenge["challenge"], Machine.NAME, user)
    except (ssl.SSLError, ConnectionError):
        return "handshake"
    if status != 200:
        return status
    status, grant = device.grant(challenge["challenge"], 5)
    assert status == 200
    return grant["decision"]


def make(acme, tmp_path, key, ext, **more):
    if ext:
        ext = [*ext, c.authority(acme.ca / "users.pem")]
    return c.make(tmp_path / "odd.pem", key, acme.ca / "users.pem",
                  acme.ca / "users.key", *ext, **more)


def test_made_as_it_should_be(acme, machine, verifier, tmp_path, key):
    """The yardstick: nothing odd, and alice comes in."""
    pem = make(acme, tmp_path, key, extensions())
    assert decide(machine, verifier, pem, key) == "allow"
    assert decide(machine, verifier, pem, key, "bob") == "deny"


@pytest.mark.parametrize("odd", ODD)
def test_T030_T042_T043_T044_T045_T046_odd(acme, machine, verifier,
                                           tmp_path, key, odd):
    change, more = ODD[odd]
    ext = extensions(**change) if change is not None else []
    pem = make(acme, tmp_path, key, ext, **more)
    try:
        assert decide(machine, verifier, pem, key) != "allow"
    except ssl.SSLError:
        pass        # Python's OpenSSL does not even load it
    # The verifier has survived that, and says why in its own words.
    good = make(acme, tmp_path, key, extensions())
    assert decide(machine, verifier, good, key) == "allow"


@pytest.mark.parametrize("email,wanted", [
    ("bob@acme.example", "deny"), ("alice@acme.example", "allow")])
def test_T043_upn_and_email(acme, machine, verifier, tmp_path, key, email,
                            wanted):
    """An e-mail address of somebody else: what names a person agrees."""
    pem = make(acme, tmp_path, key,
               extensions(san=[ALICE, c.email(email)]))
    assert decide(machine, verifier, pem, key) in (wanted, "allow")


def test_T041_nobody_mapped(acme, machine, verifier, tmp_path, key):
    """The victim's name, signed by the CA of the machines."""
    pem = c.make(tmp_path / "odd.pem", key, acme.ca / "machines.pem",
                 acme.ca / "machines.key", *extensions(),
                 c.authority(acme.ca / "machines.pem"))
    assert decide(machine, verifier, pem, key) != "allow"


def test_T047_same_issuer_name_other_key(acme, machine, verifier, tmp_path,
                                         key):
    """A CA that calls itself as ours does, with the serial of a real one."""
    evil = c.Key(tmp_path / "evil.key")
    pem = c.make(tmp_path / "odd.pem", key,
                 c.subject_of(acme.ca / "users.pem"), evil.path,
                 *extensions(), c.authority(acme.ca / "users.pem"),
                 serial=1)
    assert decide(machine, verifier, pem, key) != "allow"


def test_T031_leaf_as_ca(acme, machine, verifier, tmp_path, key):
    """alice's own certificate signs one for bob."""
    leaf_key = c.Key(tmp_path / "leaf.key")
    leaf = c.make(tmp_path / "leaf.pem", leaf_key, acme.ca / "users.pem",
                  acme.ca / "users.key", *extensions(),
                  c.authority(acme.ca / "users.pem"))
    pem = c.make(tmp_path / "odd.pem", key, leaf, leaf_key.path,
                 *extensions(san=[c.upn("bob@acme.example")]))
    chain = tmp_path / "chain.pem"
    chain.write_text(pem.read_text() + leaf.read_text())
    assert decide(machine, verifier, chain, key, "bob") != "allow"
