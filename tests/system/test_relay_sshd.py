# SPDX-License-Identifier: BSD-2-Clause
"""Logins through a real sshd with the card elsewhere. The user's side is
the one of mtls_test/relay.py, written from PROTOCOL.md alone, behind the
askpass of a real ssh."""

import os

import pytest

from mtls_test import relay
from mtls_test.askpass import Askpass, enter, never
from mtls_test.machine import Machine
from mtls_test.organisation import Verifier
from mtls_test.process import run, wait_until
from mtls_test.programs import Sshd

POLICY = """\
map issuer "CN=Acme Users CA,O=Acme" take san:upn realm acme.example
group staff = alice, bob
deny  user root
allow group staff on * for sshd by relay
allow group staff on * for door by token
"""
WHAT_TO_DO = "This login needs your smart card: use mtlsctl ssh."


@pytest.fixture(scope="module")
def relays(acme):
    it = Verifier(acme, name="verifier2.acme.example", policy=POLICY)
    yield it.start()
    it.remove()


@pytest.fixture
def machine(acme, relays, syslog):
    it = Machine(acme, relays)
    it.no_card(more="[service sshd]\nmethod = relay\n")
    it.service("sshd")
    yield it
    it.remove()


@pytest.fixture
def sshd(machine):
    it = Sshd()
    it.prepare()
    with machine.socket():
        yield it
    it.finish()


@pytest.fixture
def person(machine, relays, keys):
    def make(user="alice", **options):
        return relay.Person(
            machine.etc / "verifier-ca.pem", *keys(user), relays.name,
            Machine.NAME, **{"user": user, **options})
    return make


@pytest.fixture
def asked():
    made = []

    def make(answer):
        made.append(Askpass(answer))
        return made[-1]
    yield make
    for it in made:
        it.close()


def last_log(syslog, mark, word):
    """The line with this word, which comes after the program's end."""
    return wait_until(lambda: [x for x in syslog.since(mark) if word in x],
                      word)[-1]


@pytest.mark.parametrize("looks_first", [False, True])
def test_T10C_granted(sshd, person, relays, asked, looks_first):
    alice = person(looks_first=looks_first)
    ssh = asked(alice.answer)
    done = ssh.ssh("alice", sshd.PORT, "id", "-un")
    assert (done.returncode, done.stdout) == (0, "alice\n"), done.stderr
    assert len(ssh.asked) <= 8
    # ssh says whom it asks for in front of each, and each is short enough.
    for prompt in ssh.asked:
        assert prompt.startswith("(alice@127.0.0.1) mtls-relay/1:")
        assert len(prompt) < 8100
    record = relays.audit()[-1]
    assert (record["decision"], record["method"], record["host"],
            record["rhost"]) == ("allow", "relay", Machine.NAME,
                                 "127.0.0.1")


def test_T10B_plain_ssh(sshd, relays, asked, syslog):
    """The question itself says what to do; a message of its own would come
    with the next question only."""
    ssh = asked(enter)
    mark, before = syslog.mark(), len(relays.audit())
    done = ssh.ssh("alice", sshd.PORT, "true")
    assert done.returncode == 255
    assert ssh.asked[0].endswith(f"; {WHAT_TO_DO} Press Enter to end: ")
    assert "Permission denied" in done.stderr
    assert "pressed Enter" in last_log(syslog, mark, "not-granted")
    gave_up(relays, before, "pressed Enter")


def gave_up(verifier, before, reason):
    """The gateway has told why, and that is all there is."""
    records = verifier.audit()[before:]
    assert [r["decision"] for r in records] == ["deny"]
    assert records[0]["reason"].startswith("given-up: ")
    assert reason in records[0]["reason"]
    assert (records[0]["user"], records[0]["host"], records[0]["method"]) \
        == ("alice", Machine.NAME, "relay")


@pytest.mark.parametrize("answer,reason", [
    ("password", "no record"), ("x" * 1000, "no record"),
    ("mtls-relay/1:0:2:idle:AAAA;", "another connection"),
    ("mtls-relay/1:0:0:done:;", "done, and nothing has been said"),
    ("mtls-relay/1:0:1:idle:AAAA;", "the answer to another prompt")])
def test_strangers(sshd, relays, asked, answer, reason):
    """The last one goes on saying what was right once."""
    ssh = asked(lambda _: answer)
    before = len(relays.audit())
    done = ssh.ssh("alice", sshd.PORT, "true")
    assert done.returncode == 255
    gave_up(relays, before, reason)


def test_too_long(sshd, relays, asked):
    """The module itself takes no answer of that length."""
    ssh = asked(lambda _: "x" * 1020)
    before = len(relays.audit())
    done = ssh.ssh("alice", sshd.PORT, "true")
    assert done.returncode == 255
    assert all(r["decision"] != "allow" for r in relays.audit()[before:])


def test_never_ends(machine, relays, asked):
    """A person's side that has something to say for ever, and one that
    says nothing until the deadline."""
    machine.no_card(more="[service sshd]\nmethod = relay\n"
                    "deadline = 6s\n")
    program = Sshd()
    program.prepare()
    def on_and_on(prompt):
        seq = relay.Record.read(prompt).seq
        head = b"\x16\x03\x01\x40\x00" if seq == 0 else b""
        return str(relay.Record(seq, 1, "more", head + b"\x01"))

    def quiet(prompt):
        seq = relay.Record.read(prompt).seq
        return str(relay.Record(seq, 1, "idle", b"\x16" if seq == 0 else b""))
    try:
        with machine.socket():
            for answer, reason in ((on_and_on, "more than 32 prompts"),
                                   (quiet, "the deadline passed")):
                before = len(relays.audit())
                done = asked(answer).ssh("alice", program.PORT, "true")
                assert done.returncode == 255
                gave_up(relays, before, reason)
    finally:
        program.finish()


def test_no_answer(sshd, asked):
    done = asked(never).ssh("alice", sshd.PORT, "true")
    assert done.returncode == 255


def test_bob_cannot_be_alice(sshd, person, relays, asked):
    bob = person("bob")
    bob.user = "alice"
    done = asked(bob.answer).ssh("alice", sshd.PORT, "true")
    assert done.returncode == 255
    record = relays.audit()[-1]
    assert (record["decision"], record["reason"]) == ("deny",
                                                      "user-mismatch")


@pytest.mark.parametrize("user,lines", [
    ("nosuchuser", ()), ("alice", ("DenyUsers alice",))])
def test_T113_whom_sshd_does_not_want(machine, person, relays, asked, syslog,
                                      user, lines):
    """sshd goes on with an answer of its own: that is no record. Nothing
    reaches the user listener, and nothing is charged to alice."""
    program = Sshd()
    program.prepare(*lines)
    alice = person(user=user) if user == "alice" else person()
    alice.user = user
    mark, before = syslog.mark(), len(relays.audit())
    try:
        with machine.socket():
            done = asked(alice.answer).ssh(user, program.PORT, "true")
            assert done.returncode == 255
            assert not alice.said
            last_log(syslog, mark, "not-granted")
    finally:
        program.finish()
    assert not any(r["certificate"] or r["decision"] == "allow"
                   for r in relays.audit()[before:])
    # And she can still log in.
    program.prepare()
    alice = person()
    try:
        with machine.socket():
            done = asked(alice.answer).ssh("alice", program.PORT, "true")
            assert done.returncode == 0, done.stderr
    finally:
        program.finish()


def test_T116_a_remote_host_is_no_name(sshd, person, relays, asked):
    """Where sshd looks names up, what it says is what stands in the audit,
    and nobody looks again."""
    alice = person()
    done = asked(alice.answer).ssh("alice", sshd.PORT, "true",
                                   host="localhost")
    assert done.returncode == 0, done.stderr
    assert relays.audit()[-1]["rhost"] in ("127.0.0.1", "::1")


def test_T117_the_environment_is_not_asked(machine, person, relays, asked):
    """A login over the network stays one, whatever sshd was started with."""
    odd = {"XDG_SEAT": "seat0", "XDG_SESSION_ID": "1", "DISPLAY": ":0",
           "SSH_CONNECTION": "192.0.2.9 1 192.0.2.1 22",
           "SSH_AUTH_INFO_0": "publickey ssh-ed25519 AAAA"}
    os.environ.update(odd)
    program = Sshd()
    try:
        program.prepare()
        with machine.socket():
            alice = person()
            done = asked(alice.answer).ssh("alice", program.PORT, "true")
    finally:
        for name in odd:
            del os.environ[name]
        program.finish()
    assert done.returncode == 0, done.stderr
    record = relays.audit()[-1]
    assert (record["method"], record["rhost"], record["tty"]) == \
        ("relay", "127.0.0.1", "ssh")


def test_the_log_says_which_method(machine, cards, asked, person):
    """token first: policy does not allow it for sshd."""
    machine.insert(cards(),
                   more="[service sshd]\nmethod = token, relay\n")
    program = Sshd()
    program.prepare()
    try:
        with machine.socket() as helper:
            done = asked(person().answer).ssh("alice", program.PORT, "true")
            line = helper.wait_for("method-left-out .*")[0]
            assert "method=relay" in helper.wait_for("granted .*")[0]
    finally:
        program.finish()
    assert done.returncode == 0, done.stderr
    assert "service-not-allowed" in line
    assert "method=token" in line


def test_sshd_password_never_sees_it(machine, asked, syslog):
    """sshd's own password method answers every question with the password,
    but only secret ones: a relay cannot be asked there."""
    program = Sshd()
    program.prepare()
    conf = program.directory / "sshd_config"
    program.finish()
    conf.write_text(conf.read_text()
                    .replace("PasswordAuthentication no",
                             "PasswordAuthentication yes")
                    .replace("AuthenticationMethods keyboard-interactive",
                             "AuthenticationMethods password"))
    program.process = type(program.process)("/usr/sbin/sshd", "-D", "-e",
                                            "-f", conf)
    program.process.wait_for("Server listening on")
    ssh = asked(lambda _: "correct horse")
    mark = syslog.mark()
    try:
        with machine.socket():
            done = run("ssh", "-F", "none", "-o", "StrictHostKeyChecking=no",
                       "-o", "UserKnownHostsFile=/dev/null", "-o",
                       "NumberOfPasswordPrompts=1", "-o",
                       "PreferredAuthentications=password", "-p",
                       program.PORT, "alice@127.0.0.1", "true", check=False,
                       env={"PATH": os.environ["PATH"], "SSH_ASKPASS":
                            str(ssh.program), "SSH_ASKPASS_REQUIRE":
                            "force", "HOME": "/root"})
    finally:
        program.finish()
    assert done.returncode == 255
    assert not any("mtls-relay" in prompt for prompt in ssh.asked)
    assert "correct horse" not in "\n".join(syslog.since(mark))
