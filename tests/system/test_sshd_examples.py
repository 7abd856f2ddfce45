# SPDX-License-Identifier: BSD-2-Clause
"""sshd with the files of examples/sshd, from a second computer."""

import contextlib
import pathlib

import pytest

from mtls_test import gateway as gateways
from mtls_test.gateway import Gateway, PASSWORD
from mtls_test.machine import PAM_D
from mtls_test.process import Process, run
from mtls_test.programs import SHOW, spawn

NAME = "jump1.acme.example"
ETC = pathlib.Path("/etc/ssh/test")
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
    it.insert(acme.card())
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


def ssh(laptop, *options):
    """alice at the keyboard of her laptop, with the ssh that everybody has."""
    return spawn(*laptop.argv(
        "ssh", "-F", "none", "-o", f"UserKnownHostsFile={ETC}/known_hosts",
        "-o", "NumberOfPasswordPrompts=1", *options, f"alice@{NAME}", SHOW))


def came_in(child, *answers):
    for prompt, answer in answers:
        child.expect(prompt)
        child.sendline(answer)
    got = child.expect(["in as alice", "Permission denied"])
    child.close(force=True)
    return got == 0


def test_plain_ssh(gateway, laptop, code):
    with server():
        assert came_in(ssh(laptop), (r"PIN for [^\r\n]*: ", code()))


def test_two_factors(gateway, laptop, code):
    gateway.pam("sshd-two-factor", "sshd")
    ask = r"PIN for [^\r\n]*: "
    with server():
        assert came_in(ssh(laptop), (ask, code()), ("Password: ", PASSWORD))
        assert not came_in(ssh(laptop), (ask, code()),
                           ("Password: ", "wrong password"))


def test_no_password_alone(gateway, laptop):
    """Whatever way ssh offers a password: it is no way in."""
    with server():
        assert not came_in(ssh(laptop, "-o",
                               "PreferredAuthentications=password"))
