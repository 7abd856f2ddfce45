# SPDX-License-Identifier: BSD-2-Clause
"""ocserv and openconnect with the files of examples/ocserv."""

import concurrent.futures
import contextlib
import functools
import pathlib

import pexpect
import pytest

from mtls_test import gateway as gateways
from mtls_test.gateway import Gateway, NAME, PASSWORD
from mtls_test.network import server_certificate
from mtls_test.process import Process, run, wait_until
from mtls_test.programs import spawn

ETC = pathlib.Path("/etc/ocserv")
INSIDE = "10.97.0.1"
OTHER = "vpn2.acme.example"
# One after the other, and each wrong one takes its time.
MANY = 4
WORD = r"mtlsctl approve (\S+)"


@pytest.fixture(scope="module")
def verifier(acme, laptop):
    with gateways.verifier(acme, "ocserv") as it:
        yield it


@pytest.fixture
def code(person):
    return functools.partial(person.code, "ocserv", NAME)


@pytest.fixture
def gateway(acme, verifier):
    it = Gateway(acme, verifier, "ocserv")
    it.pam("ocserv", "ocserv")
    it.directory(ETC)
    it.copy("ocserv.conf", ETC)
    server_certificate(ETC, NAME)
    with it.socket():
        yield it
    it.remove()


@contextlib.contextmanager
def server():
    with Process("ocserv", "--foreground", "--debug=1", "--config",
                 ETC / "ocserv.conf") as process:
        try:
            process.wait_for("sec-mod initialized")
            yield process
        finally:
            print(process.output())


def openconnect(*options, stdin=True):
    """The command line; answers come from its input, a line for each, or
    from a terminal."""
    pin = run("sh", "-c", f"openssl x509 -in {ETC}/vpn.pem -noout -pubkey | "
              "openssl pkey -pubin -outform der | "
              "openssl dgst -sha256 -binary | base64").stdout.strip()
    return ("openconnect", "--protocol=anyconnect", "--user=alice",
            *(["--passwd-on-stdin"] if stdin else []), f"--servercert=pin-sha256:{pin}",
            *options, f"https://{NAME}")


def let_in(laptop, *answers):
    """Whether ocserv lets alice in; no tunnel is made."""
    done = laptop.run(*openconnect("--authenticate"), check=False,
                      input="".join(f"{answer}\n" for answer in answers))
    return done.returncode == 0 and "COOKIE=" in done.stdout


def test_a_tunnel(gateway, laptop, tunnels, code):
    answer = ETC / "answer"
    answer.write_text(f"{code()}\n")
    with server(), Process(*laptop.argv(
            "sh", "-c", 'exec "$@" <"$0" >&2', answer,
            *openconnect())) as client:
        client.wait_for("Configured as")
        wait_until(lambda: laptop.ping(INSIDE), "the tunnel")


def test_session_first(gateway, laptop, person):
    """The form shows a word; mtlsctl approve gives the code for it."""
    with server():
        child = spawn(*laptop.argv(*openconnect("--authenticate",
                                                stdin=False)))
        child.expect(WORD)
        child.sendline(person.approve(child.match[1]))
        assert child.expect(["COOKIE=", pexpect.EOF]) == 0
        child.close(force=True)


def test_refused(gateway, laptop, person, code):
    """The password alone, a code that was used, one for another gateway."""
    with server():
        assert not let_in(laptop, PASSWORD)
        good = code()
        assert let_in(laptop, good)
        assert not let_in(laptop, good)
        assert not let_in(laptop, person.code("ocserv", OTHER))


def test_many_tries_with_one_code(gateway, laptop, code):
    """Of those who use one code at the same time, one comes in."""
    # ocserv itself would shut the address out.
    with (ETC / "ocserv.conf").open("a") as conf:
        conf.write("max-ban-score = 0\n")
    good = code()
    with server(), concurrent.futures.ThreadPoolExecutor(MANY) as pool:
        came = pool.map(lambda _: let_in(laptop, good), range(MANY))
        assert sum(came) == 1


def test_two_factors(gateway, laptop, code):
    """A form for each; both have to be right."""
    gateway.pam("ocserv-two-factor", "ocserv")
    with server():
        assert not let_in(laptop, code(), "wrong password")
        assert not let_in(laptop, "0000-0000", PASSWORD)
        assert let_in(laptop, code(), PASSWORD)
