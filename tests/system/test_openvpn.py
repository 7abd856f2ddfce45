# SPDX-License-Identifier: BSD-2-Clause
"""OpenVPN with its PAM plug-in and the files of examples/openvpn."""

import contextlib
import pathlib
import re
import signal

import pytest

from mtls_test import CONFIG, gateway as gateways
from mtls_test.gateway import Gateway, NAME, PASSWORD
from mtls_test.network import server_certificate
from mtls_test.process import Process, children, wait_until
from mtls_test.programs import spawn

SERVER = pathlib.Path("/etc/openvpn/server")
CLIENT = pathlib.Path("/etc/openvpn/client")
INSIDE = "10.98.0.1"
UP = "Initialization Sequence Completed"

pytestmark = pytest.mark.usefixtures("tunnels")


@pytest.fixture(scope="module")
def verifier(acme, laptop):
    with gateways.verifier(acme, "openvpn") as it:
        yield it


@pytest.fixture
def gateway(acme, verifier):
    it = Gateway(acme, verifier, "openvpn")
    it.insert(acme.card())
    it.pam("openvpn", "openvpn")
    for directory in (SERVER, CLIENT):
        it.directory(directory)
    for name in ("server.conf", "auth-code.conf"):
        it.copy(name, SERVER)
    it.copy("client.conf", CLIENT)
    server_certificate(SERVER, NAME)
    for directory in (SERVER, CLIENT):
        (directory / "vpn-ca.pem").write_text(
            (SERVER / "vpn.pem").read_text())
    with it.socket() as it.door:
        yield it
    it.remove()


def change(path, old, new):
    """What an administrator would do to an example."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def plain():
    """No list of names in the plug-in's line."""
    path = SERVER / "auth-code.conf"
    path.write_text(re.sub('"openvpn login .*"', "openvpn",
                           path.read_text()))


def not_deferred():
    change(SERVER / "auth-code.conf", "setenv deferred_auth_pam 1\n", "")


def openvpn(directory, *options):
    """It logs to its output; this has it in stderr."""
    return ("sh", "-c", 'exec "$@" >&2', "sh", "openvpn", "--cd", directory,
            *options)


@contextlib.contextmanager
def server(*options):
    with Process(*openvpn(SERVER, "--config", "server.conf",
                          *options)) as process:
        try:
            process.wait_for(UP)
            yield process
        finally:
            print(process.output())


class Client(Process):
    """OpenVPN on the laptop, with this as alice's password."""

    def __init__(self, laptop, password, *options, number=0):
        secret = CLIENT / f"secret-{number}"
        secret.write_text(f"alice\n{password}\n")
        super().__init__(*laptop.argv(*openvpn(
            CLIENT, "--config", "client.conf", "--auth-user-pass", secret,
            "--connect-retry-max", "1", *options)))

    def came_up(self):
        """Whether there is a tunnel; waits until that is clear."""
        found = self.wait_for(f"{UP}|AUTH_FAILED|process (exit|restart)ing")
        return found[0] == UP


def comes_up(laptop, password, *options):
    with Client(laptop, password, *options) as client:
        return client.came_up()


@pytest.mark.parametrize("plugin", ["list", "plain"])
@pytest.mark.parametrize("deferred", [True, False])
def test_T10A_a_tunnel(gateway, laptop, code, plugin, deferred):
    """One question without echo, whatever way the plug-in is set up; then
    packets flow."""
    if plugin == "plain":
        plain()
    if not deferred:
        not_deferred()
    with server("--verb", "7") as gate:
        with Client(laptop, code()) as client:
            assert client.came_up()
            assert laptop.ping(INSIDE)
        asked = re.findall(r"my_conv\[\d+\] query='(.*?)' style=(\d)",
                           gate.output())
    # With a list libpam has to ask for the name itself.
    if plugin == "list":
        assert asked.pop(0) == ("login:", "2")
    assert [style for _, style in asked] == ["1"], asked


def test_refused(gateway, laptop, code):
    with server():
        assert comes_up(laptop, code())
        assert not comes_up(laptop, PASSWORD)


def test_new_keys_without_a_new_code(gateway, laptop, code):
    """OpenVPN authenticates again for new keys; the code is spent."""
    with server() as gate, \
            Client(laptop, code(), "--reneg-pkts", "50") as client:
        assert client.came_up()
        laptop.run("ping", "-c", "60", "-i", "0.002", INSIDE)
        gate.wait_for("auth-token authentication succeeded")
        assert laptop.ping(INSIDE)
        assert "AUTH_FAILED" not in client.output()


def two_factors(laptop, password, code):
    """Somebody at the keyboard: whether they get in."""
    child = spawn(*laptop.argv("openvpn", "--cd", CLIENT, "--config",
                               "client.conf", "--connect-retry-max", "1"))
    child.expect("Username:")
    child.sendline("alice")
    child.expect("Password:")
    child.sendline(password)
    child.expect("CHALLENGE: Code")
    child.sendline(code)
    came_in = child.expect([UP, "AUTH_FAILED", "process (exit|restart)ing"])
    child.close(force=True)
    return came_in == 0


def test_two_factors(gateway, laptop, code):
    gateway.pam("openvpn-two-factor", "openvpn")
    gateway.copy("auth-two-factor.conf", SERVER)
    change(SERVER / "server.conf", "auth-code.conf", "auth-two-factor.conf")
    change(CLIENT / "client.conf", ";static-challenge", "static-challenge")
    with server():
        assert two_factors(laptop, PASSWORD, code())
        assert not two_factors(laptop, "wrong password", code())
        assert not two_factors(laptop, PASSWORD, "0000-0000")


def test_T170_late_verdict(gateway, verifier, laptop, code, syslog):
    """The answer for somebody who has left is not the answer for the next
    who comes under the same name."""
    gateway.insert(gateway.card, verifier="connect-timeout = 20s")
    mark = syslog.mark()
    # Otherwise OpenVPN drops the second for having the name of the first.
    with server("--duplicate-cn"), contextlib.ExitStack() as stack:
        verifier.process.send(signal.SIGSTOP)
        stack.callback(verifier.process.send, signal.SIGCONT)
        first = stack.enter_context(Client(laptop, code()))
        wait_until(lambda: len(children(gateway.door.pid)) == 1,
                   "the first login")
        first.send(signal.SIGKILL)
        first.popen.wait()
        second = stack.enter_context(
            Client(laptop, PASSWORD, number=1))
        wait_until(lambda: len(children(gateway.door.pid)) == 2,
                   "the second login")
        verifier.process.send(signal.SIGCONT)
        assert not second.came_up()
        syslog.wait_for("not-granted", mark)
        syslog.wait_for(": granted", mark)


def test_T170_verdict_after_the_deadline(gateway, verifier, laptop, code,
                                         syslog):
    """Who has waited too long is refused, and stays refused when the verifier
    says yes after all; it is not a yes for the next one."""
    change(pathlib.Path(CONFIG), "deadline = 30s", "deadline = 1s")
    mark = syslog.mark()
    with server(), contextlib.ExitStack() as stack:
        good = code()
        verifier.process.send(signal.SIGSTOP)
        stack.callback(verifier.process.send, signal.SIGCONT)
        assert not comes_up(laptop, good)
        syslog.wait_for("not-granted.*the deadline passed", mark)
        verifier.process.send(signal.SIGCONT)
        assert not comes_up(laptop, PASSWORD)
