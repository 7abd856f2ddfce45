# SPDX-License-Identifier: BSD-2-Clause
"""The measuring part of tests/bench/verifier; root of its own machine."""

import argparse
import contextlib
import json
import os
import pathlib
import statistics

from bench_servers import (Haproxy, Load, Nginx, Ours, cpu_s)
from mtls_test.organisation import Organisation
from mtls_test.process import run

STATE = pathlib.Path(os.environ["MTLS_BUILD"]) / "bench-state"
SECTIONS = ["cost", "crl"]
CONNECTIONS = 500       # of one measurement
MACHINES = 8            # that open challenges


class Bench:
    def __init__(self, rounds):
        self.rounds = rounds
        self.acme = Organisation("Acme")
        self.chain = self.acme.ca / "users.pem"
        self.machines = self.issue("machines", 200)
        self.people = self.issue("users", 2 * rounds * CONNECTIONS)

    def issue(self, what, n):
        """Certificates of n users or machines, or a CRL of n entries."""
        ca = "machines" if what == "machines" else "users"
        out = self.acme.directory / f"{what}-{n}"
        run(f"{os.environ['MTLS_BUILD']}/tests/bench/issue", what,
            self.acme.ca / f"{ca}.pem", self.acme.ca / f"{ca}.key", n, out,
            timeout=300)
        return out

    def connections(self, server, chain, first, n, requests=1):
        """Microseconds of the server's CPU for each of n connections."""
        argv = ["-P", self.people, "-f", first, "-n", n, "-k", requests,
                "-c", 32, *server.arguments()]
        if chain:
            argv += ["-C", self.chain]
        if server.device_port:
            argv += ["-M", self.machines, "-m", MACHINES]
        load = Load("request", *argv)
        before = cpu_s(server.pid)
        load.go()
        seen = json.loads(load.line())
        used = cpu_s(server.pid) - before
        load.end()
        if seen["ok"] != n * requests:
            raise SystemExit(f"{server.name}: {seen}")
        return used / n * 1e6


@contextlib.contextmanager
def running(bench, crl=None):
    """Ours, nginx and haproxy, with this CRL for users or without CRLs."""
    ours = Ours(bench.acme, STATE)
    if crl:
        ours.use_crl(crl)
    crls = ours.crls() if crl else None
    servers = [ours, Nginx(ours.verifier, crls), Haproxy(ours.verifier, crls)]
    with contextlib.ExitStack() as stack:
        stack.callback(ours.verifier.remove)
        for server in servers:
            server.start()
            stack.callback(server.stop)
        yield servers


def print_table(title, rows, base="nginx"):
    """rows: {(server, row): [values]}; medians, and the ratio to base."""
    print(f"\n{title}")
    print(f"  {'':34}{'median':>10}{'min':>10}{'/ ' + base:>12}")
    for (server, row), values in rows.items():
        median = statistics.median(values)
        other = rows.get((base, row)) or rows.get((base, row.partition(
            ",")[0]))
        print(f"  {server + ', ' + row:34}{median:10.0f}{min(values):10.0f}"
              f"{median / statistics.median(other):12.3f}")


def measure(bench, servers, n, rounds):
    """CPU of new connections, whole chain and leaf only; ours also again."""
    rows = {}
    for i in range(rounds):
        for k, chain in enumerate((True, False)):
            first = (2 * i + k) * CONNECTIONS
            what = "whole chain" if chain else "leaf only"
            for server in servers:
                value = bench.connections(server, chain, first, n)
                rows.setdefault((server.name, what), []).append(value)
            value = bench.connections(servers[0], chain, first, n)
            rows.setdefault((servers[0].name, what + ", seen before"),
                            []).append(value)
    return rows


def cost(bench):
    with running(bench) as servers:
        rows = measure(bench, servers, CONNECTIONS, bench.rounds)
    print_table("New connection with one request, no CRL for the others "
                "(microseconds of server CPU; ours: a decision with its "
                "durable audit record)", rows)


def crl(bench):
    for n, connections, rounds in ((100_000, 100, 4), (1_000_000, 20, 3)):
        made = bench.issue("crl", n)
        with running(bench, made) as servers:
            rows = measure(bench, servers, connections,
                           min(rounds, bench.rounds))
        print_table(f"The same with a CRL of {n:,} entries", rows)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("section", nargs="*")
    args = parser.parse_args()
    chosen = args.section or SECTIONS
    bench = Bench(args.rounds)
    for section in chosen:
        {"cost": cost, "crl": crl}[section](bench)


if __name__ == "__main__":
    main()
