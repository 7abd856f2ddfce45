# SPDX-License-Identifier: BSD-2-Clause
"""The measuring part of tests/bench/login; root of its own machine."""

import contextlib
import json
import pathlib
import resource
import statistics
import subprocess
import sys
import time

from mtls_test import MTLSCTL, SOFTHSM
from mtls_test.machine import Machine
from mtls_test.organisation import Organisation, Verifier
from mtls_test.process import ENVIRONMENT, run

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 40
WARM = 2            # rounds that are not counted
SOCKET_OFF = "/run/nothing.sock"

PKCS11 = """\
pam_pkcs11 {{
  nullok = false; debug = false; card_only = false; wait_for_card = false;
  use_pkcs11_module = token;
  pkcs11_module token {{
    module = {module};
    description = "token";
    slot_num = 0;
    ca_dir = {directory};
    crl_dir = {directory};
    cert_policy = ca,signature;
  }}
  use_mappers = subject;
  mapper_search_path = /lib/pam_pkcs11;
  mapper subject {{
    debug = false; module = internal; ignorecase = false;
    mapfile = file://{directory}/map;
  }}
}}
"""


def pam_pkcs11(machine, acme, card):
    """pam_pkcs11 with a CA check and a signature; subject to user."""
    directory = acme.directory / "pam_pkcs11"
    directory.mkdir()
    for name in ("root", "users"):
        (directory / f"{name}.pem").write_bytes(
            (acme.ca / f"{name}.pem").read_bytes())
    run("openssl", "rehash", directory)
    subject = run("openssl", "x509", "-in", card.certificate, "-noout",
                  "-subject", "-nameopt", "compat").stdout
    subject = subject.strip().removeprefix("subject=")
    (directory / "map").write_text(f"{subject} -> alice\n")
    conf = directory / "pam_pkcs11.conf"
    conf.write_text(PKCS11.format(module=SOFTHSM, directory=directory))
    machine.service("pam_pkcs11",
                    f"auth required pam_pkcs11.so config_file={conf}")


def pam_p11(machine, card):
    """pam_p11 with the certificate in the user's home."""
    eid = pathlib.Path("/home/alice/.eid")
    eid.mkdir()
    (eid / "authorized_certificates").write_bytes(
        pathlib.Path(card.certificate).read_bytes())
    machine.service("pam_p11", f"auth required pam_p11.so {SOFTHSM}")


def one(service, card):
    """(wall ms, CPU ms of the process and those it waited for)"""
    env = {**ENVIRONMENT, "SOFTHSM2_CONF": str(card.conf)}
    cpu = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.perf_counter()
    done = subprocess.run(["pamtester", service, "alice", "authenticate"],
                          input=card.pin.encode() + b"\n", env=env,
                          capture_output=True, check=False)
    wall = time.perf_counter() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        sys.exit(f"{service}: {done.stdout} {done.stderr}")
    used = after.ru_utime + after.ru_stime - cpu.ru_utime - cpu.ru_stime
    return wall * 1e3, used * 1e3


def measure(services, card):
    walls = {s: [] for s in services}
    cpus = {s: [] for s in services}
    for n in range(ROUNDS + WARM):
        for service in services:
            wall, cpu = one(service, card)
            if n >= WARM:
                walls[service].append(wall)
                cpus[service].append(cpu)
    return walls, cpus


def table(walls, cpus):
    base = statistics.median(walls["pam_pkcs11"])
    print(f"{ROUNDS} rounds, taking turns; whole process, milliseconds\n")
    print(f"{'':18}{'median':>8}{'p10':>8}{'p90':>8}{'CPU':>8}"
          f"{'/ pam_pkcs11':>14}")
    for service, wall in walls.items():
        cut = statistics.quantiles(wall, n=10)
        median = statistics.median(wall)
        print(f"{service:18}{median:8.2f}{cut[0]:8.2f}{cut[-1]:8.2f}"
              f"{statistics.median(cpus[service]):8.2f}"
              f"{median / base:14.2f}")
    ours = min(statistics.median(walls[s]) for s in walls
               if s.startswith("pam_mtls"))
    print(f"\npam_mtls / pam_pkcs11: {ours / base:.2f}")
    return ours


def phases(card, whole):
    """Medians of the phases that mtlsctl try reports; whole: of a login."""
    found = {}
    for _ in range(ROUNDS):
        done = run(MTLSCTL, "try", "alice", "--service", "pam_mtls",
                   "--json", "--pin-fd", "0", input=card.pin + "\n",
                   check=False)
        for phase in json.loads(done.stdout)["phases"]:
            begin, end = phase["begin_us"], phase["end_us"]
            found.setdefault(phase["name"], []).append((begin, end))
    print("\nphases inside ours (mtlsctl try), ms after the request: "
          "begin, end, time taken")
    rows = [(statistics.median(b for b, _ in spans),
             statistics.median(e for _, e in spans), name)
            for name, spans in found.items()]
    for begin, end, name in sorted(rows):
        print(f"  {name:28}{begin / 1e3:8.2f}{end / 1e3:8.2f}"
              f"{(end - begin) / 1e3:8.2f}")
    inside = statistics.median(e for _, e in found["total"]) / 1e3
    print(f"\nbefore the request and after the result (pamtester, starting "
          f"the helper): {whole - inside:.2f}")


def main():
    acme = Organisation("Acme")
    card = acme.card("alice", "rsa2048")
    with contextlib.ExitStack() as stack:
        verifier = Verifier(acme)
        stack.callback(verifier.remove)
        verifier.start()
        machine = Machine(acme, verifier)
        stack.callback(machine.remove)
        machine.insert(card)
        machine.service("pam_mtls")
        machine.service("pam_mtls-spawned",
                        f"auth required MODULE socket={SOCKET_OFF}")
        machine.service("pam_permit", "auth required pam_permit.so")
        pam_pkcs11(machine, acme, card)
        pam_p11(machine, card)
        with machine.socket():
            ours = table(*measure(["pam_mtls", "pam_mtls-spawned",
                                   "pam_pkcs11", "pam_p11", "pam_permit"],
                                  card))
            phases(card, ours)


if __name__ == "__main__":
    main()
