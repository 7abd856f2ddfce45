# SPDX-License-Identifier: BSD-2-Clause
"""What the verifier says to a service manager, and takes from it."""

import fcntl
import os
import pathlib
import re
import select
import shutil
import signal
import socket
import sys
import time

import pytest

from mtls_test import DEADLINE_S, MTLSCTL, PREFIX, VERIFIER, prometheus
from mtls_test.machine import Machine
from mtls_test.organisation import Verifier
from mtls_test.process import ENVIRONMENT, Process, run

# Descriptors to 3 and up, as systemd does it, then the program.
LAUNCHER = """
import os, sys
fds, names, program = sys.argv[1].split(","), sys.argv[2], sys.argv[3:]
for number, fd in enumerate(fds, 3):
    os.dup2(int(fd), number)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(fds)),
                  LISTEN_FDNAMES=names)
os.execv(program[0], program)
"""


@pytest.fixture
def other(acme):
    it = Verifier(acme, "verifier6.acme.example")
    yield it
    print(it.log())
    it.remove()


class Manager:
    """The end of NOTIFY_SOCKET that a service manager has."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        os.chmod(path, 0o666)
        self.env = {**ENVIRONMENT, "NOTIFY_SOCKET": str(path)}

    def take(self):
        """The next message, as a dictionary."""
        assert select.select([self.socket], [], [], DEADLINE_S)[0]
        text = self.socket.recv(4096).decode()
        return dict(line.split("=", 1) for line in text.splitlines())


def test_T182_a_reload_is_told(other):
    """RELOADING with the clock, then READY, whatever came of it."""
    manager = Manager(other.directory / "notify.sock")
    other.process = Process(VERIFIER, "--config", other.conf,
                            env=manager.env)
    assert manager.take() == {"READY": "1", "STATUS": "Deciding logins"}
    before = time.monotonic_ns() // 1000
    other.reload()
    told = manager.take()
    assert told.keys() == {"RELOADING", "MONOTONIC_USEC"}
    assert before <= int(told["MONOTONIC_USEC"]) <= \
        time.monotonic_ns() // 1000
    assert manager.take() == {"READY": "1", "STATUS": "Deciding logins"}
    other.write_policy("allow nobody\n")
    other.reload()
    assert "RELOADING" in manager.take()
    told = manager.take()
    assert told["READY"] == "1"
    assert "refused" in told["STATUS"] and "policy.conf:1" in told["STATUS"]
    other.process.send(signal.SIGTERM)
    assert manager.take() == {"STOPPING": "1"}


def free_ports(n):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def test_sockets_of_the_manager(acme, other, cards, login):
    """Its first connection starts the verifier, which serves it."""
    device, user = free_ports(2)
    other.process = Process(
        "systemd-socket-activate", f"--listen=127.0.0.1:{device}",
        f"--listen=127.0.0.1:{user}", "--fdname=device:user", VERIFIER,
        "--config", other.conf)
    other.process.wait_for(f"Listening on .*{user}")
    other.device_port, other.user_port = device, user
    machine = Machine(acme, other)
    machine.service("door")
    machine.insert(cards())
    assert login(cards().pin).code == "SUCCESS"
    other.process.wait_for(f"ready device=127.0.0.1:{device} "
                           f"user=127.0.0.1:{user}")
    assert login(cards().pin).code == "SUCCESS"
    machine.remove()


def launch(other, wrap=(), **sockets):
    """Starts the verifier with these sockets, by name."""
    fds = [fcntl.fcntl(s.fileno(), fcntl.F_DUPFD, 100)
           for s in sockets.values()]
    names = ":".join(name.rstrip("0123456789") for name in sockets)
    other.process = Process(sys.executable, "-c", LAUNCHER,
                            ",".join(map(str, fds)), names, *wrap, VERIFIER,
                            "--config", other.conf, pass_fds=fds)
    for fd in fds:
        os.close(fd)


def unix(path, kind):
    it = socket.socket(socket.AF_UNIX, kind)
    it.bind(str(path))
    it.listen()
    os.chmod(path, 0o666)
    return it


def test_local_sockets_of_the_manager(other):
    metrics = other.directory / "m.sock"
    admin = other.directory / "a.sock"
    launch(other, admin=unix(admin, socket.SOCK_SEQPACKET),
           metrics1=unix(metrics, socket.SOCK_STREAM),
           metrics2=socket.create_server(("127.0.0.1", 0)))
    line = other.process.wait_for(r"ready .* metrics=(\S+),(\S+)")
    assert line[1] == str(metrics)
    for where in line.groups():
        assert prometheus.get(where, "/healthz")[::2] == (200, "ok\n")
    assert "version" in run(MTLSCTL, "status", "--socket", admin).stdout
    # Its own was not made as well.
    assert not other.admin.exists()


def test_never_root(acme, other, cards, login):
    """As in examples/systemd: the account from the beginning."""
    account = "_mtls-verifier"
    for name in ("verifier.key", "state"):
        shutil.chown(other.directory / name, account, account)
    tcp = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    other.device_port, other.user_port = [s.getsockname()[1] for s in tcp]
    launch(other, ["/usr/bin/setpriv", f"--reuid={account}",
                   f"--regid={account}", "--clear-groups",
                   "--bounding-set=-all"],
           device=tcp[0], user=tcp[1],
           admin=unix(other.admin, socket.SOCK_SEQPACKET))
    other.process.wait_for("ready ")
    for s in tcp:
        s.close()
    machine = Machine(acme, other)
    machine.service("door")
    machine.insert(cards())
    assert login(cards().pin).code == "SUCCESS"
    assert other.reload().startswith("reloaded")
    assert other.audit()[-1]["decision"] == "allow"
    machine.remove()


def anywhere():
    return socket.create_server(("0.0.0.0", 0))


@pytest.mark.parametrize("name, make, why", [
    ("metrics", anywhere, "loopback"),
    ("admin", anywhere, "wrong type"),
    ("device", lambda: socket.socket(socket.AF_INET), "does not listen"),
    ("user", lambda: unix("/run/u.sock", socket.SOCK_STREAM), "not TCP"),
    ("user", lambda: unix("/run/p.sock", socket.SOCK_SEQPACKET), "type"),
    ("webserver", anywhere, "none of device, user, admin, metrics"),
])
def test_sockets_that_are_refused(other, name, make, why):
    with make() as it:
        launch(other, **{name: it})
        other.process.wait_for(f"failed .*{why}")
    assert other.process.popen.wait(DEADLINE_S) == 1


# What "systemd-analyze security" says; a change may only lower it.
EXPOSURE = {"mtls-verifier.service": 2.3, "pam-mtls-helper@.service": 2.4,
            "unprivileged": 1.2}
UNITS = pathlib.Path(PREFIX, "lib/systemd/system")
EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples/systemd"


def unit_file(name, directory):
    """A unit as it is installed, or with the drop-in of the examples."""
    if name != "unprivileged":
        return UNITS / name
    path = directory / "mtls-verifier.service"
    path.write_text((UNITS / path.name).read_text() + (
        EXAMPLES / "mtls-verifier.service.d/unprivileged.conf").read_text())
    return path


@pytest.mark.parametrize("unit", EXPOSURE)
def test_exposure_does_not_rise(unit, tmp_path):
    path = unit_file(unit, tmp_path)
    done = run("systemd-analyze", "security", "--offline=true",
               "--no-pager", path, check=False)
    level = re.search(r"Overall exposure level for .*: ([0-9.]+)",
                      done.stdout + done.stderr)
    assert level, done.stdout + done.stderr
    assert float(level[1]) <= EXPOSURE[unit]


def calls_of(unit):
    """The system calls that a unit lets through."""
    groups, group = {}, None
    for line in run("systemd-analyze", "syscall-filter").stdout.splitlines():
        if line.startswith("@"):
            group = groups.setdefault(line, set())
        elif line.strip() and not line.strip().startswith("#"):
            group.add(line.strip())

    def expand(word):
        if not word.startswith("@"):
            return {word}
        return set().union(*map(expand, groups[word]))

    allowed = set()
    for words in re.findall(r"^SystemCallFilter=(.*)", unit.read_text(),
                            re.M):
        found = set().union(*map(expand, words.lstrip("~").split()))
        allowed = allowed - found if words[0] == "~" else allowed | found
    return allowed


def test_the_filter_lets_the_verifier_work(acme, other, cards, login):
    """Whatever it calls from start to end is in its unit's filter."""
    trace = other.directory / "trace"
    other.write_settings("[listen]\nmetrics = 127.0.0.1:0\n")
    other.process = Process("strace", "-f", "-qq", "-o", trace, "-D",
                            VERIFIER, "--config", other.conf)
    ready = other.process.wait_for(
        r"ready device=\S*?:(\d+) user=\S*?:(\d+) metrics=(\S+)")
    other.device_port, other.user_port = int(ready[1]), int(ready[2])
    machine = Machine(acme, other)
    machine.service("door")
    machine.insert(cards())
    assert login(cards().pin).code == "SUCCESS"
    assert other.reload().startswith("reloaded")
    assert prometheus.get(ready[3], "/metrics")[0] == 200
    assert other.audit()
    other.stop()
    machine.remove()
    used = set(re.findall(r"^\d+ +([a-z]\w+)\(", trace.read_text(), re.M))
    assert len(used) > 40
    allowed = calls_of(UNITS / "mtls-verifier.service")
    assert used <= allowed, used - allowed


def test_units_are_understood():
    """No line that this systemd does not know."""
    for unit in [*UNITS.iterdir(), *EXAMPLES.glob("*.socket")]:
        done = run("systemd-analyze", "verify", "--man=no", unit,
                   check=False)
        text = done.stdout + done.stderr
        assert "Unknown" not in text and "Failed to parse" not in text, text
