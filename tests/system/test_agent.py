# SPDX-License-Identifier: BSD-2-Clause
"""sudo and su in a real ssh session, by a real forwarded ssh-agent, with the
files of examples/sudo-over-ssh."""

import contextlib
import os
import pathlib
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from mtls_test import MTLSCTL, gateway
from mtls_test.agent import Agent, PersonKey, Sshd, came_in, home
from mtls_test.machine import PAM_D
from mtls_test.organisation import Verifier
from mtls_test.process import run

EXAMPLE = "sudo-over-ssh"
HOST = "web1.prod.acme.example"
SUDO = "sudo sh -c 'echo in as $SUDO_USER'"
# su tells people what sudo keeps to itself.
SU = {"user": "bob", "command": "su alice -c 'echo in as $(id -un)'"}


@pytest.fixture(scope="module")
def keeper(acme):
    """The verifier with the example's policy."""
    it = Verifier(acme, policy=gateway.text(f"{EXAMPLE}/policy.conf"))
    yield it.start()
    it.remove()


@pytest.fixture(scope="module")
def host(acme, keeper):
    """The machine that people come to."""
    it = gateway.Gateway(acme, keeper, EXAMPLE, name=HOST)
    it.settings()
    for service in ("sudo", "sudo-i"):
        it.pam("sudo", service)
    for service in ("su", "su-l"):
        it.pam("su", service)
    # What the files of the example include, in short.
    for part in ("account", "session", "session-noninteractive"):
        (PAM_D / f"common-{part}").write_text(
            f"{part.split('-')[0]} required pam_unix.so\n")
        it.services.add(f"common-{part}")
    kept = pathlib.Path("/etc/sudoers.d/pam_mtls")
    shutil.copy(gateway.EXAMPLES / EXAMPLE / "sudoers", kept)
    rules = pathlib.Path("/etc/sudoers.d/tests")
    rules.write_text("Defaults !lecture,passwd_tries=1\n"
                     "alice, bob ALL=(ALL:ALL) ALL\n")
    for path in (kept, rules):
        path.chmod(0o440)
    yield it
    kept.unlink()
    rules.unlink()
    it.remove()


@pytest.fixture(scope="module")
def sshd(host):
    it = Sshd("alice", "bob")
    yield it
    it.stop()


@pytest.fixture(scope="module")
def keys(acme, tmp_path_factory, keeper):
    """keys(user, kind): a key of theirs, with a bound certificate."""
    directory = tmp_path_factory.mktemp("keys")
    made = {}

    def key(user="alice", kind="p256"):
        if (user, kind) not in made:
            made[user, kind] = it = PersonKey(directory, acme, user, kind)
            bind(keeper, user, it.certificate)
        return made[user, kind]
    return key


def bind(verifier, user, certificate):
    run(MTLSCTL, "bind", "--socket", verifier.admin, user, certificate)


@contextlib.contextmanager
def agent(*keys, user="alice", how=(), **options):
    directory = home(user)
    it = Agent(user, directory, **options)
    try:
        for key in keys:
            it.add_key(key, *how)
        yield it
    finally:
        it.stop()
        shutil.rmtree(directory)


def last(verifier):
    return verifier.audit(event="login")[-1]


@pytest.mark.parametrize("kind", ["p256", "p384", "ed25519"])
@pytest.mark.parametrize("way", ["socket", "spawned"])
def test_sudo_is_granted(host, sshd, keys, keeper, kind, way):
    with contextlib.ExitStack() as stack:
        if way == "socket":
            stack.enter_context(host.socket())
        it = stack.enter_context(agent(keys("alice", kind)))
        assert came_in(sshd.ssh("alice", SUDO, it)) == "alice"
    record = last(keeper)
    assert (record["decision"], record["user"], record["service"],
            record["method"]) == ("allow", "alice", "sudo", "agent")


def refused(sshd, syslog, how, command=SUDO, user="alice", agent=None):
    """The attempt fails, and the module's line in the log has this reason;
    what the person is told is returned."""
    mark = syslog.mark()
    done = sshd.ssh(user, command, agent)
    assert came_in(done) is None
    line = syslog.wait_for("not-granted", mark)
    assert how in line, line
    return done.stderr


# --- granted ---

def test_sudo_with_a_card_in_the_agent(host, sshd, acme, keeper):
    """ssh-add -s: the agent drives a PKCS#11 module."""
    card = acme.card("alice", "p384")
    bind(keeper, "alice", card.certificate)
    with agent(env={"SOFTHSM2_CONF": str(card.conf)}) as it:
        it.add_card(card)
        assert came_in(sshd.ssh("alice", SUDO, it)) == "alice"


@pytest.mark.parametrize("shell", ["su alice", "su - alice"])
def test_su_is_granted_with_a_key_of_the_target(sshd, keys, shell):
    with agent(keys("alice", "p384"), user="bob") as it:
        done = sshd.ssh("bob", f"{shell} -c 'echo in as $(id -un)'", it)
    assert came_in(done) == "alice", done.stderr


def test_the_right_key_is_found_among_others(sshd, acme, keys, tmp_path):
    """One that nobody knows, one that cannot sign, one that can."""
    stranger = PersonKey(tmp_path, acme, "alice", "p256")
    found = [stranger, keys("alice", "rsa3072"),
             keys("alice", "ed25519")]
    with agent(*found) as it:
        assert came_in(sshd.ssh("alice", SUDO, it)) == "alice"


def test_T174_the_owner_is_asked_and_says_yes(sshd, keys):
    with agent(keys(), how=("-c",)) as it:
        assert came_in(sshd.ssh("alice", SUDO, it)) == "alice"
        assert "Allow use of key" in it.asked.read_text()


# --- refused ---

def test_T174_the_owner_is_asked_and_says_no(sshd, keys, syslog, keeper):
    with agent(keys(), user="bob", how=("-c",), askpass="exit 1") as it:
        told = refused(sshd, syslog, "it was not confirmed", agent=it, **SU)
        assert "Allow use of key" in it.asked.read_text()
    assert "Your ssh-agent did not sign." in told


def test_T174_a_key_that_is_for_certain_hosts(sshd, keys, syslog):
    """What ssh-add -h has bound signs for SSH and for nothing else."""
    how = ("-h", "127.0.0.1", "-H", sshd.known_hosts)
    with agent(keys(), how=how) as it:
        refused(sshd, syslog, "ssh-agent", agent=it)


def test_no_agent_is_forwarded(sshd, syslog):
    refused(sshd, syslog, "there is no SSH_AUTH_SOCK")
    told = refused(sshd, syslog, "there is no SSH_AUTH_SOCK", **SU)
    assert "Your ssh-agent cannot be reached. Connect with ssh -A." in told


@pytest.fixture
def signals():
    """Two FIFOs that both sides of a session can use."""
    directory = home("alice")
    paths = [directory / name for name in ("there", "gone")]
    for fifo in paths:
        os.mkfifo(fifo)
        fifo.chmod(0o666)
    yield paths
    shutil.rmtree(directory)


def test_the_agent_goes_away_during_the_session(sshd, keys, syslog, signals):
    """The session goes on, and can do nothing more."""
    there, gone = signals
    mark = syslog.mark()
    with agent(keys()) as it, ThreadPoolExecutor(1) as pool:
        session = pool.submit(
            sshd.ssh, "alice",
            f"{SUDO}; echo >{there}; cat {gone}; {SUDO}", it)
        there.read_text()
        it.stop()
        gone.write_text("")
        done = session.result()
    assert done.stdout.count("in as alice") == 1 and done.returncode == 1
    assert "ssh-agent" in syslog.wait_for("not-granted", mark)


def test_an_agent_that_is_locked(sshd, keys, syslog):
    with agent(keys(), askpass="echo secret") as it:
        it.add("-x")
        refused(sshd, syslog, "it is empty", agent=it)


def test_rsa_is_refused_and_it_is_said_why(sshd, keys, syslog):
    with agent(keys("alice", "rsa3072"), user="bob") as it:
        told = refused(sshd, syslog, "1 RSA (agents do not sign as TLS 1.3 "
                       "wants it)", agent=it, **SU)
    assert "Your ssh-agent has no key for this login." in told


def test_a_key_without_a_certificate(sshd, acme, syslog, tmp_path):
    stranger = PersonKey(tmp_path, acme, "alice", "p256")
    with agent(stranger) as it:
        refused(sshd, syslog, "1 without a bound certificate", agent=it)


def test_a_key_of_somebody_else(sshd, keys, syslog):
    """bob may use sudo, and has alice's key."""
    with agent(keys("alice", "p384"), user="bob") as it:
        refused(sshd, syslog, "1 without a bound certificate", user="bob",
                agent=it)


def test_the_policy_says_no(sshd, keys, syslog, keeper):
    """bob's own key, and no rule for bob."""
    with agent(keys("bob", "p256"), user="bob") as it:
        refused(sshd, syslog, "no-rule", user="bob", agent=it)
    assert last(keeper)["decision"] == "deny"


def test_T172_the_agent_of_somebody_else(sshd, keys, syslog):
    """alice finds a way to bob's agent, which has her key, and to root's."""
    for user in ("bob", "root"):
        with agent(keys("alice", "p384"), user=user) as it:
            it.socket.parent.chmod(0o755)
            it.socket.chmod(0o666)
            pathlib.Path(f"/{user}" if user == "root" else
                         f"/home/{user}").chmod(0o755)
            refused(sshd, syslog, "and not of uid", agent=None,
                    command=f"SSH_AUTH_SOCK={it.socket} {SUDO}")


@pytest.mark.parametrize("word,how", [
    ("revoke", "1 with a certificate that is not valid any more"),
    ("unbind", "1 without a bound certificate")])
def test_a_certificate_that_is_taken_back(sshd, acme, keeper, keys, syslog,
                                          tmp_path, word, how):
    key = PersonKey(tmp_path, acme, "alice", "p256")
    bind(keeper, "alice", key.certificate)
    with agent(key) as it:
        assert came_in(sshd.ssh("alice", SUDO, it)) == "alice"
        if word == "revoke":
            run(MTLSCTL, "revoke", "--socket", keeper.admin, "--cert",
                key.certificate)
        else:
            run(MTLSCTL, "unbind", "--socket", keeper.admin, "alice",
                key.certificate)
        refused(sshd, syslog, how, agent=it)
        # It does not stand in the way of one that is good.
        it.add_key(keys("alice", "ed25519"))
        assert came_in(sshd.ssh("alice", SUDO, it)) == "alice"
