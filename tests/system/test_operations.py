# SPDX-License-Identifier: BSD-2-Clause
"""The verifier as something that is watched, reloaded and restarted."""

import os
import sqlite3
import stat
import time

import pytest

from mtls_test import prometheus
from mtls_test.machine import Machine
from mtls_test.organisation import Verifier
from mtls_test.process import run, wait_until
from mtls_test.prometheus import Metrics


@pytest.fixture
def watched(acme):
    """A verifier of one's own, with metrics."""
    it = Verifier(acme, "verifier7.acme.example")
    it.metrics = it.directory / "metrics.sock"
    it.write_settings(f"[listen]\nmetrics = {it.metrics}, 127.0.0.1:0\n")
    yield it.start()
    print(it.log())
    it.remove()


@pytest.fixture
def door(acme, watched, cards):
    """A machine that asks it, with alice's card in it."""
    machine = Machine(acme, watched)
    machine.service("door")
    machine.insert(cards())
    yield machine
    machine.remove()


def health(verifier):
    """The status, and the reasons."""
    status, _, text = prometheus.get(verifier.metrics, "/healthz")
    return status, text.split("\n")[:-1]


def test_metrics_rise_with_logins(watched, door, cards, login):
    before = Metrics(watched.metrics)
    assert before.sum("mtls_verifier_logins_total") == 0
    assert login(cards().pin).code == "SUCCESS"
    assert login(cards().pin).code == "SUCCESS"
    assert login(cards().pin, user="bob").code == "AUTH_ERR"
    after = Metrics(watched.metrics)
    name = "mtls_verifier_logins_total"
    assert after.sum(name, decision="allow", reason="allowed",
                     method="token", service="other") == 2
    assert after.sum(name, decision="deny", reason="user-mismatch") == 1
    assert after.sum(name) == 3
    for listener in ("device", "user"):
        assert after.sum("mtls_verifier_handshakes_total",
                         listener=listener) >= 3
    assert after.sum("mtls_verifier_handshake_seconds_count") == \
        after.sum("mtls_verifier_handshakes_total")
    assert after.sum("mtls_verifier_decision_seconds_count") == 3
    assert after.sum("mtls_verifier_audit_records") == 3
    assert after.sum("process_start_time_seconds") > 0
    assert after.kinds == before.kinds


def test_only_services_of_the_policy_are_labels(watched, door, cards, login):
    door.service("gate")
    watched.write_policy(
        'map issuer "CN=Acme Users CA,O=Acme" take san:upn realm '
        'acme.example\nallow user alice for gate by token\n'
        'allow user bob\n')
    assert watched.reload().startswith("reloaded")
    assert login(cards().pin, service="gate").code == "SUCCESS"
    assert login(cards().pin).code == "AUTH_ERR"
    after = Metrics(watched.metrics)
    name = "mtls_verifier_logins_total"
    assert after.sum(name, service="gate", decision="allow") == 1
    assert after.sum(name, service="other", reason="no-rule") == 1
    assert after.sum("mtls_verifier_reloads_total") == 1


def test_both_kinds_of_sockets(watched):
    line = watched.process.wait_for(r"ready .* metrics=\S*,(\S+)")
    for where in (watched.metrics, line[1]):
        assert Metrics(where).sum("mtls_verifier_build_info") == 1
        assert prometheus.get(where, "/healthz")[::2] == (200, "ok\n")
        assert prometheus.get(where, "/healthz", "HEAD")[0] == 200
        assert prometheus.get(where, "/metrics", "POST")[0] == 405
        assert prometheus.get(where, "/")[0] == 404
        assert prometheus.get(where, "/v1/challenges")[0] == 404
    mode = watched.metrics.stat()
    assert stat.S_IMODE(mode.st_mode) == 0o600
    assert mode.st_uid != 0


def test_nobody_uses_up_the_descriptors(watched):
    """More connections than there may be: some wait, then all is well."""
    fds = f"/proc/{watched.process.pid}/fd"
    before = len(os.listdir(fds))
    idle = [prometheus.connect(watched.metrics) for _ in range(42)]
    for n, connection in enumerate(idle):
        connection.connect()
        wait_until(lambda n=n: len(os.listdir(fds)) ==
                   before + min(n + 1, 32), "a connection")
    assert len(os.listdir(fds)) == before + 32
    for connection in idle:
        connection.close()
    assert health(watched) == (200, ["ok"])


def test_a_refused_reload_shows(watched):
    watched.write_policy("allow nobody ever\n")
    assert watched.reload().startswith("reload-failed")
    now = Metrics(watched.metrics)
    assert now.sum("mtls_verifier_reloads_failed_total") == 1
    assert now.sum("mtls_verifier_last_reload_success") == 0


def test_health_when_a_crl_expires(acme, watched, door, cards, login):
    ca = "CN=Acme Users CA,O=Acme"
    assert health(watched) == (200, ["ok"])
    ends = time.time() + 2
    make_crl(acme, watched.directory / "crl/users.crl.pem", ends)
    assert watched.reload().startswith("reloaded")
    assert Metrics(watched.metrics).sum(
        "mtls_verifier_crl_next_update_timestamp_seconds",
        ca=ca) == int(ends)
    wait_until(lambda: health(watched) == (503, [f"crl-expired {ca}"]),
               "the end of a CRL")
    now = Metrics(watched.metrics)
    assert now.sum("mtls_verifier_healthy") == 0
    assert now.sum("mtls_verifier_crl_age_seconds", ca=ca) >= 2
    assert login(cards().pin).code == "AUTH_ERR"


def make_crl(acme, out, ends):
    """A CRL of the users' CA that ends then."""
    with open(acme.ca / "crl.cnf", "w", encoding="ascii") as conf:
        conf.write("[ca]\ndefault_ca = c\n[c]\ndefault_md = sha256\n"
                   f"database = {acme.ca}/none.txt\n"
                   f"crlnumber = {acme.ca}/none.number\n"
                   "crl_extensions = x\n"
                   "[x]\nauthorityKeyIdentifier = keyid\n")
    (acme.ca / "none.txt").write_text("")
    (acme.ca / "none.number").write_text("7FFFFFFFFFFFFF\n")
    run("openssl", "ca", "-gencrl", "-config", acme.ca / "crl.cnf",
        "-keyfile", acme.ca / "users.key", "-cert", acme.ca / "users.pem",
        "-crl_lastupdate", when(time.time()), "-crl_nextupdate",
        when(ends), "-out", out)


def when(seconds):
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(seconds))


def test_health_when_the_store_is_gone(watched, door, cards, login):
    database = sqlite3.connect(watched.directory / "state/state.db",
                               isolation_level=None)
    database.execute("BEGIN EXCLUSIVE")
    status, reasons = health(watched)
    assert (status, reasons) == (503, ["state-unavailable"])
    gone = Metrics(watched.metrics)
    assert gone.sum("mtls_verifier_store_up") == 0
    assert gone.sum("mtls_verifier_healthy") == 0
    assert not gone.has("mtls_verifier_audit_records")
    database.execute("ROLLBACK")
    database.close()
    assert health(watched) == (200, ["ok"])
    assert login(cards().pin).code == "SUCCESS"
