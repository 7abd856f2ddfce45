# SPDX-License-Identifier: BSD-2-Clause
"""One login with a card in a reader: pcscd, vpcd, libcacard, OpenSC."""

import pathlib
import re

import pytest

from mtls_test import CONFIG, pam
from mtls_test.virtual_card import OPENSC, PROGRAM, VirtualCard


def settings(machine):
    """OpenSC in the place of SoftHSM, and one of the three certificates."""
    machine.settings(token="uri = pkcs11:id=%00%01")
    text = pathlib.Path(CONFIG).read_text()
    text = re.sub(r"^(module) = .*$", rf"\1 = {OPENSC}", text, flags=re.M)
    text = re.sub(r"^(environment|writable) = .*\n", "", text, flags=re.M)
    pathlib.Path(CONFIG).write_text(text)


@pytest.mark.skipif(not PROGRAM.exists(), reason="libcacard is not there")
def test_login(machine, acme, verifier, tmp_path, transport):
    with VirtualCard(acme, "alice", tmp_path) as card:
        settings(machine)
        outcome = pam.authenticate("door", "alice", [card.pin])
        assert outcome.code == "SUCCESS"
        assert len(outcome.prompts()) == 1
        assert verifier.audit()[-1]["decision"] == "allow"
        assert pam.authenticate("door", "alice",
                                ["0000"]).code != "SUCCESS"
