# SPDX-License-Identifier: BSD-2-Clause
"""FreeRADIUS as the account freerad, with the files of examples/freeradius."""

import concurrent.futures
import contextlib
import functools
import pathlib

import pytest

from mtls_test import CONFIG
from mtls_test import gateway as gateways
from mtls_test.gateway import Gateway, PASSWORD
from mtls_test.machine import PAM_D
from mtls_test.process import Process, run

ETC = pathlib.Path("/etc/freeradius/3.0")
NAME = "radius1.acme.example"
OTHER = "radius2.acme.example"
# One after the other, and each wrong one takes its time.
MANY = 4
# What Debian's own radiusd.conf comes to.
RADIUSD_CONF = """\
prefix = /usr
sysconfdir = /etc
localstatedir = /var
name = freeradius
confdir = ${sysconfdir}/freeradius/3.0
modconfdir = ${confdir}/mods-config
libdir = /usr/lib/freeradius
logdir = /tmp
raddbdir = ${confdir}
max_request_time = 30
log {
	destination = stdout
	auth = yes
}
security {
	reject_delay = 0
}
thread pool {
	start_servers = 5
	max_servers = 32
}
$INCLUDE clients.conf
modules {
	$INCLUDE mods-enabled/
}
$INCLUDE sites-enabled/
"""
CLIENTS_CONF = """\
client switch {
	ipaddr = 127.0.0.1
	secret = testing123
	require_message_authenticator = yes
}
"""


@pytest.fixture(scope="module")
def verifier(acme, laptop):
    with gateways.verifier(acme, "freeradius") as it:
        yield it


@pytest.fixture
def code(person):
    return functools.partial(person.code, "radiusd", NAME)


@pytest.fixture
def gateway(acme, verifier):
    it = Gateway(acme, verifier, "freeradius", name=NAME)
    it.pam("radiusd", "radiusd")
    it.pam("radiusd-password", "radiusd-password")
    etc = it.directory(ETC)
    for folder in ("mods-enabled", "sites-enabled", "mods-config"):
        (etc / folder).mkdir()
    (etc / "radiusd.conf").write_text(RADIUSD_CONF)
    (etc / "clients.conf").write_text(CLIENTS_CONF)
    (etc / "dictionary").write_text("")
    it.copy("mods-pam_mtls", etc / "mods-enabled/pam")
    with it.socket():
        yield it
    it.remove()


@contextlib.contextmanager
def server(gateway, site="site-pam_mtls"):
    """As Debian's service runs it: as freerad, without any privilege."""
    gateway.copy(site, ETC / "sites-enabled/pam_mtls")
    run("chown", "-R", "freerad:freerad", ETC.parent)
    with Process("sh", "-c", 'exec "$@" >&2', "sh", "setpriv",
                 "--reuid=freerad", "--regid=freerad", "--init-groups",
                 "--no-new-privs", "freeradius", "-f", "-l", "stdout", "-d",
                 ETC, "-n", "radiusd") as process:
        try:
            process.wait_for("Ready to process requests")
            yield process
        finally:
            print(process.output())


def let_in(password):
    """Whether the RADIUS server accepts that; it has to answer."""
    done = run("radtest", "alice", password, "127.0.0.1", "1", "testing123",
               check=False).stdout
    assert "Received Access-Accept" in done or \
        "Received Access-Reject" in done, done
    return "Received Access-Accept" in done


def test_let_in_and_refused(gateway, person, code):
    """Refused: the password alone, a code that was used, one for another
    server."""
    with server(gateway):
        assert not let_in(PASSWORD)
        good = code()
        assert let_in(good)
        assert not let_in(good)
        assert not let_in(person.code("radiusd", OTHER))


def test_many_tries_with_one_code(gateway, code):
    """Of those who use one code at the same time, one comes in."""
    good = code()
    with server(gateway), \
            concurrent.futures.ThreadPoolExecutor(MANY) as pool:
        assert sum(pool.map(lambda _: let_in(good), range(MANY))) == 1


def test_two_factors(gateway, code):
    """In one field, one behind the other."""
    with server(gateway, "site-pam_mtls-two-factor"):
        assert not let_in("wrong password" + code())
        assert not let_in(PASSWORD + "0000-0000")
        assert not let_in(PASSWORD)
        assert not let_in(code())
        assert let_in(PASSWORD + code())
        assert let_in(PASSWORD + code().replace("-", "").lower())


def test_not_a_caller(gateway, code):
    """freerad may ask for everybody because the settings say so."""
    path = pathlib.Path(CONFIG)
    path.write_text(path.read_text().replace("callers = ", "#callers = "))
    with server(gateway):
        assert not let_in(code())


def test_one_answer_for_two_questions(gateway, code):
    """pam_mtls and pam_unix in one stack get the same answer: never."""
    service = PAM_D / "radiusd"
    service.write_text("auth requisite pam_unix.so\n" + service.read_text())
    with server(gateway):
        assert not let_in(code())
        assert not let_in(PASSWORD)
