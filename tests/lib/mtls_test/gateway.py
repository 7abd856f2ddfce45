# SPDX-License-Identifier: BSD-2-Clause
"""A gateway that is set up with the files of a directory of examples/."""

import contextlib
import os
import pathlib
import shutil

from . import MODULE
from .machine import Machine, PAM_D
from .network import GATEWAY
from .organisation import Verifier

EXAMPLES = pathlib.Path(__file__).resolve().parents[3] / "examples"
NAME = "vpn1.acme.example"
PASSWORD = "correct horse"


def text(path):
    return (EXAMPLES / path).read_text()


def host_name(name):
    """Makes a name mean this computer, for the laptop as well."""
    with open("/etc/hosts", "r+", encoding="ascii") as hosts:
        if name not in hosts.read().split():
            hosts.write(f"{GATEWAY} {name}\n")


@contextlib.contextmanager
def verifier(organisation, example, settings=""):
    """A verifier with the policy of an example, which the laptop reaches."""
    it = Verifier(organisation, name="login.acme.example",
                  policy=text(f"{example}/policy.conf"), settings=settings)
    it.conf.write_text(it.conf.read_text().replace("127.0.0.1", GATEWAY))
    host_name(it.name)
    try:
        yield it.start()
    finally:
        it.remove()


class Gateway(Machine):
    """A machine that has copied what it needs from examples/."""

    def __init__(self, organisation, verifier, example, name=NAME):
        self.example = example
        self.made = []
        super().__init__(organisation, verifier, name=name)
        host_name(name)

    def settings(self, more="", **sections):
        super().settings(more=text(f"{self.example}/pam_mtls.conf") + more,
                         **sections)

    def pam(self, name, service):
        """Copies a PAM file. The module is not where libpam looks for it, so
        that its path takes the place of its name; nothing else changes."""
        lines = text(f"{self.example}/pam.d/{name}")
        (PAM_D / service).write_text(lines.replace("pam_mtls.so", MODULE))
        self.services.add(service)

    def directory(self, path):
        """An empty directory for this test."""
        path = pathlib.Path(path)
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        self.made.append(path)
        return path

    def copy(self, name, to):
        """Copies a file of the example as it is to a file or directory."""
        to = pathlib.Path(to)
        to = to / name if to.is_dir() else to
        to.write_text(text(f"{self.example}/{name}"))
        os.chmod(to, 0o644)

    def remove(self):
        super().remove()
        for path in self.made:
            shutil.rmtree(path, ignore_errors=True)
