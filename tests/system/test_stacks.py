# SPDX-License-Identifier: BSD-2-Clause
"""The module in the stacks that people write, with the real libpam."""

import pytest

STACKS = {
    "required": ("auth required MODULE", "auth required pam_permit.so"),
    "bracket": ("auth [success=ok ignore=ignore default=bad] MODULE",
                "auth required pam_permit.so"),
    "sufficient": ("auth sufficient MODULE", "auth required pam_deny.so"),
}


def door(machine, stack):
    machine.service("door", *STACKS[stack])


def test_T001_required_without_card(machine, login, transport):
    door(machine, "required")
    assert login().code == "AUTHINFO_UNAVAIL"


def test_T002_bracket_without_card(machine, login, transport):
    door(machine, "bracket")
    assert login().code == "AUTHINFO_UNAVAIL"


def test_T003_sufficient(machine, cards, login, transport):
    door(machine, "sufficient")
    assert login().code != "SUCCESS"
    card = cards()
    machine.insert(card)
    assert login("000000").code != "SUCCESS"
    assert login(card.pin).code == "SUCCESS"


@pytest.mark.parametrize("stack", STACKS)
def test_T001_T002_T003_with_card(machine, cards, login, stack):
    door(machine, stack)
    card = cards()
    machine.insert(card)
    assert login(card.pin).code == "SUCCESS"
    assert login("000000").code != "SUCCESS"


def test_T004_sole_module(machine, cards, login):
    card = cards()
    machine.insert(card)
    outcome = login(card.pin, calls=("authenticate", "setcred"))
    assert outcome.code == "SUCCESS"
    assert outcome.more["setcred"] == ["SUCCESS"]


def test_T005_account_before_login(machine, cards, login):
    machine.service("door", account="account required MODULE")
    card = cards()
    machine.insert(card)
    assert login(calls=("acct_mgmt",)).more["acct_mgmt"] == ["PERM_DENIED"]
    outcome = login(card.pin, calls=("authenticate", "acct_mgmt"))
    assert outcome.more["acct_mgmt"] == ["SUCCESS"]


def test_T119_two_logins_on_one_handle(machine, cards, login):
    card = cards()
    machine.insert(card)
    outcome = login(card.pin, "000000", card.pin, logins=3)
    assert outcome.more["authenticate"] == ["SUCCESS", "AUTH_ERR", "SUCCESS"]
