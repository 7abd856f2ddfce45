# SPDX-License-Identifier: BSD-2-Clause
"""A smart card: a SoftHSM token in a directory of its own."""

import os
import pathlib
import pwd

from . import MTLSCTL, SOFTHSM
from .process import ENVIRONMENT, run

CONFS = pathlib.Path("/etc/cards")
KINDS = ("rsa2048", "rsa3072", "p256", "p384")


class Card:
    """A token with one key and one certificate, made as people make it:
    key and CSR on the card, the CA signs, the certificate goes back."""

    def __init__(self, directory, label, pin="740218"):
        self.directory = pathlib.Path(directory)
        self.label = label
        self.pin = pin
        self.tokens = self.directory / "tokens"
        self.tokens.mkdir(parents=True, mode=0o700)
        self.directory.chmod(0o755)
        # In /etc, because that is where mtls-token may read.
        self.conf = CONFS / f"{self.directory.parent.name}-" \
            f"{self.directory.name}.conf"
        CONFS.mkdir(exist_ok=True)
        self.conf.write_text(f"directories.tokendir = {self.tokens}\n"
                             "objectstore.backend = file\n"
                             "log.level = ERROR\n"
                             "slots.removable = true\n")
        self.environment = {**ENVIRONMENT, "SOFTHSM2_CONF": str(self.conf)}
        run("softhsm2-util", "--init-token", "--free", "--label", label,
            "--pin", pin, "--so-pin", "12345678", env=self.environment)
        self.certificate = None

    def mtlsctl(self, *argv):
        return run(MTLSCTL, "token", *argv, "--module", SOFTHSM,
                   "--pin-fd", "0", input=self.pin + "\n",
                   env=self.environment)

    def enroll(self, organisation, user, kind="p256", **how):
        """A key on the card, and a certificate for it that says user."""
        csr = self.directory / f"{user}-{kind}.csr"
        self.mtlsctl("enroll", "--key", kind, "--out", csr,
                     "--token", self.label)
        self.certificate = organisation.issue_user(user, csr, **how)
        self.mtlsctl("import", self.certificate, "--token", self.label)
        self.hand_over()
        return self

    def put(self, key, certificate, number="01"):
        """Writes a key and a certificate from files, whether or not they
        belong together."""
        pkcs8 = self.directory / f"{number}.pkcs8"
        run("openssl", "pkcs8", "-topk8", "-nocrypt", "-in", key, "-out",
            pkcs8)
        run("softhsm2-util", "--import", pkcs8, "--token", self.label,
            "--label", "key", "--id", number, "--pin", self.pin,
            env=self.environment)
        pkcs8.unlink()
        der = self.directory / f"{number}.der"
        run("openssl", "x509", "-in", certificate, "-outform", "der",
            "-out", der)
        run("pkcs11-tool", "--module", SOFTHSM, "--token-label", self.label,
            "--login", "--pin", self.pin, "--write-object", der, "--type",
            "cert", "--id", number, "--label", "certificate",
            env=self.environment)
        self.certificate = certificate
        self.hand_over()
        return self

    def hand_over(self, account="_mtls-token"):
        """Makes the files belong to the account that uses the card."""
        owner = pwd.getpwnam(account)
        for where, _, names in os.walk(self.tokens):
            for path in (where, *(os.path.join(where, n) for n in names)):
                os.chown(path, owner.pw_uid, owner.pw_gid)
