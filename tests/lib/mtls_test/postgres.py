# SPDX-License-Identifier: BSD-2-Clause
"""A PostgreSQL of one's own, behind a network cable that can be pulled."""

import contextlib
import pathlib
import shutil
import signal
import tempfile

from .process import Process, run

ADDRESS = "10.77.0.2"
PORT = 5432
NETNS = "database"
ACCOUNT = "postgres"
# "ip netns exec" wants a /sys of its own; this does not.
THERE = ("nsenter", f"--net=/run/netns/{NETNS}")


def programs():
    """Where the newest version is; None where there is none."""
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


def make_network():
    """A network of its own, and a cable to it."""
    pathlib.Path("/run/netns").mkdir(exist_ok=True)
    run("ip", "netns", "add", NETNS)
    run("ip", "link", "add", "cable", "type", "veth", "peer", "name",
        "socket", "netns", NETNS)
    run("ip", "addr", "add", "10.77.0.1/24", "dev", "cable")
    run("ip", "link", "set", "cable", "up")
    for command in (["addr", "add", f"{ADDRESS}/24", "dev", "socket"],
                    ["link", "set", "socket", "up"],
                    ["link", "set", "lo", "up"]):
        run(*THERE, "ip", *command)


class Postgres:
    """One server; everybody who reaches it may do anything."""

    def __init__(self):
        self.bin = programs()
        self.directory = pathlib.Path(tempfile.mkdtemp(
            prefix="postgres-", dir="/var/lib"))
        shutil.chown(self.directory, ACCOUNT, ACCOUNT)
        self.process = None
        run(self.bin / "initdb", "-D", self.directory / "data", "-A",
            "trust", "-U", "mtls_verifier", "-E", "UTF8", "--locale=C", "-N",
            user=ACCOUNT, group=ACCOUNT, cwd="/")
        with open(self.directory / "data/pg_hba.conf", "a",
                  encoding="ascii") as hba:
            hba.write("host all all 10.77.0.0/24 trust\n")
        make_network()
        self.url = (f"postgresql://mtls_verifier@{ADDRESS}:{PORT}/"
                    "mtls_verifier?sslmode=disable")
        self.start()
        self.sql("CREATE DATABASE mtls_verifier", "postgres")

    def start(self):
        self.process = Process(
            *THERE, "setpriv", "--reuid", ACCOUNT,
            "--regid", ACCOUNT, "--clear-groups", self.bin / "postgres",
            "-D", self.directory / "data", "-k", self.directory, "-p", PORT,
            "-c", f"listen_addresses={ADDRESS}", cwd="/")
        self.process.wait_for("ready to accept connections")
        return self

    def stop(self, number=signal.SIGINT):
        """SIGINT: in order; SIGQUIT: as a crash."""
        if self.process:
            self.process.stop(number)
            self.process = None

    def sql(self, text, database="mtls_verifier"):
        """Rows of tab-separated text."""
        out = run(self.bin / "psql", "-X", "-A", "-t", "-F", "\t", "-h",
                  self.directory, "-p", PORT, "-U", "mtls_verifier", "-d",
                  database, "-c", text).stdout
        return [line.split("\t") for line in out.splitlines()]

    def empty(self):
        self.sql("SET client_min_messages = error;"
                 "DROP SCHEMA IF EXISTS mtls_verifier CASCADE")

    @contextlib.contextmanager
    def unplugged(self):
        run("ip", "link", "set", "cable", "down")
        try:
            yield
        finally:
            run("ip", "link", "set", "cable", "up")

    def remove(self):
        self.stop()
        run("ip", "netns", "del", NETNS, check=False)
        shutil.rmtree(self.directory, ignore_errors=True)
