# SPDX-License-Identifier: BSD-2-Clause
"""ocserv and openconnect with the files of examples/ocserv."""

import contextlib
import pathlib

import pytest

from mtls_test import gateway as gateways
from mtls_test.gateway import Gateway, NAME, PASSWORD
from mtls_test.network import server_certificate
from mtls_test.process import Process, run, wait_until

ETC = pathlib.Path("/etc/ocserv")
INSIDE = "10.97.0.1"


@pytest.fixture(scope="module")
def verifier(acme, laptop):
    with gateways.verifier(acme, "ocserv") as it:
        yield it


@pytest.fixture
def gateway(acme, verifier):
    it = Gateway(acme, verifier, "ocserv")
    it.insert(acme.card())
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


def openconnect(*options):
    """The command line; answers come from its input, a line for each."""
    pin = run("sh", "-c", f"openssl x509 -in {ETC}/vpn.pem -noout -pubkey | "
              "openssl pkey -pubin -outform der | "
              "openssl dgst -sha256 -binary | base64").stdout.strip()
    return ("openconnect", "--protocol=anyconnect", "--user=alice",
            "--passwd-on-stdin", f"--servercert=pin-sha256:{pin}",
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


def test_refused(gateway, laptop, code):
    with server():
        assert let_in(laptop, code())
        assert not let_in(laptop, PASSWORD)


def test_two_factors(gateway, laptop, code):
    """A form for each; both have to be right."""
    gateway.pam("ocserv-two-factor", "ocserv")
    with server():
        assert let_in(laptop, code(), PASSWORD)
        assert not let_in(laptop, code(), "wrong password")
        assert not let_in(laptop, "0000-0000", PASSWORD)
