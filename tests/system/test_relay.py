# SPDX-License-Identifier: BSD-2-Clause
"""Logging in somewhere else with the card at home: mtlsctl ssh from a
laptop that reaches the gateway's sshd and nothing else."""

import os
import pathlib
import re
import select
import shutil
import signal
import socket
import threading

import pexpect
import pytest

from mtls_test import CONFIG, DEADLINE_S, MTLSCTL, PREFIX
from mtls_test.card import Card
from mtls_test.organisation import POLICY
from mtls_test.process import (ENVIRONMENT, Process, find, run,
                               wait_until)

GATEWAY = "ws-1.acme.example"
ADDRESS = "192.0.2.1"
PORT = 2222
PIN = r"PIN for Alice's card: "
ASKPASS = f"{PREFIX}/bin/mtls-askpass"


class Desk:
    """alice at the laptop."""

    def __init__(self, laptop, directory):
        self.laptop = laptop
        self.directory = directory
        self.known = directory / "known_hosts"
        self.options = ["-F", "none", "-o", f"UserKnownHostsFile={self.known}",
                        "-o", "GlobalKnownHostsFile=/dev/null",
                        "-o", "NumberOfPasswordPrompts=1",
                        "-p", str(PORT)]
        self.children = []

    def argv(self, *argv):
        return self.laptop.argv("setpriv", "--reuid=alice", "--regid=alice",
                                "--init-groups", *map(str, argv))

    def spawn(self, *argv, **environment):
        """A program on alice's terminal."""
        command = self.argv(*argv)
        child = pexpect.spawn(
            command[0], list(command[1:]), timeout=DEADLINE_S,
            encoding="utf-8", codec_errors="replace", cwd=str(self.directory),
            env={"PATH": f"{PREFIX}/bin:{os.environ['PATH']}", "TERM": "dumb",
                 "LC_ALL": "C.UTF-8", "HOME": str(self.directory),
                 **environment})
        child.delaybeforesend = None
        self.children.append(child)
        return child

    def ssh(self, *words, own=(), host=f"alice@{GATEWAY}", **environment):
        return self.spawn(MTLSCTL, "ssh", *own, *self.options, host, *words,
                          **environment)

    def by_hand(self, program, *words, **environment):
        """Any program that runs ssh; nobody has heard of mtlsctl."""
        return self.spawn(program, *words, SSH_ASKPASS=ASKPASS,
                          SSH_ASKPASS_REQUIRE="force", **environment)

    def trusts(self, keys):
        self.known.write_text("".join(f"[{GATEWAY}]:{PORT} {k}\n"
                                      f"[{ADDRESS}]:{PORT} {k}\n"
                                      for k in keys))

    def scripts(self):
        """For programs that want a program, and know no arguments."""
        path = self.directory / "relay-ssh"
        path.write_text("#!/bin/sh\nexec mtlsctl ssh "
                        + " ".join(self.options) + ' "$@"\n')
        path.chmod(0o755)
        return path

    def keepers(self):
        return list(pathlib.Path("/tmp").glob("mtls-askpass-*/*.sock"))


def ended(child):
    """Everything that was said, and the exit status."""
    child.expect(pexpect.EOF)
    child.close()
    return child.before, child.exitstatus


def goes_in(child, pin):
    """One PIN, nothing else; the exit status."""
    child.expect(PIN)
    child.sendline(pin)
    said, status = ended(child)
    assert "PIN" not in said, said
    return said, status


@pytest.fixture(scope="module")
def host_key(tmp_path_factory):
    key = tmp_path_factory.mktemp("sshd") / "host-key"
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
    return key


@pytest.fixture(scope="module", autouse=True)
def name_of_the_gateway():
    """From the laptop the gateway is at the other end of the cable."""
    hosts = pathlib.Path("/etc/hosts")
    before = hosts.read_text()
    hosts.write_text(f"{ADDRESS} {GATEWAY} ws-1\n" + re.sub(
        rf"^.*\b{re.escape(GATEWAY)}\b.*\n", "", before, flags=re.M))
    yield
    hosts.write_text(before)


class Sshd:
    def __init__(self, directory, host_key):
        self.directory = directory
        self.host_key = host_key
        self.process = None

    def start(self, *lines):
        self.stop()
        conf = self.directory / "sshd_config"
        conf.write_text("\n".join([
            f"Port {PORT}", f"ListenAddress {ADDRESS}",
            f"HostKey {self.host_key}", f"PidFile {self.directory}/pid",
            "UsePAM yes", "PasswordAuthentication no",
            "KbdInteractiveAuthentication yes", "StrictModes no",
            "AuthenticationMethods keyboard-interactive", "UseDNS no",
            "Subsystem sftp /usr/lib/openssh/sftp-server",
            "MaxAuthTries 3", *lines]) + "\n")
        self.process = Process("/usr/sbin/sshd", "-D", "-e", "-f", conf)
        self.process.wait_for("Server listening on")
        return self

    def stop(self):
        if self.process:
            self.process.stop()
            self.process = None


@pytest.fixture(scope="module")
def organisation_allows(verifier, acme):
    issuer = f"CN={acme.name} Users CA,O={acme.name}"
    before = verifier.policy.read_text()
    verifier.write_policy(POLICY.format(issuer=issuer).replace(
        "by token", "by token, relay"))
    assert "reloaded" in verifier.reload()
    yield
    verifier.write_policy(before)
    verifier.reload()


@pytest.fixture
def gateway(machine, host_key, tmp_path, organisation_allows):
    """sshd whose only way in is the card, somewhere else."""
    machine.service("sshd")
    it = Sshd(tmp_path, host_key).start()
    with machine.socket():
        yield it
    it.stop()


@pytest.fixture
def card(cards, machine):
    """Alice's, in the reader of the laptop."""
    it = cards("alice")
    machine.insert(it, more="[service sshd]\nmethod = relay\n")
    it.hand_over("alice")
    yield it
    it.hand_over()


@pytest.fixture
def desk(laptop, host_key, tmp_path):
    directory = tmp_path / "desk"
    directory.mkdir()
    for path in (tmp_path.parent.parent, tmp_path.parent, tmp_path):
        path.chmod(0o755)
    it = Desk(laptop, directory)
    it.trusts([host_key.with_suffix(".pub").read_text().strip()])
    for path in (directory, it.known):
        shutil.chown(path, "alice", "alice")
    yield it
    for child in it.children:
        child.close(force=True)
    wait_until(lambda: not it.keepers(), "the end of the keepers")


def test_one_pin_and_in(gateway, card, desk, verifier):
    said, status = goes_in(desk.ssh("echo", "in", "as", "$(id -un)"),
                           card.pin)
    assert status == 0 and "in as alice" in said
    record = verifier.audit(user="alice", service="sshd")[-1]
    assert (record["decision"], record["method"]) == ("allow", "relay")


def test_the_exit_status_is_that_of_ssh(gateway, card, desk):
    assert goes_in(desk.ssh("exit", "42"), card.pin)[1] == 42


def test_input_and_output_are_those_of_ssh(gateway, card, desk):
    child = desk.spawn("sh", "-c", "printf 'a line\n' | mtlsctl ssh "
                       + " ".join(desk.options) + f" alice@{GATEWAY} "
                       "'cat; echo to stderr >&2' 2>err >out")
    assert goes_in(child, card.pin)[1] == 0
    assert (desk.directory / "out").read_text() == "a line\n"
    assert (desk.directory / "err").read_text() == "to stderr\n"


def test_other_ways_to_say_where(gateway, card, desk):
    for words in (["-l", "alice", GATEWAY], ["-oUser=alice", "--", GATEWAY],
                  [f"ssh://alice@{GATEWAY}:{PORT}"],
                  ["-tt", "-C", "-e", "none", "-l", "alice", "WS-1.acme."
                   "example"]):
        child = desk.spawn(MTLSCTL, "ssh", *desk.options, "-o",
                           "StrictHostKeyChecking=no", *words, "true")
        said, status = goes_in(child, card.pin)
        assert status == 0, (words, said)


def test_an_address_wants_a_name(gateway, card, desk):
    said, status = ended(desk.ssh("true", host=f"alice@{ADDRESS}"))
    assert status == 255 and "--gateway" in said and "PIN" not in said
    child = desk.ssh("true", host=f"alice@{ADDRESS}",
                     own=["--gateway", GATEWAY])
    assert goes_in(child, card.pin)[1] == 0


def test_plain_ssh_reads_what_to_do(gateway, card, desk):
    child = desk.spawn("ssh", *desk.options, f"alice@{GATEWAY}", "true")
    child.expect("use mtlsctl ssh")
    child.sendline("")
    assert ended(child)[1] == 255


def test_a_wrong_pin_is_tried_once(gateway, card, desk):
    child = desk.spawn(MTLSCTL, "ssh", "-o", "NumberOfPasswordPrompts=3",
                       *desk.options, f"alice@{GATEWAY}", "true")
    child.expect(PIN)
    child.sendline("000000")
    said, status = ended(child)
    assert status == 255
    assert said.count("Wrong PIN.") == 1 and "PIN for" not in said


def test_no_card(gateway, card, machine, desk):
    machine.no_card(more="[service sshd]\nmethod = relay\n")
    said, status = ended(desk.ssh("true"))
    assert status == 255 and said.count("Insert your smart card") == 1


def test_a_revoked_card(gateway, machine, acme, desk, verifier):
    card = acme.card("alice")
    acme.revoke(card.certificate)
    verifier.take_crls()
    machine.insert(card, more="[service sshd]\nmethod = relay\n")
    card.hand_over("alice")
    said, status = goes_in(desk.ssh("true"), card.pin)
    assert status == 255 and "has been revoked" in said


def test_somebody_else_s_card(gateway, machine, cards, desk):
    card = cards("bob")
    machine.insert(card, more="[service sshd]\nmethod = relay\n")
    card.hand_over("alice")
    child = desk.ssh("true")
    child.expect("PIN for Bob's card: ")
    child.sendline(card.pin)
    said, status = ended(child)
    card.hand_over()
    assert status == 255 and "belongs to another user" in said


def test_a_refused_login_is_not_tried_again(gateway, machine, cards, desk):
    """ssh would: the gateway begins anew, and the card is not used."""
    card = cards("bob")
    machine.insert(card, more="[service sshd]\nmethod = relay\n")
    card.hand_over("alice")
    child = desk.spawn(MTLSCTL, "ssh", "-o", "NumberOfPasswordPrompts=3",
                       *desk.options, f"alice@{GATEWAY}", "true")
    child.expect("PIN for Bob's card: ")
    child.sendline(card.pin)
    said, status = ended(child)
    card.hand_over()
    assert status == 255 and "PIN for" not in said
    assert said.count("the login was refused") == 1


def test_a_gateway_under_another_name(gateway, card, desk):
    """The machine that answers is not the one that is meant."""
    said, status = ended(desk.ssh("true", own=["--gateway",
                                               "ws-2.acme.example"]))
    assert status == 255 and "PIN" not in said
    assert f"machine {GATEWAY}, and you mean ws-2.acme.example" in said


def test_another_service_than_was_meant(gateway, card, desk):
    said, status = ended(desk.ssh("true", own=["--service", "imap"]))
    assert status == 255 and "you mean imap" in said and "PIN" not in said


def test_a_verifier_that_is_not_ours(gateway, card, desk, acme, tmp_path):
    """Settings of another organisation: its CA, our verifier's name."""
    config = tmp_path / "other.conf"
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:P-256", "-nodes", "-keyout", "/dev/null",
        "-subj", "/CN=Other", "-out", tmp_path / "other.pem", "-addext",
        "keyUsage=critical,keyCertSign")
    shutil.copy(tmp_path / "other.pem", "/etc/pam_mtls/other.pem")
    text = pathlib.Path(CONFIG).read_text()
    config = pathlib.Path("/etc/pam_mtls/other.conf")
    config.write_text(text.replace("verifier-ca.pem", "other.pem"))
    said, status = ended(desk.ssh("true", own=["--config", config]))
    assert status == 255 and "certificate was not accepted" in said
    assert "PIN" not in said


def test_host_keys_and_passwords_reach_the_person(gateway, card, desk):
    desk.known.write_text("")
    child = desk.ssh("true")
    child.expect(r"The authenticity of host .*\(yes/no/\[fingerprint\]\)\? ")
    assert child.getecho()
    child.sendline("yes")
    assert goes_in(child, card.pin)[1] == 0


def test_a_password_after_the_card(gateway, machine, card, desk):
    machine.service("sshd", "auth required MODULE", "auth required "
                    "pam_unix.so")
    child = desk.ssh("true")
    child.expect(PIN)
    child.sendline(card.pin)
    child.expect("Password: ")
    child.waitnoecho()
    child.sendline("correct horse")
    assert ended(child)[1] == 0


def test_scp_sftp_rsync_and_git(gateway, card, desk):
    """Through mtlsctl ssh, as their manuals let one name a program."""
    script = desk.scripts()
    (desk.directory / "file").write_text("over the relay\n")
    home = pathlib.Path("/home/alice")
    child = desk.spawn("scp", "-q", "-S", script, "file",
                       f"alice@{GATEWAY}:one")
    assert goes_in(child, card.pin)[1] == 0
    assert (home / "one").read_text() == "over the relay\n"
    child = desk.spawn("sftp", "-q", "-S", script,
                       f"alice@{GATEWAY}:one", "two")
    assert goes_in(child, card.pin)[1] == 0
    assert (desk.directory / "two").read_text() == "over the relay\n"
    child = desk.spawn("rsync", "-e", "mtlsctl ssh "
                       + " ".join(desk.options), "file",
                       f"alice@{GATEWAY}:three")
    assert goes_in(child, card.pin)[1] == 0
    assert (home / "three").read_text() == "over the relay\n"
    run("setpriv", "--reuid=alice", "--regid=alice", "--init-groups", "git",
        "init", "-q", "--bare", "/home/alice/it.git",
        env={**ENVIRONMENT, "HOME": "/home/alice"})
    child = desk.spawn("git", "ls-remote", f"ssh://alice@{GATEWAY}"
                       f":{PORT}/home/alice/it.git",
                       GIT_SSH_COMMAND="mtlsctl ssh "
                       + " ".join(desk.options))
    assert goes_in(child, card.pin)[1] == 0


def test_mtls_askpass_set_by_hand(gateway, card, desk):
    """scp knows nothing of all this, and ssh only the variable."""
    (desk.directory / "file").write_text("by hand\n")
    options = [*desk.options[:-2], "-P", str(PORT)]
    child = desk.by_hand("scp", "-q", *options, "file",
                         f"alice@{GATEWAY}:four")
    assert goes_in(child, card.pin)[1] == 0
    assert pathlib.Path("/home/alice/four").read_text() == "by hand\n"
    child = desk.by_hand("ssh", *desk.options, f"alice@{ADDRESS}", "true")
    said, status = ended(child)
    assert status == 255 and "MTLS_GATEWAY" in said
    child = desk.by_hand("ssh", *desk.options, f"alice@{ADDRESS}", "true",
                         MTLS_GATEWAY=GATEWAY)
    assert goes_in(child, card.pin)[1] == 0


def test_one_connection_for_many(gateway, card, desk):
    """ControlMaster: one login, one PIN."""
    share = ["-o", "ControlPath=/home/alice/%C", "-o",
             "ControlMaster=auto", "-o", "ControlPersist=yes"]
    child = desk.spawn(MTLSCTL, "ssh", *desk.options, *share,
                       f"alice@{GATEWAY}", "true")
    assert goes_in(child, card.pin)[1] == 0
    said, status = ended(desk.spawn(
        MTLSCTL, "ssh", *desk.options, *share, f"alice@{GATEWAY}",
        "echo again"))
    assert status == 0 and "again" in said and "PIN" not in said
    ended(desk.spawn("ssh", *desk.options, *share, "-O", "exit",
                     f"alice@{GATEWAY}"))


def test_interrupted_at_the_pin(gateway, card, desk):
    """^C ends it all, and the terminal is as it was."""
    child = desk.ssh("true")
    child.expect(PIN)
    child.sendintr()
    _, status = ended(child)
    assert status == 255 or child.signalstatus == signal.SIGINT


CANARY = "8472619305514728396017742893516027634918"


def has_pin(data):
    return any(CANARY[i:i + 8].encode() in data
               for i in range(len(CANARY) - 7))


class Wire(threading.Thread):
    """Every packet of the gateway, on every interface."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                    socket.htons(3))
        self.stopped, self.waker = os.pipe()
        self.packets = []

    def run(self):
        while True:
            ready, _, _ = select.select([self.socket, self.stopped], [], [])
            if self.stopped in ready:
                return
            self.packets.append(self.socket.recv(65536))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        os.write(self.waker, b"x")
        self.join()
        self.socket.close()
        os.close(self.stopped)
        os.close(self.waker)


def card_of_known_key(acme, directory):
    """A card whose PIN is CANARY, and the private scalar of its key."""
    key, csr = directory / "known.key", directory / "known.csr"
    run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-subj",
        "/CN=alice", "-out", csr)
    text = run("openssl", "pkey", "-in", key, "-noout", "-text").stdout
    scalar = bytes.fromhex(re.search(r"priv:([0-9a-f:\s]+)pub:", text)[1]
                           .replace(":", "").replace("\n", "")
                           .replace(" ", "")).rjust(32, b"\0")[-32:]
    der = directory / "known.der"
    run("openssl", "pkey", "-in", key, "-outform", "DER", "-out", der)
    assert has_key(der.read_bytes(), scalar)
    card = Card(directory / "known", "Alice's card", pin=CANARY)
    card.put(key, acme.issue_user("alice", csr))
    return card, scalar


def has_key(data, scalar):
    """Half of it is enough, in either order of bytes, or as text."""
    halves = [half for whole in (scalar, scalar[::-1])
              for half in (whole[:16], whole[16:])]
    return any(half in data or half.hex().encode() in data.lower()
               for half in halves)


def test_T109_the_gateway_never_has_the_pin(machine, acme, desk, host_key,
                                            tmp_path, organisation_allows):
    """Nor the private key: neither in a core of its helper, as it is when it
    ends, nor on any wire."""
    card, scalar = card_of_known_key(acme, acme.directory)
    machine.service("sshd")
    machine.insert(card, more="[service sshd]\nmethod = relay\n")
    card.hand_over("alice")
    script = tmp_path / "debugged"
    script.write_text(f"""#!/bin/sh
exec >{tmp_path}/gdb.log 2>&1
exec gdb -q -batch -ex 'handle all nostop noprint pass' \\
    -ex 'set dump-excluded-mappings on' \\
    -ex 'set use-coredump-filter off' -ex 'catch syscall exit_group' \\
    -ex run -ex 'gcore {tmp_path}/image' "$@"
""")
    script.chmod(0o755)
    sshd = Sshd(tmp_path, host_key).start()
    with machine.socket(script), Wire() as wire:
        said, status = goes_in(desk.ssh("echo", "through"), CANARY)
        assert status == 0 and "through" in said
        wait_until(lambda: (tmp_path / "image").exists() and
                   not find("/usr/bin/gdb"), "the core")
    sshd.stop()
    image = (tmp_path / "image").read_bytes()
    assert b"mtls-relay/1:" in image
    assert not has_pin(image) and not has_key(image, scalar)
    # A capture that saw nothing would prove nothing.
    assert any(b"SSH-2.0-" in packet for packet in wire.packets)
    seen = b"".join(wire.packets)
    assert not has_pin(seen) and not has_key(seen, scalar)


def test_a_short_name_is_completed_here(gateway, card, desk):
    child = desk.spawn(MTLSCTL, "ssh", *desk.options, "-o",
                       "StrictHostKeyChecking=no", "alice@ws-1", "true")
    assert goes_in(child, card.pin)[1] == 0


def test_from_a_program_that_is_no_ssh(desk, card):
    """Somebody's program with the marker in its question."""
    child = desk.by_hand("sh", "-c", f"{ASKPASS} 'mtls-relay/1:0:0:hello:"
                         "e30=;'; echo ended")
    said, _ = ended(child)
    assert "it was not ssh that asked" in said and "PIN" not in said
    assert re.search(r"mtls-relay/1:0:0:fail:[A-Za-z0-9+/]+=*;", said)


def test_questions_of_other_kinds(desk):
    """What ssh says with SSH_ASKPASS_PROMPT, and what it makes of it."""
    for answer, status in (("yes", "0"), ("no", "1"), ("", "1")):
        child = desk.spawn("sh", "-c", f"{ASKPASS} 'Use the key?'; "
                           "echo status $?", SSH_ASKPASS_PROMPT="confirm")
        child.expect(r"Use the key\? \(yes/no\) ")
        child.sendline(answer)
        assert f"status {status}" in ended(child)[0]
    child = desk.spawn("sh", "-c", f"{ASKPASS} 'Touch it.\x1b[2J' & "
                       "read line; kill $!; wait $!; echo status $?",
                       SSH_ASKPASS_PROMPT="none")
    child.expect(r"Touch it\.\\x1b\[2J\r\n")
    child.sendline("")
    assert "status 143" in ended(child)[0]
    child = desk.spawn(ASKPASS, "(alice@gw) Password: ")
    child.expect("Password: ")
    child.waitnoecho()
    child.sendline("secret \\ \"word")
    assert ended(child)[0].splitlines()[-1] == "secret \\ \"word"


def test_a_jump_has_a_login_of_its_own(gateway, card, desk):
    """With -J there are two processes of ssh: two logins, two PINs."""
    child = desk.spawn(MTLSCTL, "ssh", "--gateway", GATEWAY, *desk.options,
                       "-J", f"alice@{GATEWAY}:{PORT}", f"alice@{ADDRESS}",
                       "echo", "through")
    child.expect(r"The authenticity of host .*\(yes/no/\[fingerprint\]\)\? ")
    child.sendline("yes")
    child.expect(PIN)
    child.sendline(card.pin)
    said, status = goes_in(child, card.pin)
    assert status == 0 and "through" in said
