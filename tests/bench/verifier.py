# SPDX-License-Identifier: BSD-2-Clause
"""The measuring part of tests/bench/verifier; root of its own machine."""

import argparse
import contextlib
import json
import os
import pathlib
import statistics
import time

from bench_servers import (Haproxy, Load, Nginx, Ours, cpu_s, rss_kb)
from mtls_test.organisation import Organisation
from mtls_test.process import run

STATE = pathlib.Path(os.environ["MTLS_BUILD"]) / "bench-state"
SECTIONS = ["cost", "crl", "keep-alive", "half-open", "login", "soak"]
CONNECTIONS = 500       # of one measurement
MACHINES = 8            # that open challenges
KEPT, KEPT_REQUESTS = 100, 20
HALF_OPEN = 1000
SOAK, SOAK_STEP = 200_000, 10_000


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


def keep_alive(bench):
    """What a request costs that needs no handshake."""
    rows = {}
    with running(bench) as servers:
        for i in range(bench.rounds):
            first = 2 * i * CONNECTIONS
            for server in servers:
                # The first time makes our chains known.
                bench.connections(server, True, first, KEPT)
                one = bench.connections(server, True, first, KEPT)
                many = bench.connections(server, True, first, KEPT,
                                         KEPT_REQUESTS)
                rows.setdefault((server.name, "connection and request"),
                                []).append(one)
                rows.setdefault((server.name, "each further request"),
                                []).append(
                                    (many - one) / (KEPT_REQUESTS - 1))
    print_table(f"{KEPT_REQUESTS} requests on one connection (microseconds "
                "of server CPU)", rows)


def login_arguments(bench, server, n, *more):
    return ["-P", bench.people, "-M", bench.machines, "-m", 200, "-n", n,
            "-C", bench.chain, *server.arguments(), *more]


def logins(bench, server, n, *more):
    load = Load("login", *login_arguments(bench, server, n, *more))
    load.go()
    seen = json.loads(load.line())
    load.end()
    if seen["wrong"] or seen["failed"]:
        raise SystemExit(f"logins: {seen}")
    return seen


def sync_ms():
    """How long this disk takes for what every commit needs."""
    with open(STATE / "sync", "ab", buffering=0) as f:
        f.write(bytes(4096))
        begun = time.perf_counter()
        os.fdatasync(f.fileno())
        return (time.perf_counter() - begun) * 1e3


def login(bench):
    """Two channels, a durable audit; Poisson arrivals at half load."""
    ours = Ours(bench.acme, STATE, loops=1)
    ours.start()
    try:
        n = 2 * bench.rounds * CONNECTIONS
        full = logins(bench, ours, n, "-c", 32)
        rate = full["ok"] / full["seconds"]
        before = cpu_s(ours.pid)
        half = logins(bench, ours, n, "-r", rate / 2)
        used = cpu_s(ours.pid) - before
    finally:
        ours.stop()
        ours.verifier.remove()
    syncs = sorted(sync_ms() for _ in range(200))
    print(f"\nfdatasync() of 4 kB here, without us: p50 {syncs[100]:.2f} p99 "
          f"{syncs[198]:.2f} ms")
    print(f"\nComplete logins (two TLS channels, durable audit), one loop\n"
          f"  closed loop, 32 at a time: {rate:.0f} each second, "
          f"p50 {full['p50_ms']:.1f} ms\n"
          f"  open loop at {rate / 2:.0f} each second: p50 "
          f"{half['p50_ms']:.1f} p99 {half['p99_ms']:.1f} p99.9 "
          f"{half['p999_ms']:.1f} ms, {used / half['ok'] * 1e6:.0f} "
          f"microseconds of CPU each", flush=True)


def soak(bench):
    """Memory after many logins, beside that after the first of them."""
    ours = Ours(bench.acme, STATE, loops=2)
    ours.start()
    try:
        done = 0
        sizes = []
        people = 2 * bench.rounds * CONNECTIONS
        while done < SOAK:
            n = min(SOAK_STEP, SOAK - done)
            logins(bench, ours, people, "-c", 16, "-k", -(-n // people))
            done += people * -(-n // people)
            sizes.append((done, rss_kb(ours.pid)))
            print(f"  {done:8,} logins: {rss_kb(ours.pid):8,} kB", flush=True)
    finally:
        ours.stop()
        ours.verifier.remove()
    print(f"  last / first: {sizes[-1][1] / sizes[0][1]:.3f}")


def half_open_one(bench, server):
    """Memory for each, how many others were served, and when they end."""
    bench.connections(server, True, 0, 200)     # what is allocated once
    load = Load("half-open", "-u", server.port, "-n", HALF_OPEN)
    before = rss_kb(server.pid)
    begun = time.monotonic()
    load.go()
    held = json.loads(load.line())["open"]
    time.sleep(1)       # it has read what it wants to read
    memory = (rss_kb(server.pid) - before) / HALF_OPEN
    argv = ["-P", bench.people, "-n", 200, "-c", 8, *server.arguments()]
    if server.device_port:
        argv += ["-M", bench.machines, "-m", MACHINES]
    visit = Load("request", *argv)
    visit.go()
    seen = json.loads(visit.line())
    visit.end()
    still = held
    while still and time.monotonic() < begun + 60:
        time.sleep(0.2)
        load.go()
        still = json.loads(load.line())["open"]
    ended = time.monotonic() - begun
    load.end()
    print(f"  {server.name:16}{held:6}{memory:12.1f}{seen['ok']:10}"
          f"{seen['p50_ms']:10.1f}{seen['p99_ms']:10.1f}"
          f"{f'{ended:.1f} s' if not still else f'{still} left':>14}",
          flush=True)


def half_open(bench):
    print(f"\n{HALF_OPEN:,} half-open connections (50 bytes of a "
          "ClientHello), then 200 others\n"
          f"  {'':16}{'held':>6}{'KB for each':>12}{'served':>10}"
          f"{'p50 ms':>10}{'p99 ms':>10}{'all closed':>14}")
    with running(bench) as servers:
        for server in servers:
            half_open_one(bench, server)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=6)
    parser.add_argument("section", nargs="*", metavar="SECTION",
                        help=", ".join(SECTIONS))
    args = parser.parse_args()
    chosen = args.section or SECTIONS[:-1]
    bench = Bench(args.rounds)
    for section in chosen:
        {"cost": cost, "crl": crl, "keep-alive": keep_alive,
         "half-open": half_open, "login": login,
         "soak": soak}[section](bench)


if __name__ == "__main__":
    main()
