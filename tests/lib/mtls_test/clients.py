# SPDX-License-Identifier: BSD-2-Clause
"""Many logins at once, at verifiers that come and go; and what the audit must
have of them."""

import collections
import http.client
import threading

from . import MTLSCTL, https
from .machine import Machine
from .process import run, wait_until

# More logins each minute from one machine than a person would try.
NO_LIMITS = """\
[limits]
machine-challenges = none
origin-challenges = none
source-challenges = none
"""


def person_files(organisation, directory, user="alice"):
    """Certificate and key of a person, as files."""
    key, csr = directory / f"{user}.key", directory / f"{user}.csr"
    run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt",
        "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-subj",
        f"/CN={user}", "-out", csr)
    return organisation.issue_user(user, csr), key


BROKEN = (OSError, http.client.HTTPException)


class Client:
    """Logs alice in, again and again, at whichever verifier answers."""

    def __init__(self, verifiers, machine, alice, first):
        self.verifiers, self.machine = verifiers, machine
        self.alice, self.at = alice, first
        self.connections = {}
        self.granted = []           # (request, challenge)
        self.failovers = self.doubled = 0

    def _connection(self, kind, number):
        if (kind, number) not in self.connections:
            verifier = self.verifiers[number]
            self.connections[kind, number] = \
                https.device(verifier, self.machine) if kind == "device" \
                else https.person(verifier, self.machine, *self.alice)
        return self.connections[kind, number]

    def _login(self):
        """None, or what was granted; proven at the other verifier, where
        there is one."""
        device = self._connection("device", self.at)
        status, opened, sent = device.open(Machine.NAME)
        if status != 201:
            return None
        try:
            person = self._connection("user", self._other())
        except BROKEN:
            person = self._connection("user", self.at)
        if person.prove(opened["challenge"], Machine.NAME)[0] != 200:
            return None
        status, grant = device.grant(opened["challenge"], wait=10)
        if status != 200 or grant["decision"] != "allow":
            return None
        status, _ = device.grant(opened["challenge"])
        self.doubled += status == 200
        return sent["request"], opened["challenge"]

    def close(self):
        for it in self.connections.values():
            it.close()
        self.connections = {}

    def _other(self):
        """The next verifier; the same where there is one only."""
        return (self.at + 1) % len(self.verifiers)

    def try_login(self):
        """Whether it was granted."""
        try:
            if done := self._login():
                self.granted.append(done)
                return True
        except BROKEN:
            pass
        self.close()
        self.at = self._other()
        self.failovers += 1
        return False

    def login(self):
        """One login, however many tries that takes."""
        wait_until(self.try_login, "a verifier that answers")


def in_threads(clients, n_each, when_half=None, meanwhile=None):
    """All of them at once: so many logins, or what is to be done with each;
    when_half is called when half is done, meanwhile again and again."""
    half = threading.Semaphore(0)

    def work(client):
        if callable(n_each):
            n_each(client)
            return
        for n in range(n_each):
            client.login()
            if n == n_each // 2:
                half.release()
    threads = [threading.Thread(target=work, args=(c,)) for c in clients]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if when_half and half.acquire(timeout=0.02):
            when_half()
            when_half = None
        threads[0].join(0.02)
        # What is not read is kept, and then dropped.
        for it in clients[0].verifiers:
            it.log()
        if meanwhile:
            meanwhile()
    for client in clients:
        client.close()


def check_audit(verifier, clients, n):
    """Every grant has one record, and no state was used twice."""
    granted = [g for c in clients for g in c.granted]
    assert len(granted) == n
    assert len({challenge for _, challenge in granted}) == n
    assert sum(c.doubled for c in clients) == 0
    allowed = collections.Counter(
        r["request"] for r in verifier.audit(decision="allow"))
    assert set(allowed.values()) == {1}
    missing = [r for r, _ in granted if r not in allowed]
    assert not missing
    verify(verifier)
    return len(allowed)


def verify(verifier):
    run(MTLSCTL, "audit", "--verify", "--socket", verifier.admin)
