# SPDX-License-Identifier: BSD-2-Clause
"""The verifier with SQLite, killed under load, and on a disk that
has no room left: nothing is granted twice, and nothing without its record."""

import os
import random
import signal

import pytest

from mtls_test import https
from mtls_test.clients import (NO_LIMITS, Client, check_audit, in_threads,
                               person_files)
from mtls_test.machine import Machine
from mtls_test.organisation import Verifier
from mtls_test.process import run, wait_until


@pytest.fixture(scope="module")
def alice(acme, tmp_path_factory):
    return person_files(acme, tmp_path_factory.mktemp("alice"))


@pytest.fixture
def alone(acme):
    """A verifier whose state is on a small file system of its own."""
    it = Verifier(acme, "verifier8.acme.example")
    it.write_settings(NO_LIMITS)
    state = it.directory / "state"
    run("mount", "-t", "tmpfs", "-o", "size=64m,mode=700,uid=_mtls-verifier,"
        "gid=_mtls-verifier", "tmpfs", state)
    try:
        yield it.start()
    finally:
        print(it.log()[-4000:])
        it.stop()
        run("umount", state)
        it.remove()


@pytest.fixture
def machine(acme, alone):
    it = Machine(acme, alone)
    yield it
    it.remove()


def test_T180_killed_at_random_moments(alone, machine, alice):
    """Each time at another moment of a login; the audit stays whole."""
    clients = [Client([alone], machine, alice, 0) for _ in range(4)]
    seen = {alone.process.pid}

    def n_granted():
        return sum(len(c.granted) for c in clients)

    def kill():
        enough = min(n_granted() + random.randint(1, 20), 300)
        wait_until(lambda: n_granted() >= enough, "a login")
        alone.process.send(signal.SIGKILL)
        alone.process.stop()
        alone.start()
        seen.add(alone.process.pid)
    in_threads(clients, 75, None, kill)
    assert len(seen) > 10
    check_audit(alone, clients, 300)


def fill_up(path):
    """All but a megabyte of the file system that path is on."""
    room = os.statvfs(path.parent)
    with open(path, "wb") as ballast:
        os.posix_fallocate(ballast.fileno(), 0,
                           room.f_bavail * room.f_frsize - 1024 * 1024)


def test_T180_the_disk_is_full(alone, machine, alice):
    """Under load, until there is no room; then there is room again."""
    clients = [Client([alone], machine, alice, 0) for _ in range(4)]
    state = alone.directory / "state"
    fill_up(state / "ballast")

    def fill(client):
        for _ in range(2000):
            if not client.try_login():
                return
        raise AssertionError("it is never full")
    in_threads(clients, fill)
    n_before = sum(len(c.granted) for c in clients)
    assert n_before > 0
    alone.process.wait_for("state-lost")
    # Nobody gets anything, and it lives.
    device = https.device(alone, machine)
    status, opened, _ = device.open(Machine.NAME)
    if status == 201:
        person = https.person(alone, machine, *alice)
        status, problem = person.prove(opened["challenge"], Machine.NAME)
        assert status == 503, problem
        assert problem["reason"] == "state-unavailable"
        assert device.grant(opened["challenge"])[0] == 202
    (state / "ballast").unlink()
    alone.process.wait_for("state-back")
    in_threads(clients, 5)
    assert len(alone.audit(decision="allow")) >= n_before + 20
    check_audit(alone, clients, n_before + 20)
    # And after a crash, too.
    alone.process.send(signal.SIGKILL)
    alone.process.stop()
    alone.start()
    check_audit(alone, clients, n_before + 20)
