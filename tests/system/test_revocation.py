# SPDX-License-Identifier: BSD-2-Clause
"""A revocation, from a granted login to a refused one: by a list that is
replaced on disk, by one that is fetched, by an OCSP responder."""

import functools
import http.server
import os
import shutil
import threading

import pytest

from mtls_test import VERIFIER
from mtls_test.machine import Machine
from mtls_test.organisation import Organisation, Verifier
from mtls_test.process import Process, run, wait_until
from mtls_test.prometheus import Metrics

USERS_CA = "CN=Umbra Users CA,O=Umbra"


@pytest.fixture
def umbra():
    """An organisation of one's own, because things happen to it."""
    it = Organisation("Umbra")
    yield it
    it.remove()


@pytest.fixture
def watched(umbra):
    """A verifier of it, with metrics; start() is the test's."""
    it = Verifier(umbra)
    it.metrics = it.directory / "metrics.sock"
    it.also = f"[listen]\nmetrics = {it.metrics}\n"
    it.write_settings(it.also)
    yield it
    it.remove()


@pytest.fixture
def door(umbra, watched):
    """door(card): the code of a login of alice with it."""
    machines = []

    def go(login, card):
        machine = Machine(umbra, watched)
        machines.append(machine)
        machine.service("door")
        machine.insert(card)
        return login(card.pin).code
    yield go
    for machine in machines:
        machine.remove()


def replace(verifier, ca):
    """As an administrator's script does: a new file under the old name."""
    crls = verifier.directory / "crl"
    new = crls / ".new"
    shutil.copy(verifier.organisation.ca / f"{ca}.crl.pem", new)
    os.rename(new, crls / f"{ca}.crl.pem")


def refused(verifier, reason="revoked"):
    record = verifier.audit()[-1]
    return (record["decision"], record["reason"]) == ("deny", reason)


def test_T034_list_replaced_on_disk(umbra, watched, door, login):
    card = umbra.card("alice")
    watched.start()
    assert door(login, card) == "SUCCESS"
    before = Metrics(watched.metrics)
    umbra.revoke(card.certificate)
    replace(watched, "users")
    watched.process.wait_for("crls-taken")
    assert door(login, card) == "AUTH_ERR"
    assert refused(watched)
    after = Metrics(watched.metrics)
    name = "mtls_verifier_crl_entries"
    assert (before.sum(name, ca=USERS_CA), after.sum(name, ca=USERS_CA)) \
        == (0, 1)
    assert after.sum("mtls_verifier_crl_age_seconds", ca=USERS_CA) >= 0
    # Whatever is put there afterwards.
    (watched.directory / "crl" / "users.crl.pem").write_text("nonsense")
    watched.process.wait_for("crls-refused .*users.crl.pem")
    assert door(login, card) == "AUTH_ERR"


def test_T034_machine_revoked_on_disk(umbra, watched, login):
    card = umbra.card("alice")
    watched.start()
    machine = Machine(umbra, watched)
    machine.service("door")
    machine.insert(card)
    try:
        assert login(card.pin).code == "SUCCESS"
        umbra.revoke(machine.certificate)
        replace(watched, "machines")
        watched.process.wait_for("crls-taken")
        outcome = login(card.pin)
    finally:
        machine.remove()
    assert outcome.code in ("AUTHINFO_UNAVAIL", "AUTH_ERR")
    assert outcome.prompts() == []
    assert refused(watched, "machine-revoked")


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def published(umbra, tmp_path):
    """A web server for lists: its port, and the directory it serves."""
    handler = functools.partial(Quiet, directory=tmp_path)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.directory = tmp_path
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def publish(umbra, server):
    new = server.directory / "new"
    shutil.copy(umbra.ca / "users.crl.pem", new)
    new.rename(server.directory / "users.crl")


def test_T034_list_fetched(umbra, watched, published, door, login):
    card = umbra.card("alice")
    port = published.server_address[1]
    (watched.directory / "crl" / "users.crl.pem").unlink()
    watched.write_settings(watched.also + f"""\
[revocation]
fetched-dir = {watched.directory}/state/fetched
[ca users]
subject = {USERS_CA}
crl = http://127.0.0.1:{port}/users.crl
crl-refresh = 1s
""")
    watched.start()
    watched.process.wait_for("crl-fetch-failed .*404")
    assert door(login, card) == "AUTH_ERR"
    assert refused(watched, "revocation-unavailable")
    publish(umbra, published)
    watched.process.wait_for("crls-taken")
    wait_until(lambda: door(login, card) == "SUCCESS", "the first list")
    seen = len(watched.log())
    umbra.revoke(card.certificate)
    publish(umbra, published)
    watched.process.wait_for("crls-taken", start=seen)
    assert door(login, card) == "AUTH_ERR"
    assert refused(watched)
    metrics = Metrics(watched.metrics)
    assert metrics.sum("mtls_verifier_crl_fetches_total", ca=USERS_CA) >= 2
    assert metrics.sum("mtls_verifier_crl_age_seconds", ca=USERS_CA) >= 0
    # It is there after a restart, without a web server.
    (published.directory / "users.crl").unlink()
    watched.stop()
    watched.start()
    assert door(login, card) == "AUTH_ERR"
    assert refused(watched)


class Responder:
    """openssl ocsp with the CA's own key."""

    def __init__(self, umbra, directory):
        self.umbra, self.directory = umbra, directory
        self.index = directory / "index.txt"
        self.process, self.port = None, 0

    def start(self, card, state):
        self.stop()
        serial = run("openssl", "x509", "-in", card.certificate, "-noout",
                     "-serial").stdout.strip().removeprefix("serial=")
        when = "250101000000Z,superseded" if state == "R" else ""
        self.index.write_text(
            f"{state}\t491231235959Z\t{when}\t{serial}\tunknown\t/CN=x\n")
        (self.directory / "index.txt.attr").write_text("")
        users = self.umbra.ca / "users"
        self.process = Process(
            "openssl", "ocsp", "-index", self.index, "-port",
            str(self.port or 9187), "-rsigner", f"{users}.pem", "-rkey",
            f"{users}.key", "-CA", f"{users}.pem", "-nmin", "5")
        self.port = self.port or 9187
        self.process.wait_for("waiting for OCSP client connections")

    def stop(self):
        if self.process:
            self.process.stop()
            self.process = None


@pytest.fixture
def responder(umbra, tmp_path):
    it = Responder(umbra, tmp_path)
    yield it
    it.stop()


def test_T034_T035_ocsp(umbra, watched, responder, door, login):
    card = umbra.card("alice")
    responder.start(card, "V")
    (watched.directory / "crl" / "users.crl.pem").unlink()
    watched.write_settings(watched.also + f"""\
[ca users]
subject = {USERS_CA}
ocsp = http://127.0.0.1:{responder.port}/
ocsp-max-age = 1s
""")
    watched.start()
    assert door(login, card) == "SUCCESS"
    responder.start(card, "R")
    # What was said before holds for a second.
    wait_until(lambda: door(login, card) == "AUTH_ERR", "a revocation")
    assert refused(watched)
    responder.stop()
    assert door(login, card) == "AUTH_ERR"
    assert refused(watched)
    metrics = Metrics(watched.metrics)
    name = "mtls_verifier_ocsp_answers_total"
    assert metrics.sum(name, answer="good") >= 1
    assert metrics.sum(name, answer="revoked") == 1
    # Without a responder nobody knows about another card.
    other = umbra.card("alice", label="Second card")
    assert door(login, other) == "AUTH_ERR"
    assert refused(watched, "revocation-unavailable")
    watched.process.wait_for("ocsp-failed")


def test_T038_floor(umbra, watched, door, login):
    """An old list from a backup, and an administrator who means it."""
    card = umbra.card("alice")
    old = (umbra.ca / "users.crl.pem").read_bytes()
    umbra.revoke(umbra.card("alice", label="Lost card").certificate)
    replace(watched, "users")
    watched.start()
    assert door(login, card) == "SUCCESS"
    watched.stop()
    (watched.directory / "crl" / "users.crl.pem").write_bytes(old)
    watched.start()
    watched.process.wait_for(f"crl-older-than-known .*{USERS_CA}")
    assert door(login, card) == "AUTH_ERR"
    assert refused(watched, "revocation-unavailable")
    watched.stop()
    said = run(VERIFIER, "--forget-crl-floors", "-f",
               watched.conf).stdout
    assert said == "Forgotten for 3 CAs how new their CRLs were.\n"
    watched.start()
    assert door(login, card) == "SUCCESS"
    assert watched.audit()[-2]["event"] == "forget-crl-floors"
