# SPDX-License-Identifier: BSD-2-Clause
"""A person's computer with an ssh-agent, and the machine they come to."""

import base64
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import tempfile

from . import DEADLINE_S, SOFTHSM
from .process import ENVIRONMENT, Process, run, wait_until

PORT = 2222


def as_user(user, *argv, env=None, **options):
    """Runs argv as this user, with nothing of root's environment."""
    home = pwd.getpwnam(user).pw_dir
    return run("setpriv", f"--reuid={user}", f"--regid={user}",
               "--init-groups", *argv,
               env={**ENVIRONMENT, "HOME": home, "USER": user, **(env or {})},
               **options)


def ssh_string(*parts):
    return b"".join(len(p).to_bytes(4, "big") + p for p in parts)


def openssh_ed25519(pem):
    """An Ed25519 key as ssh-add of OpenSSH 9.2 reads it. In PKCS#8 the seed
    is the end; the public key follows from openssl."""
    def der(*argv):
        return base64.b64decode(run(
            "openssl", "pkey", "-in", pem, *argv).stdout.split("-----")[2])

    seed, public = der()[-32:], der("-pubout")[-32:]
    blob = ssh_string(b"ssh-ed25519", public)
    secret = b"\0" * 8 + blob + ssh_string(seed + public, b"")
    secret += bytes(range(1, 1 + -len(secret) % 8))
    whole = (b"openssh-key-v1\0" + ssh_string(b"none", b"none", b"") +
             b"\0\0\0\1" + ssh_string(blob, secret))
    return ("-----BEGIN OPENSSH PRIVATE KEY-----\n" +
            base64.encodebytes(whole).decode() +
            "-----END OPENSSH PRIVATE KEY-----\n")


class PersonKey:
    """A key in a file, and the certificate that the organisation gave."""

    OPTIONS = {"p256": ("EC", "ec_paramgen_curve:P-256"),
               "p384": ("EC", "ec_paramgen_curve:P-384"),
               "ed25519": ("ED25519", None),
               "rsa3072": ("RSA", "rsa_keygen_bits:3072")}

    def __init__(self, directory, organisation, user, kind):
        self.path = pathlib.Path(directory) / f"{user}-{kind}"
        pem = self.path.with_suffix(".key")
        algorithm, option = self.OPTIONS[kind]
        run("openssl", "genpkey", "-algorithm", algorithm, "-out", pem,
            *(("-pkeyopt", option) if option else ()))
        csr = self.path.with_suffix(".csr")
        run("openssl", "req", "-new", "-key", pem, "-subj", f"/CN={user}",
            "-out", csr)
        self.certificate = organisation.issue_user(user, csr)
        if kind == "ed25519":
            self.path.write_text(openssh_ed25519(pem))
        else:
            shutil.copy(pem, self.path)


class Agent:
    """The ssh-agent of a person, on the person's own computer."""

    def __init__(self, user, directory, askpass="true", env=None):
        self.user = user
        self.socket = pathlib.Path(directory) / "agent.sock"
        self.askpass = pathlib.Path(directory) / "askpass"
        # It asks "Allow use of key ...?"; its exit status is the answer.
        self.asked = pathlib.Path(directory) / "asked"
        self.askpass.write_text(
            f"#!/bin/sh\necho \"$1\" >>{self.asked}\n{askpass}\n")
        self.askpass.chmod(0o755)
        self.env = {"SSH_ASKPASS": str(self.askpass), "DISPLAY": ":0",
                    "SSH_ASKPASS_REQUIRE": "force",
                    "SSH_AUTH_SOCK": str(self.socket), **(env or {})}
        home = pwd.getpwnam(user)
        self.process = subprocess.Popen(
            ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups",
             "ssh-agent", "-D", "-P", "/opt/pkcs11/*", "-a", self.socket],
            env={**ENVIRONMENT, "HOME": home.pw_dir, **self.env},
            stdout=subprocess.DEVNULL)
        wait_until(self.socket.exists, "ssh-agent")

    def add(self, *argv, **options):
        as_user(self.user, "ssh-add", *argv, env=self.env, **options)

    def add_key(self, key, *how):
        """A PersonKey, which no file of this user has to hold."""
        self.add(*how, "-", input=key.path.read_text())

    def add_card(self, card):
        """A card that this person's agent drives; the PIN by askpass."""
        card.hand_over(self.user)
        self.askpass.write_text(f"#!/bin/sh\necho {card.pin}\n")
        self.add("-s", SOFTHSM)

    def stop(self):
        self.process.terminate()
        self.process.wait(DEADLINE_S)
        self.socket.unlink(missing_ok=True)


class Sshd:
    """sshd on this machine, for people with a key of their own for it."""

    def __init__(self, *users):
        self.directory = pathlib.Path(tempfile.mkdtemp(dir="/var/lib"))
        self.directory.chmod(0o755)
        host_key = self.directory / "host-key"
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", host_key)
        for user in users:
            key = self.directory / user
            run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
            shutil.copy(key.with_suffix(".pub"),
                        self.directory / f"{user}.keys")
            shutil.chown(key, user, user)
        public = host_key.with_suffix(".pub").read_text()
        self.known_hosts = self.directory / "known_hosts"
        # ssh asks for it by the port, ssh-add -h by the name.
        self.known_hosts.write_text(
            f"[127.0.0.1]:{PORT} {public}127.0.0.1 {public}")
        conf = self.directory / "sshd_config"
        conf.write_text("\n".join([
            f"Port {PORT}", "ListenAddress 127.0.0.1", f"HostKey {host_key}",
            f"PidFile {self.directory}/pid", "UsePAM no", "UseDNS no",
            "AuthenticationMethods publickey", "StrictModes no",
            f"AuthorizedKeysFile {self.directory}/%u.keys"]) + "\n")
        self.process = Process("/usr/sbin/sshd", "-D", "-e", "-f", conf)
        self.process.wait_for("Server listening on")

    def ssh(self, user, command, agent=None, **options):
        """ssh -A of this user to this machine, and what came of it."""
        return as_user(
            user, "ssh", "-F", "none", "-A" if agent else "-a", "-p", PORT,
            "-o", f"UserKnownHostsFile={self.known_hosts}",
            "-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes", "-i", self.directory / user,
            f"{user}@127.0.0.1", command,
            env=agent.env if agent else None, check=False, **options)

    def stop(self):
        self.process.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


def home(user):
    """An empty directory of this user's, as private as ~/.ssh."""
    entry = pwd.getpwnam(user)
    path = pathlib.Path(tempfile.mkdtemp(dir=entry.pw_dir))
    os.chown(path, entry.pw_uid, entry.pw_gid)
    return path


def came_in(done):
    """As whom; None if nobody did."""
    found = re.search(r"in as (\w+)", done.stdout)
    return found[1] if found and done.returncode == 0 else None
