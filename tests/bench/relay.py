# SPDX-License-Identifier: BSD-2-Clause
"""The measuring part of tests/bench/relay; root of its own machine."""

import contextlib
import os
import pathlib
import statistics
import sys
import tempfile
import time

import pexpect

from mtls_test import MTLSCTL, PREFIX
from mtls_test.machine import Machine
from mtls_test.organisation import Organisation, POLICY, Verifier
from mtls_test.process import Process, run

ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 20
WARM = 2            # rounds that are not counted
GATEWAY = Machine.NAME
PASSWORD = "correct horse"
PORTS = {"relay": 2222, "password": 2223}
PROGRAMS = {"relay": (MTLSCTL, "ssh"), "password": ("ssh",)}


def sshd(directory, kind):
    """The same program under a name of its own: that is its PAM service."""
    program = directory / ("sshd" if kind == "relay" else "sshd-password")
    program.symlink_to("/usr/sbin/sshd")
    conf = directory / f"{kind}.conf"
    conf.write_text("\n".join([
        f"Port {PORTS[kind]}", "ListenAddress 127.0.0.1",
        f"HostKey {directory}/host-key", f"PidFile {directory}/{kind}.pid",
        "UsePAM yes", "PasswordAuthentication no",
        "KbdInteractiveAuthentication yes", "UseDNS no",
        "AuthenticationMethods keyboard-interactive"]) + "\n")
    it = Process(program, "-D", "-e", "-f", conf)
    it.wait_for("Server listening on")
    return it


def start(home, kind, *options):
    return pexpect.spawn(
        "setpriv", ["--reuid=alice", "--regid=alice", "--init-groups",
                    *PROGRAMS[kind], *options, "-F", "none", "-o",
                    "StrictHostKeyChecking=no", "-o",
                    f"UserKnownHostsFile={home}/known", "-o",
                    "PreferredAuthentications=keyboard-interactive", "-p",
                    str(PORTS[kind]), f"alice@{GATEWAY}", "true"],
        env={"PATH": f"{PREFIX}/bin:{os.environ['PATH']}", "TERM": "dumb",
             "HOME": str(home), "LC_ALL": "C.UTF-8"}, timeout=60,
        encoding="utf-8", codec_errors="replace", cwd=str(home))


def one(home, kind, secret, *options):
    """(milliseconds, everything that was said)"""
    begun = time.perf_counter()
    child = start(home, kind, *options)
    child.delaybeforesend = None
    child.expect(r"PIN for [^\r\n]*: |[Pp]assword: ")
    said = child.before
    child.sendline(secret)
    child.expect(pexpect.EOF)
    took = time.perf_counter() - begun
    said += child.before
    child.close()
    if child.exitstatus != 0:
        sys.exit(f"{kind}: ended with {child.exitstatus}\n{said}")
    return took * 1e3, said


def table(times):
    print(f"{ROUNDS} rounds, taking turns; whole command, milliseconds\n")
    print(f"{'':12}{'median':>8}{'p10':>8}{'p90':>8}")
    for kind, values in times.items():
        cut = statistics.quantiles(values, n=10)
        print(f"{kind:12}{statistics.median(values):8.1f}{cut[0]:8.1f}"
              f"{cut[-1]:8.1f}")
    ratio = statistics.median(times["relay"]) / \
        statistics.median(times["password"])
    print(f"\nrelay / password: {ratio:.2f} (at most 2)")
    return ratio


def prepare(stack, directory):
    acme = Organisation("Acme")
    stack.callback(acme.remove)
    verifier = Verifier(acme, policy=POLICY.format(
        issuer="CN=Acme Users CA,O=Acme").replace(
            "by token", "by token, relay"))
    stack.callback(verifier.remove)
    verifier.start()
    machine = Machine(acme, verifier)
    stack.callback(machine.remove)
    card = acme.card("alice", "p256")
    machine.insert(card, more="[service sshd]\nmethod = relay\n")
    card.hand_over("alice")
    machine.service("sshd")
    machine.service("sshd-password", "auth required pam_unix.so")
    run("chpasswd", "--crypt-method", "YESCRYPT",
        input=f"alice:{PASSWORD}\n")
    hosts = pathlib.Path("/etc/hosts")
    hosts.write_text(f"127.0.0.1 {GATEWAY}\n" + "".join(
        line for line in hosts.read_text().splitlines(True)
        if GATEWAY not in line))
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
        directory / "host-key")
    stack.enter_context(machine.socket())
    for kind in PORTS:
        stack.callback(sshd(directory, kind).stop)
    return {"relay": card.pin, "password": PASSWORD}


def main():
    directory = pathlib.Path(tempfile.mkdtemp(dir="/var/lib"))
    directory.chmod(0o755)
    home = directory / "home"
    home.mkdir()
    run("chown", "alice:", home)
    with contextlib.ExitStack() as stack:
        secrets = prepare(stack, directory)
        times = {kind: [] for kind in PORTS}
        for n in range(ROUNDS + WARM):
            for kind in PORTS:
                took, _ = one(home, kind, secrets[kind])
                if n >= WARM:
                    times[kind].append(took)
        ratio = table(times)
        said = one(home, "relay", secrets["relay"], "-vv")[1]
        prompts = said.count("num_prompts 1")
        print(f"prompts of a relay with a P-256 card: {prompts} (at most 8)")
    sys.exit(0 if ratio <= 2 and 0 < prompts <= 8 else 1)


if __name__ == "__main__":
    main()
