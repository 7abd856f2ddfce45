# SPDX-License-Identifier: BSD-2-Clause
"""A smart card in a reader, as pcscd and OpenSC see it: libcacard behind
vpcd (tests/lib/virtual_card.c). RSA-2048 only; three certificates."""

import os
import pathlib

from .process import Process, run, wait_until

OPENSC = "/opt/pkcs11/opensc-pkcs11.so"
PROGRAM = pathlib.Path(os.environ.get("MTLS_BUILD", "build")) / \
    "tests/lib/virtual_card"
PORT = 0x8C7B       # where vpcd listens, in this machine's own network


class VirtualCard:
    pin = "648219"

    def __init__(self, organisation, user, directory):
        self.directory = pathlib.Path(directory)
        self.organisation = organisation
        self.database = f"sql:{directory}"
        password = self.directory / "pin"
        password.write_text(self.pin + "\n")
        run("certutil", "-N", "-d", self.database, "-f", password)
        for name in "abc":
            self._certificate(user, name, password)

    def _certificate(self, user, name, password):
        base = self.directory / name
        key, csr = base.with_suffix(".key"), base.with_suffix(".csr")
        p12 = base.with_suffix(".p12")
        run("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes",
            "-keyout", key, "-out", csr, "-subj", f"/CN={user} {name}")
        pem = self.organisation.issue_user(user, csr)
        run("openssl", "pkcs12", "-export", "-in", pem, "-inkey", key,
            "-name", f"cert{name}", "-passout", "pass:x", "-out", p12)
        run("pk12util", "-i", p12, "-d", self.database, "-k", password,
            "-W", "x")

    def __enter__(self):
        os.makedirs("/run/pcscd", exist_ok=True)
        self.pcscd = Process("/usr/sbin/pcscd", "--foreground")
        self.card = Process(PROGRAM, self.directory, PORT, "certa", "certb",
                            "certc")
        self.card.wait_for("inserted")
        wait_until(lambda: "token label" in self.slots(),
                   "pcscd to see the card")
        return self

    def slots(self):
        return run("pkcs11-tool", "--module", OPENSC, "-L",
                   check=False).stdout

    def __exit__(self, *_):
        self.card.stop()
        self.pcscd.stop()
