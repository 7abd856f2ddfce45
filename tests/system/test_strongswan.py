# SPDX-License-Identifier: BSD-2-Clause
"""strongSwan, EAP-GTC over PAM, with the files of examples/strongswan."""

import functools

import pytest

from mtls_test import gateway as gateways
from mtls_test.gateway import Gateway, NAME, PASSWORD
from mtls_test.machine import PAM_D
from mtls_test.network import server_certificate
from mtls_test.process import ENVIRONMENT, Process, run, wait_until

INSIDE = "10.96.255.1"
OTHER = "vpn2.acme.example"
# ESP in the program itself, because kernels for tests often have none; what
# it needs is a tun device.
TEST_CONF = """
charon {
	filelog { stderr { default = 1
		flush_line = yes } }
	plugins {
		kernel-libipsec { load = yes }
		vici { socket = unix://@RUN@/charon.vici }
	}
}
"""


pytestmark = pytest.mark.usefixtures("tunnels")


@pytest.fixture(scope="module")
def verifier(acme, laptop):
    with gateways.verifier(acme, "strongswan") as it:
        yield it


class End:
    """charon with files of its own, on this computer or on the laptop."""

    def __init__(self, gateway, name, wrap=()):
        self.wrap = wrap
        self.etc = gateway.directory(f"/etc/{name}")
        for folder in ("conf.d", "x509", "x509ca", "private", "strongswan.d"):
            (self.etc / folder).mkdir()
        run("cp", "-r", "/etc/strongswan.d/charon", self.etc)
        (self.etc / "strongswan.conf").write_text(
            "charon { load_modular = yes\n"
            f"plugins {{ include {self.etc}/charon/*.conf\n}} }}\n"
            f"include {self.etc}/strongswan.d/*.conf\n" +
            TEST_CONF.replace("@RUN@", str(self.etc)))
        (self.etc / "swanctl.conf").write_text("include conf.d/*.conf\n")
        self.environment = {**ENVIRONMENT, "SWANCTL_DIR": str(self.etc),
                            "STRONGSWAN_CONF": f"{self.etc}/strongswan.conf"}

    def __enter__(self):
        self.process = Process(*self.wrap, "charon-systemd",
                               env=self.environment)
        wait_until((self.etc / "charon.vici").exists, "charon")
        self.swanctl("--load-all", "--noprompt")
        return self

    def certificate(self, name, stem, issuer=None):
        """A certificate of this end, and its key."""
        server_certificate(self.etc / "x509", name, stem, issuer)
        (self.etc / f"x509/{stem}.key").rename(
            self.etc / f"private/{stem}.key")

    def swanctl(self, *words, check=True):
        done = run("swanctl", *words, "--uri",
                   f"unix://{self.etc}/charon.vici", check=check,
                   env=self.environment)
        print(done.stdout, done.stderr)
        return done

    def __exit__(self, *_):
        self.process.stop()
        print(self.process.text)


@pytest.fixture
def code(person):
    return functools.partial(person.code, "ipsec", NAME)


@pytest.fixture
def gateway(acme, verifier):
    it = Gateway(acme, verifier, "strongswan")
    it.pam("ipsec", "ipsec")
    yield it
    it.remove()


@pytest.fixture
def site(request):
    """What the files in conf.d are made of: "", or "-two-factor"."""
    return getattr(request, "param", "")


@pytest.fixture
def inside():
    """The network behind the gateway."""
    run("ip", "address", "add", f"{INSIDE}/32", "dev", "lo")
    yield INSIDE
    run("ip", "address", "delete", f"{INSIDE}/32", "dev", "lo")


@pytest.fixture
def server(gateway, laptop, inside, site):
    """charon as the gateway; not started yet."""
    it = End(gateway, "swanctl")
    gateway.copy(f"swanctl{site}.conf", it.etc / "conf.d/people.conf")
    gateway.copy("pam_mtls.strongswan.conf",
                 it.etc / "strongswan.d/pam_mtls.conf")
    it.certificate(NAME, "vpn")
    for name in ("computers-ca", "other-ca"):
        server_certificate(it.etc / "x509ca", name, name)
    return it


@pytest.fixture
def client(gateway, laptop, server, site):
    """charon on the laptop."""
    it = End(gateway, "laptop", laptop.argv())
    gateway.copy(f"client{site}.conf", it.etc / "conf.d/vpn1.conf")
    (it.etc / "x509ca/vpn.pem").write_text(
        (server.etc / "x509/vpn.pem").read_text())
    it.certificate("alice-laptop", "computer",
                   server.etc / "x509ca/computers-ca")
    with it:
        yield it


def connect(client, password):
    """Whether there is a tunnel."""
    (client.etc / "conf.d/secret.conf").write_text(
        f'secrets {{ eap {{ id = alice\nsecret = "{password}"\n}} }}\n')
    client.swanctl("--load-creds", "--clear", "--noprompt")
    client.swanctl("--terminate", "--ike", "vpn1", check=False)
    done = client.swanctl("--initiate", "--child", "vpn1", check=False)
    return done.returncode == 0


def test_a_tunnel(gateway, laptop, server, client, code):
    with gateway.socket(), server:
        assert connect(client, code())
        assert laptop.ping(INSIDE)


def test_refused(gateway, server, client, person, code):
    """The password alone, a code that was used, one for another gateway."""
    with gateway.socket(), server:
        assert not connect(client, PASSWORD)
        good = code()
        assert connect(client, good)
        assert not connect(client, good)
        assert not connect(client, person.code("ipsec", OTHER))


def test_without_the_socket(server, client, code):
    """charon has given up most of what root may do; what it starts has it
    again, so that the module can start a helper."""
    with server:
        assert connect(client, code())


def test_where_root_may_little(gateway, server, client, code, syslog):
    """As a service that systemd keeps from becoming another account: the
    helper behind its socket is not kept from it; one that the module starts
    is, and nobody comes in."""
    server.wrap = ("setpriv", "--bounding-set=-all,+net_admin,"
                   "+net_bind_service,+net_raw,+audit_write")
    with server:
        with gateway.socket():
            assert connect(client, code())
        mark = syslog.mark()
        assert not connect(client, code())
        syslog.wait_for("not-granted.*Operation not permitted", mark)


def test_one_answer_for_two_questions(gateway, server, client, code):
    """pam_mtls and pam_unix in one stack get the same answer: never."""
    service = PAM_D / "ipsec"
    service.write_text("auth requisite pam_unix.so\n" + service.read_text())
    with gateway.socket(), server:
        assert not connect(client, code())
        assert not connect(client, PASSWORD)


@pytest.mark.parametrize("site", ["-two-factor"], indirect=True)
def test_two_factors(gateway, laptop, server, client, code, syslog):
    with gateway.socket(), server:
        assert connect(client, code())
        assert laptop.ping(INSIDE)
        assert not connect(client, PASSWORD)
        # The right code, on a computer that is not known.
        client.certificate("alice-laptop", "computer",
                           server.etc / "x509ca/other-ca")
        client.swanctl("--load-all", "--noprompt")
        mark = syslog.mark()
        assert not connect(client, code())
        assert not any("pam_mtls" in line for line in syslog.since(mark))
