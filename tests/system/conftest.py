# SPDX-License-Identifier: BSD-2-Clause
"""What every system test may ask for.

The tests run as root of a machine of their own (tests/run starts them
there); anywhere else they refuse to run, because they write to /etc.
"""

import contextlib
import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "lib"))

from mtls_test import pam                                     # noqa: E402
from mtls_test.machine import Machine                         # noqa: E402
from mtls_test.network import Laptop, without_tunnels         # noqa: E402
from mtls_test.organisation import Organisation, Verifier     # noqa: E402
from mtls_test.process import run                             # noqa: E402
from mtls_test.person import Person                           # noqa: E402
from mtls_test.syslog import Syslog                           # noqa: E402


def pytest_configure(config):
    if os.uname().nodename != "ws-1.acme.example":
        pytest.exit("run system tests through tests/run", 3)
    config.addinivalue_line("markers", "card(user, kind): the card to use")


@pytest.fixture(scope="session")
def syslog():
    return Syslog()


@pytest.fixture(autouse=True)
def shown_if_it_fails(syslog, verifier):
    """What they said meanwhile; pytest shows it with a failure."""
    mark, seen = syslog.mark(), len(verifier.log())
    yield
    print("\n".join(syslog.since(mark)))
    print(verifier.log()[seen:])


@pytest.fixture(scope="session")
def acme():
    """The organisation; nobody revokes or breaks anything of it."""
    organisation = Organisation("Acme")
    yield organisation
    organisation.remove()


@pytest.fixture(scope="session")
def verifier(acme):
    with contextlib.ExitStack() as stack:
        # Here everybody fails for everybody else: no limits.
        it = Verifier(acme, settings="[limits]\n" + "".join(
            f"{who}-failures = none\n"
            for who in ("user", "card", "machine", "source")))
        stack.callback(it.remove)
        yield it.start()


@pytest.fixture(scope="session")
def cards(acme):
    """cards(user, kind): one card of each, made when first wanted."""
    made = {}

    def card(user="alice", kind="p256"):
        if (user, kind) not in made:
            made[user, kind] = acme.card(user, kind)
        return made[user, kind]
    return card


@pytest.fixture(scope="module")
def keys(acme, tmp_path_factory):
    """keys(user): certificate and key of a person, as files."""
    directory = tmp_path_factory.mktemp("keys")
    made = {}

    def make(user):
        if user not in made:
            key, csr = directory / f"{user}.key", directory / f"{user}.csr"
            run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                "-subj", f"/CN={user}", "-out", csr)
            made[user] = (acme.issue_user(user, csr), key)
        return made[user]
    return make


@pytest.fixture
def machine(acme, verifier, syslog):
    """An enrolled machine with the service "door", and no card in it."""
    it = Machine(acme, verifier)
    it.service("door")
    yield it
    it.remove()


@pytest.fixture(params=["socket", "spawned"])
def transport(request, machine):
    """The helper behind its socket, and spawned by the module."""
    if request.param == "spawned":
        yield request.param
        return
    with machine.socket():
        yield request.param


@pytest.fixture
def login():
    """login(answers...): one login of alice at the door."""
    def go(*answers, service="door", user="alice", **options):
        return pam.authenticate(service, user, answers, **options)
    return go


@pytest.fixture(scope="module")
def laptop():
    """A second computer, on a cable to this one."""
    it = Laptop()
    yield it
    it.remove()


@pytest.fixture(scope="module")
def tunnels():
    """For tests through which packets flow."""
    if reason := without_tunnels():
        pytest.skip(reason)


@pytest.fixture(scope="module")
def person(acme, verifier, laptop):
    """alice at the second computer, with her card."""
    return Person(acme, verifier, laptop)
