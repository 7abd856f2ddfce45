# SPDX-License-Identifier: BSD-2-Clause
"""strongSwan, EAP-GTC over PAM, with the files of examples/strongswan."""

import pytest

from mtls_test import gateway as gateways
from mtls_test.gateway import Gateway, NAME, PASSWORD
from mtls_test.network import server_certificate
from mtls_test.process import ENVIRONMENT, Process, run, wait_until

INSIDE = "10.96.255.1"
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
def verifier(acme):
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
def gateway(acme, verifier):
    it = Gateway(acme, verifier, "strongswan")
    it.insert(acme.card())
    it.pam("ipsec", "ipsec")
    yield it
    it.remove()


@pytest.fixture
def server(gateway):
    it = End(gateway, "swanctl")
    gateway.copy("swanctl.conf", it.etc / "conf.d/people.conf")
    gateway.copy("pam_mtls.strongswan.conf",
                 it.etc / "strongswan.d/pam_mtls.conf")
    server_certificate(it.etc / "x509", NAME)
    (it.etc / "x509/vpn.key").rename(it.etc / "private/vpn.key")
    # The network behind the gateway.
    run("ip", "address", "add", f"{INSIDE}/32", "dev", "lo")
    with it:
        yield it
    run("ip", "address", "delete", f"{INSIDE}/32", "dev", "lo")


@pytest.fixture
def client(gateway, laptop, server):
    it = End(gateway, "laptop", laptop.argv())
    gateway.copy("client.conf", it.etc / "conf.d/vpn1.conf")
    (it.etc / "x509ca/vpn.pem").write_text(
        (server.etc / "x509/vpn.pem").read_text())
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


def test_a_tunnel(gateway, laptop, client, code):
    with gateway.socket():
        assert connect(client, code())
        assert laptop.ping(INSIDE)
        assert not connect(client, PASSWORD)


def test_without_the_socket(gateway, client, code):
    """charon has given up most of what root may do; what it starts has it
    again, so that the module can start a helper."""
    assert connect(client, code())
    assert not connect(client, PASSWORD)
