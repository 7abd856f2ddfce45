# SPDX-License-Identifier: BSD-2-Clause
"""mtls-verifier --check-config, before somebody starts it; and whom mtlsctl
finds at the admin socket."""

import os
import socket

import pytest

from mtls_test import VERIFIER
from mtls_test.ctl import ctl
from mtls_test.organisation import Verifier
from mtls_test.process import run


@pytest.fixture
def at_rest(acme):
    it = Verifier(acme, "verifier6.acme.example")
    yield it
    it.remove()


def check(verifier):
    return run(VERIFIER, "--check-config", "--config", verifier.conf).stdout


def test_good_files_that_refuse_logins(at_rest):
    good = "The settings, the policy and all files are good.\n"
    assert check(at_rest) == good
    (at_rest.directory / "crl/users.crl.pem").unlink()
    said = check(at_rest)
    assert "but logins will be refused" in said
    assert "\tcrl-missing CN=Acme Users CA,O=Acme\n" in said
    # Where no list is wanted nothing is amiss.
    at_rest.write_settings("[revocation]\nmode = relaxed\n")
    assert check(at_rest) == good


def test_no_verifier_at_the_socket(at_rest):
    said = ctl("status", "--socket", at_rest.admin, code=1).stderr
    assert f"no verifier at {at_rest.admin} (is it running?" in said
    assert "--socket" in said


def test_somebody_else_at_the_socket(at_rest):
    """A process of nobody: what it says is not believed, nor what to do
    kept from whoever asked."""
    path = at_rest.directory / "other.sock"
    server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    child = os.fork()
    if child == 0:
        at_rest.directory.chmod(0o777)
        os.setuid(65534)
        server.bind(str(path))
        server.listen()
        server.accept()[0].recv(65536)
        os._exit(0)
    try:
        while not path.exists():
            os.sched_yield()
        said = ctl("status", "--socket", path, code=1).stderr
        assert "not to a verifier" in said
        assert "is asked by that account" in said
    finally:
        os.waitpid(child, 0)
        server.close()
