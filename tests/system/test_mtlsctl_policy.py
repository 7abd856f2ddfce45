# SPDX-License-Identifier: BSD-2-Clause
"""mtlsctl policy: mistakes in a policy, and what it decides, in words."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "lib"))

from mtls_test.ctl import (TOP, ctl, make_csr, openssl,       # noqa: E402
                           row, rows)

EXAMPLES = [TOP / "examples/policy.conf",
            *sorted((TOP / "examples/policies").glob("*.conf"))]
TUESDAY = "2026-11-24T07:30:00Z"        # 08:30 in Berlin
SATURDAY = "2026-11-28T07:30:00Z"


def explain(policy, user, machine, service, *more):
    """The lines of the answer."""
    return ctl("policy", "explain", "--policy", policy, "--user", user,
               "--machine", machine, "--service", service,
               *more).stdout.splitlines()


def example(name):
    return TOP / "examples/policies" / f"{name}.conf"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.stem)
def test_examples_are_without_mistakes(path):
    """But for groups that are the university's own."""
    warnings = rows("policy", "check", path, code=None)
    assert all("is not in this file and not known here" in w["warning"]
               for w in warnings), warnings
    assert path.stem == "university" or not warnings


@pytest.mark.parametrize("name, login, sentence", [
    ("small-office", ("erin", "ws-3.office.example", "login"),
     "erin may log in to ws-3.office.example for login by token: "
     "line 23 allows it."),
    ("small-office", ("erin", "ws-3.office.example", "sudo"),
     "erin may not log in to ws-3.office.example for sudo by token: "
     "no line allows it."),
    ("small-office", ("root", "ws-3.office.example", "login"),
     "root may not log in to ws-3.office.example for login by token: "
     "line 20 denies it."),
    ("university", ("s100042", "pc1.rooms.university.example", "login"),
     "s100042 may not log in to pc1.rooms.university.example for login by "
     "token: line 20 denies it."),
    ("university", ("s100043", "pc1.rooms.university.example", "login"),
     "s100043 may not log in to pc1.rooms.university.example for login by "
     "token: no line allows it."),
    ("vpn", ("dave", "vpn1.acme.example", "openvpn", "--method", "mint",
             "--rhost", "203.0.113.7", "--time", TUESDAY),
     "dave may log in to vpn1.acme.example for openvpn by mint: "
     "line 14 allows it."),
    ("vpn", ("dave", "vpn1.acme.example", "openvpn", "--method", "mint",
             "--rhost", "203.0.113.7", "--time", SATURDAY),
     "dave may not log in to vpn1.acme.example for openvpn by mint: "
     "no line allows it."),
    ("vpn", ("mallory", "vpn1.acme.example", "openvpn", "--method", "code"),
     "mallory may not log in to vpn1.acme.example for openvpn by code: "
     "line 11 denies it."),
    ("sshd", ("deploy", "build-7.acme.example", "sshd", "--method",
              "sshkey", "--rhost", "10.9.0.4"),
     "deploy may log in to build-7.acme.example for sshd by sshkey: "
     "line 17 allows it."),
    ("sshd", ("deploy", "build-7.acme.example", "sshd", "--method",
              "sshkey", "--rhost", "10.8.0.4"),
     "deploy may not log in to build-7.acme.example for sshd by sshkey: "
     "line 18 denies it."),
])
def test_examples_are_explained(name, login, sentence):
    assert explain(example(name), *login)[0] == sentence


def test_a_method_that_nobody_said():
    login = ("deploy", "build-7.acme.example", "sshd")
    note = "Note: without --method it is the method token that is asked about."
    assert note in explain(example("sshd"), *login)
    assert note not in explain(example("sshd"), *login, "--method", "token")


def test_why_each_earlier_rule_did_not():
    out = explain(example("sshd"), "alice", "db1.prod.acme.example", "sudo",
                  "--method", "agent", "--rhost", "10.1.0.3", "--time",
                  SATURDAY)
    assert out[:-1] == [
        "alice may log in to db1.prod.acme.example for sudo by agent: "
        "line 25 allows it.",
        "  line 15: deny user root",
        "    alice is not root",
        "  line 17: allow user deploy on build-*.acme.example for sshd by "
        "sshkey from 10.9.0.0/24",
        "    alice is not deploy",
        "  line 18: deny user deploy",
        "    alice is not deploy",
        "  line 20: allow group admins, developers on jump*.acme.example "
        "for sshd by sshkey, relay",
        "    the machine is db1.prod.acme.example, not jump*.acme.example",
        "  line 23: allow group admins on *.prod.acme.example for sshd, "
        "sudo by sshkey, relay, agent from 10.1.0.0/28 within "
        "\"mon-fri 06:00-22:00 Europe/Berlin\"",
        "    it is Saturday 08:30 in Europe/Berlin, which is outside its "
        "hours",
        "  line 25: allow group admins on *.prod.acme.example for sshd, "
        "sudo by sshkey, relay, agent from 10.1.0.0/28 require policy "
        "1.3.6.1.4.1.99999.7.1",
        "    it matches",
    ]
    assert out[-1].startswith("Note: without --cert it is taken that alice")


def test_groups_of_another_machine():
    out = row("policy", "explain", "--policy", example("university"),
              "--user", "carol", "--machine", "pc1.rooms.university.example",
              "--service", "login", "--time", TUESDAY)
    assert out["decision"] == "deny" and out["reason"] == "no-rule"
    assert out["line"] is None and out["message"] == "Access denied."
    assert {"line": 23, "matches": False,
            "why": "it cannot be told whether carol is in group students",
            }.items() <= out["rules"][2].items()
    assert "group students is not known to this machine; the verifier's " \
        "may know it" in out["notes"]


@pytest.fixture
def card(tmp_path):
    """A CA, and alice's certificate: clientAuth and smartcardLogon."""
    ctl("ca", "init", tmp_path / "ca", "--org", "Acme")
    csr = make_csr(tmp_path / "alice.csr")
    issued = row("ca", "issue", "user", "--ca", tmp_path / "ca", "--csr",
                 csr, "--upn", "alice@acme.example")
    return pathlib.Path(issued["file"])


def with_card(tmp_path, card, policy, *more, user="alice"):
    path = tmp_path / "policy.conf"
    path.write_text(policy)
    return row("policy", "explain", "--policy", path, "--user", user,
               "--machine", "ws-1.acme.example", "--service", "login",
               "--cert", card, *more)


MAP = 'map issuer "CN=Acme Users CA,O=Acme" take san:upn realm acme.example'


@pytest.mark.parametrize("policy, user, reason, note", [
    (f"{MAP}\nallow user any\n", "alice", "allowed", None),
    (f"{MAP}\nallow user any\n", "bob", "user-mismatch", None),
    ("allow user any\n", "alice", "no-user", None),
    ("map bound\nallow user any\n", "alice", "allowed", "bound"),
    (f"{MAP} and bound\nallow user any\n", "alice", "allowed", "bound"),
    (f"{MAP}\nmap bound\nallow user any\n", "bob", "names-disagree",
     "bound"),
    (f"{MAP}\nrequire eku smartcardLogon, key ec 256, age max 1d\n"
     "allow user any\n", "alice", "allowed", None),
    (f"{MAP}\nrequire key ec 384\nallow user any\n", "alice",
     "certificate-key-too-small", None),
    (f"{MAP}\nallow user any require policy 1.2.3\n", "alice",
     "certificate-policy", None),
])
def test_with_a_certificate(tmp_path, card, policy, user, reason, note):
    out = with_card(tmp_path, card, policy, user=user)
    assert out["reason"] == reason
    assert any("to whom the certificate is bound" in n
               for n in out["notes"]) == (note is not None)
    assert any("not looked at" in n for n in out["notes"])


def test_one_certificate_by_number(tmp_path, card):
    out = openssl("x509", "-in", card, "-noout", "-serial", "-ext",
                  "subjectKeyIdentifier")
    serial = out.splitlines()[0].removeprefix("serial=").lower()
    key_id = out.splitlines()[-1].strip().replace(":", "").lower()
    for what in (f"serial {serial}", f"key-id {key_id}"):
        out = with_card(tmp_path, card, 'map issuer "CN=Acme Users CA,'
                        f'O=Acme" {what} user alice\nallow user any\n')
        assert out["reason"] == "allowed"
        out = with_card(tmp_path, card, 'map issuer "CN=Acme Root CA,'
                        f'O=Acme" {what} user alice\nallow user any\n')
        assert out["reason"] == "no-user"


def test_dates_and_warnings(tmp_path, card):
    policy = f"{MAP}\nwarn 3650 days before expiry\nallow user any\n"
    out = with_card(tmp_path, card, policy)
    assert out["message"].startswith("The certificate on this card expires "
                                     "in ")
    out = with_card(tmp_path, card, policy, "--time", "2020-01-01T00:00:00Z")
    assert out["reason"] == "certificate-not-yet-valid"
    out = with_card(tmp_path, card, policy, "--time", "2099-01-01T00:00:00Z")
    assert out["reason"] == "certificate-expired"


def test_issuers_that_are_not_there(tmp_path, card):
    path = tmp_path / "policy.conf"
    path.write_text(f'{MAP}\nmap issuer "CN=Acme Users,O=Acme" take cn\n'
                    "allow user any\n")
    bundle = tmp_path / "ca/users-ca.pem"
    assert card
    [warning] = rows("policy", "check", path, "--ca", bundle, code=2)
    assert warning == {"file": str(path), "line": 2,
                       "warning": 'no CA is called "CN=Acme Users,O=Acme"'}
    done = ctl("policy", "check", path, "--ca", bundle, code=2)
    assert done.stdout == ""
    assert f"warning: {path}:2: no CA is called" in done.stderr


@pytest.mark.parametrize("text, where", [
    ("allow user any,\n", ":1:15: "),
    ("deny user any\n  allow anybody\n", ":2:9: "),
    ('allow user any within "mon 07:00-08:00 Mars/Base"\n', ":1:23: "),
    ("", " is empty"),
    ("\0", "NUL"),
])
def test_mistakes_have_a_place(tmp_path, text, where):
    path = tmp_path / "policy.conf"
    path.write_text(text)
    for command in (("check", path),
                    ("explain", "--policy", path, "--user", "a", "--machine",
                     "b.c", "--service", "d")):
        done = ctl("policy", *command, code=1)
        assert where in done.stderr


@pytest.mark.parametrize("option, value", [
    ("--user", "-f"), ("--user", "a b"), ("--machine", "a_b"),
    ("--service", "a/b"), ("--method", "password"), ("--time", "now"),
    ("--time", "2026-11-24"), ("--cert", "/nonexistent"),
])
def test_bad_arguments(option, value):
    login = {"--user": "alice", "--machine": "a.b", "--service": "login",
             "--policy": EXAMPLES[0], option: value}
    ctl("policy", "explain", *(f"{k}={v}" for k, v in login.items()), code=1)
