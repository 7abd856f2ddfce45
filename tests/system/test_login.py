# SPDX-License-Identifier: BSD-2-Clause
"""A login, granted and refused: the codes, the prompts, the audit."""

import os
import pathlib
import re

import pytest

from mtls_test import CONFIG, DEADLINE_S, HELPER
from mtls_test.card import KINDS
from mtls_test.machine import Machine
from mtls_test.organisation import Organisation, Verifier
from mtls_test.process import run


@pytest.mark.parametrize("kind", KINDS)
def test_granted(machine, cards, login, verifier, transport, kind):
    card = cards("alice", kind)
    machine.insert(card)
    before = len(verifier.audit())
    outcome = login(card.pin, tty="tty1")
    assert outcome.code == "SUCCESS"
    assert outcome.messages == [["secret", f"PIN for {card.label}: "]]
    record = verifier.audit()[before:][-1]
    assert (record["decision"], record["user"], record["service"],
            record["host"], record["tty"]) == \
        ("allow", "alice", "door", Machine.NAME, "tty1")


def test_pamtester_says_so(machine, cards):
    card = cards()
    machine.insert(card)
    done = run("pamtester", "door", "alice", "authenticate",
               input=card.pin + "\n")
    assert "successfully authenticated" in done.stdout


def test_wrong_pin(machine, cards, login, verifier, syslog, transport):
    card = cards()
    machine.insert(card)
    mark = syslog.mark()
    outcome = login("000000")
    assert outcome.code == "AUTH_ERR"
    assert len(outcome.prompts()) == 1
    assert any("PIN" in told for told in outcome.told())
    syslog.wait_for("pin-wrong", mark)
    assert login(card.pin).code == "SUCCESS"


def test_no_card(machine, login, syslog, transport):
    mark = syslog.mark()
    outcome = login("740218")
    assert outcome.code == "AUTHINFO_UNAVAIL"
    assert outcome.prompts() == []
    assert any("card" in told for told in outcome.told())
    syslog.wait_for("token-absent", mark)


def test_password_alone(machine, login):
    """The right password opens nothing, whatever the stack tries first."""
    machine.service("door", "auth required MODULE try_first_pass")
    outcome = login("correct horse")
    assert outcome.code == "AUTHINFO_UNAVAIL"
    machine.service("both", "auth requisite pam_unix.so",
                    "auth required MODULE")
    assert login("correct horse", service="both").code == "AUTHINFO_UNAVAIL"


def test_password_as_pin(machine, cards, login):
    card = cards()
    machine.insert(card)
    assert login("correct horse").code == "AUTH_ERR"


def test_foreign_ca(machine, login, verifier, transport):
    """Another organisation's card is refused before anybody is asked."""
    other = Organisation("Umbrella")
    card = other.card("alice")
    machine.insert(card)
    outcome = login(card.pin)
    other.remove()
    assert outcome.code == "AUTHINFO_UNAVAIL"
    assert outcome.prompts() == []


def test_wrong_user(machine, cards, login, verifier, transport):
    """bob's card and PIN do not make him alice."""
    card = cards("bob")
    machine.insert(card)
    outcome = login(card.pin)
    assert outcome.code == "AUTH_ERR"
    record = verifier.audit()[-1]
    assert (record["decision"], record["user"]) == ("deny", "alice")
    assert record["reason"] == "user-mismatch"


def test_no_rule(machine, cards, login, verifier):
    """A certificate of ours, but no rule that lets mallory in."""
    card = cards("mallory")
    machine.insert(card)
    assert login(card.pin, user="mallory").code == "AUTH_ERR"
    assert verifier.audit()[-1]["decision"] == "deny"


def test_T034_revoked_card(machine, acme, verifier, login, transport):
    card = acme.card("alice", label="Lost card")
    machine.insert(card)
    assert login(card.pin).code == "SUCCESS"
    acme.revoke(card.certificate)
    verifier.take_crls()
    assert login(card.pin).code == "AUTH_ERR"
    record = verifier.audit()[-1]
    assert (record["decision"], record["reason"]) == ("deny", "revoked")


def test_T034_revoked_machine(acme, verifier, cards, syslog, login):
    machine = Machine(acme, verifier, name="ws-2.acme.example")
    machine.service("door")
    machine.insert(cards())
    assert login(cards().pin).code == "SUCCESS"
    acme.revoke(machine.certificate)
    verifier.take_crls()
    outcome = login(cards().pin)
    machine.remove()
    assert outcome.code in ("AUTHINFO_UNAVAIL", "AUTH_ERR")
    assert outcome.prompts() == []


def test_machine_not_enrolled(verifier, cards, login):
    """A machine of another organisation asks nobody for a PIN."""
    other = Organisation("Umbrella")
    machine = Machine(other, verifier)
    (machine.etc / "verifier-ca.pem").write_bytes(
        (verifier.organisation.ca / "verifier-ca.pem").read_bytes())
    machine.service("door")
    machine.insert(cards())
    outcome = login(cards().pin)
    machine.remove()
    other.remove()
    assert outcome.code in ("AUTHINFO_UNAVAIL", "AUTH_ERR")
    assert outcome.prompts() == []


def test_T010_verifier_down(acme, syslog, cards, login, transport):
    """Nobody listens; refused at once, and nobody is asked."""
    verifier = Verifier(acme, "verifier9.acme.example").start()
    machine = Machine(acme, verifier)
    machine.service("door")
    machine.insert(cards())
    verifier.stop()
    mark = syslog.mark()
    outcome = login(cards().pin)
    assert outcome.code == "AUTHINFO_UNAVAIL"
    assert outcome.prompts() == []
    syslog.wait_for("unavailable", mark)
    verifier.remove()
    machine.remove()


def test_next_verifier(acme, verifier, cards, login, transport):
    """The first is down: the second decides."""
    first = Verifier(acme, "verifier9.acme.example").start()
    machine = Machine(acme, first, verifier)
    machine.service("door")
    machine.insert(cards())
    first.stop()
    before = len(verifier.audit())
    assert login(cards().pin).code == "SUCCESS"
    assert len(verifier.audit()) > before
    first.remove()
    machine.remove()


def test_no_next_verifier_after_an_answer(acme, verifier, cards, login):
    """The first said no: the second is not asked for another opinion."""
    first = Verifier(acme, "verifier8.acme.example",
                     policy="map issuer \"CN=Acme Users CA,O=Acme\" take "
                     "san:upn realm acme.example\n"
                     "deny user alice\n").start()
    machine = Machine(acme, first, verifier)
    machine.service("door")
    machine.insert(cards())
    before = len(verifier.audit())
    assert login(cards().pin).code == "AUTH_ERR"
    assert len(verifier.audit()) == before
    first.remove()
    machine.remove()


def test_T080_settings_gone(machine, login, syslog):
    """No file is a refusal, not defaults."""
    os.unlink("/etc/pam_mtls/pam_mtls.conf")
    mark = syslog.mark()
    assert login().code == "SERVICE_ERR"
    syslog.wait_for("pam_mtls.conf", mark, DEADLINE_S)


def test_both_handshakes_are_told(acme, cards, login):
    """With --debug the verifier says who has proven what to whom."""
    verifier = Verifier(acme, "verifier5.acme.example").start("--debug")
    machine = Machine(acme, verifier)
    machine.service("door")
    card = cards("alice", "rsa2048")
    machine.insert(card)
    assert login(card.pin).code == "SUCCESS"
    for phase, who, signed in (("device", Machine.NAME, "ECDSA with SHA256"),
                               ("user", "alice", "RSA-PSS with SHA256")):
        line = verifier.process.wait_for(f"handshake phase={phase} .*")[0]
        assert 'verifier="CN=verifier5.acme.example,O=Acme"' in line
        assert f'cert="CN={who},O=Acme"' in line
        assert 'tls="TLSv1.3, TLS_' in line
        assert f'client signed {signed}"' in line
    verifier.remove()
    machine.remove()


def test_check_config_looks_at_the_module(machine):
    """What every login would end with is known before the first one."""
    good = run(HELPER, "--check-config", CONFIG)
    assert "ws-1.acme.example" in good.stdout
    settings = pathlib.Path(CONFIG)
    settings.write_text(re.sub("(?m)^module = .*", "module = /usr/lib/none.so",
                               settings.read_text()))
    bad = run(HELPER, "--check-config", CONFIG, check=False)
    assert bad.returncode == 1 and bad.stdout == ""
    assert "module in [token]: /usr/lib/none.so: No such file" in bad.stderr
