# SPDX-License-Identifier: BSD-2-Clause
"""sshd with the files of examples/sshd, from a second computer."""

import contextlib
import pathlib

import pytest

from mtls_test import MTLSCTL, gateway as gateways
from mtls_test.gateway import Gateway, PASSWORD
from mtls_test.machine import PAM_D
from mtls_test.process import Process, run
from mtls_test.programs import PIN, SHOW, spawn

NAME = "jump1.acme.example"
ETC = pathlib.Path("/etc/ssh/test")
WORD = r"mtlsctl approve (\S+)"
COMMON = {"account": "account required pam_unix.so\n",
          "session": "session required pam_unix.so\n",
          "password": "password required pam_unix.so\n"}


@pytest.fixture(scope="module")
def verifier(acme, laptop):
    with gateways.verifier(acme, "sshd") as it:
        yield it


@pytest.fixture
def gateway(acme, verifier):
    it = Gateway(acme, verifier, "sshd", name=NAME)
    it.pam("sshd", "sshd")
    # What the files of Debian come to.
    for kind, line in COMMON.items():
        (PAM_D / f"common-{kind}").write_text(line)
        it.services.add(f"common-{kind}")
    it.directory(ETC)
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", ETC / "key")
    it.copy("sshd_config", ETC / "pam_mtls.conf")
    (ETC / "sshd_config").write_text(
        f"Include {ETC}/pam_mtls.conf\nHostKey {ETC}/key\n"
        f"PidFile {ETC}/pid\nUseDNS no\n")
    (ETC / "known_hosts").write_text(
        f"{NAME} {(ETC / 'key.pub').read_text()}")
    with it.socket():
        yield it
    it.remove()


@contextlib.contextmanager
def server():
    with Process("/usr/sbin/sshd", "-D", "-e", "-f",
                 ETC / "sshd_config") as process:
        process.wait_for("Server listening on 0.0.0.0")
        yield process


# What alice has in ~/.ssh/config, and what she wants.
OPTIONS = ("-F", "none", "-o", f"UserKnownHostsFile={ETC}/known_hosts", "-o",
           "NumberOfPasswordPrompts=1")
WHAT = (f"alice@{NAME}", SHOW)


def ssh(laptop, *options):
    """alice at the keyboard of her laptop, with the ssh that everybody has."""
    return spawn(*laptop.argv("ssh", *OPTIONS, *options, *WHAT))


def mtlsctl_ssh(person):
    """And with her card."""
    child = spawn(*person.argv(MTLSCTL, "ssh", "--config", person.conf,
                               *OPTIONS, *WHAT))
    child.expect(PIN)
    child.sendline(person.card.pin)
    return child


def came_in(child, *answers):
    for prompt, answer in answers:
        child.expect(prompt)
        child.sendline(answer)
    got = child.expect(["in as alice", "Permission denied"])
    child.close(force=True)
    return got == 0


def a_code(child, person):
    """Plain ssh: is told what to do, presses Enter, reads the word."""
    child.expect("use mtlsctl ssh.*Press Enter for a code: ")
    child.sendline("")
    child.expect(WORD)
    child.sendline(person.approve(child.match[1]))


def came_in(child):
    got = child.expect(["in as alice", "Permission denied"])
    child.close(force=True)
    return got == 0


def test_mtlsctl_ssh(gateway, person):
    with server():
        assert came_in(mtlsctl_ssh(person))


def test_plain_ssh(gateway, laptop, person):
    with server():
        child = ssh(laptop)
        a_code(child, person)
        assert came_in(child)


def test_declined(gateway, laptop, person):
    """alice says that it is not her who logs in: no code, and it is over."""
    with server():
        child = ssh(laptop)
        child.expect("Press Enter")
        child.sendline("")
        child.expect(WORD)
        assert person.approve(child.match[1], "no") is None
        child.sendline("0000-0000")
        assert not came_in(child)


@pytest.mark.parametrize("password,expected",
                         [(PASSWORD, True), ("wrong password", False)])
def test_two_factors(gateway, laptop, person, password, expected):
    gateway.pam("sshd-two-factor", "sshd")
    with server():
        child = ssh(laptop)
        a_code(child, person)
        child.expect("Password: ")
        child.sendline(password)
        assert came_in(child) == expected


@pytest.mark.parametrize("password,expected",
                         [(PASSWORD, True), ("wrong password", False)])
def test_two_factors_with_mtlsctl_ssh(gateway, person, password, expected):
    gateway.pam("sshd-two-factor", "sshd")
    with server():
        child = mtlsctl_ssh(person)
        child.expect("Password: ")
        child.sendline(password)
        assert came_in(child) == expected


def test_no_password_alone(gateway, laptop):
    """Whatever way ssh offers a password: it is no way in."""
    with server():
        assert not came_in(ssh(laptop, "-o",
                               "PreferredAuthentications=password"))
