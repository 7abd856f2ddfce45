# SPDX-License-Identifier: BSD-2-Clause
"""OpenVPN with its PAM plug-in and the files of examples/openvpn."""

import contextlib
import functools
import pathlib
import re
import signal

import pytest

from mtls_test import CONFIG, DEADLINE_S, gateway as gateways
from mtls_test.gateway import Gateway, NAME, PASSWORD
from mtls_test.network import server_certificate
from mtls_test.process import Process, children, wait_until
from mtls_test.programs import spawn

SERVER = pathlib.Path("/etc/openvpn/server")
CLIENT = pathlib.Path("/etc/openvpn/client")
INSIDE = "10.98.0.1"
OTHER = "vpn2.acme.example"
UP = "Initialization Sequence Completed"

pytestmark = pytest.mark.usefixtures("tunnels")


@pytest.fixture(scope="module")
def verifier(acme, laptop):
    with gateways.verifier(acme, "openvpn") as it:
        yield it


@pytest.fixture
def code(person):
    return functools.partial(person.code, "openvpn", NAME)


@pytest.fixture
def gateway(acme, verifier):
    it = Gateway(acme, verifier, "openvpn")
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


def clients(stack, laptop, passwords):
    """One for each of these, all at once; they make no tunnel of it."""
    return [stack.enter_context(Client(
        laptop, password, "--dev", "null", "--ifconfig-noexec",
        "--route-noexec", number=number))
        for number, password in enumerate(passwords)]


def test_refused(gateway, laptop, person, code):
    """The password alone, a code that was used, one for another gateway."""
    with server(), contextlib.ExitStack() as stack:
        good = code()
        assert comes_up(laptop, good)
        bad = (PASSWORD, good, person.code("openvpn", OTHER))
        assert not any(client.came_up()
                       for client in clients(stack, laptop, bad))


def test_auth_user_pass(gateway, laptop, person):
    """--auth-user-pass <(mtlsctl code --format auth-user-pass ...)"""
    lines = person.mtlsctl("code", "--service", "openvpn", "--on", NAME,
                           "--format", "auth-user-pass").stdout
    with server(), Process(*laptop.argv(
            "bash", "-c", 'exec openvpn --cd "$0" --config client.conf '
            '--connect-retry-max 1 --auth-user-pass <(printf %s "$1") >&2',
            CLIENT, lines)) as client:
        client.wait_for(UP)


def test_new_keys_without_a_new_code(gateway, laptop, code):
    """OpenVPN authenticates again for new keys; the code is spent."""
    with server() as gate, \
            Client(laptop, code(), "--reneg-pkts", "50") as client:
        assert client.came_up()
        laptop.run("ping", "-c", "60", "-i", "0.002", INSIDE)
        gate.wait_for("auth-token authentication succeeded")
        assert laptop.ping(INSIDE)
        assert "AUTH_FAILED" not in client.output()


def at_keyboard(laptop, password, code):
    """Somebody who types both; what comes of it is to be seen."""
    child = spawn(*laptop.argv("openvpn", "--cd", CLIENT, "--config",
                               "client.conf", "--connect-retry-max", "1"))
    child.expect("Username:")
    child.sendline("alice")
    child.expect("Password:")
    child.sendline(password)
    child.expect("CHALLENGE: Code")
    child.sendline(code)
    return child


def came_in(child):
    found = child.expect([UP, "AUTH_FAILED", "process (exit|restart)ing"])
    child.close(force=True)
    return found == 0


def test_two_factors(gateway, laptop, code):
    gateway.pam("openvpn-two-factor", "openvpn")
    gateway.copy("auth-two-factor.conf", SERVER)
    change(SERVER / "server.conf", "auth-code.conf", "auth-two-factor.conf")
    change(CLIENT / "client.conf", ";static-challenge", "static-challenge")
    with server():
        tries = [at_keyboard(laptop, "wrong password", code()),
                 at_keyboard(laptop, PASSWORD, "0000-0000")]
        assert not any(came_in(child) for child in tries)
        assert came_in(at_keyboard(laptop, PASSWORD, code()))


def test_many_tries_with_one_code(gateway, laptop, code):
    """Of 64 that use one code at the same time, one comes in."""
    # Otherwise OpenVPN drops others for having the name of the first.
    with server("--duplicate-cn") as gate, contextlib.ExitStack() as stack:
        tries = clients(stack, laptop, [code()] * 64)
        # What is lost of 64 refusals on the way is not sent again: the
        # server knows about everyone.
        wait_until(lambda: gate.output().count("deferred auth: PAM ") == 64,
                   "64 answers", 3 * DEADLINE_S)
        assert gate.output().count("deferred auth: PAM succeeded") == 1
        wait_until(lambda: any(UP in one.output() for one in tries),
                   "the one that may")
        assert sum(UP in one.output() for one in tries) == 1
        assert gate.output().count("MULTI_sva: pool returned") == 1


def test_T170_late_verdict(gateway, verifier, laptop, code, syslog):
    """The answer for somebody who has left is not the answer for the next
    who comes under the same name."""
    gateway.settings(verifier="connect-timeout = 20s")
    mark = syslog.mark()
    # Otherwise OpenVPN drops the second for having the name of the first.
    good = code()
    with server("--duplicate-cn"), contextlib.ExitStack() as stack:
        verifier.process.send(signal.SIGSTOP)
        stack.callback(verifier.process.send, signal.SIGCONT)
        first = stack.enter_context(Client(laptop, good))
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
