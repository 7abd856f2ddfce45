# SPDX-License-Identifier: BSD-2-Clause
"""The verifier as something that is watched, reloaded and restarted."""

import grp
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import sqlite3
import stat
import time

import pytest

from mtls_test import DEADLINE_S, MTLSCTL, https, prometheus
from mtls_test.ctl import row
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


def status(verifier, code):
    return row("status", "--socket", verifier.admin, code=code)


def test_status_tells_and_warns(acme, watched, door, cards, login):
    assert login(cards().pin).code == "SUCCESS"
    now = status(watched, 0)
    assert (now["allowed"], now["denied"], now["audit-records"]) == \
        ("1", "0", "1")
    assert int(now["uptime"]) >= 0 and int(now["store-transactions"]) > 2
    assert now["certificate-until"] > now["started"]
    assert now["metrics"].startswith(f"{watched.metrics},127.0.0.1:")
    cas = [now[f"ca.{n}.subject"] for n in range(1, 4)]
    assert "CN=Acme Users CA,O=Acme" in cas
    assert {now[f"ca.{n}.mode"] for n in range(1, 4)} == {"strict"}
    make_crl(acme, watched.directory / "crl/users.crl.pem", time.time())
    assert watched.reload().startswith("reloaded")
    wait_until(lambda: health(watched)[0] == 503, "the end of a CRL")
    now = status(watched, 2)
    assert now["warning.1"] == "crl-expired CN=Acme Users CA,O=Acme"
    watched.write_policy("allow nobody\n")
    watched.reload()
    now = status(watched, 2)
    assert now["warning.2"].startswith("reload-refused ")
    assert "policy.conf:1" in now["warning.2"]
    assert now["failed-reloads"] == "1"


def test_status_warns_of_its_certificate(acme, watched):
    """Still good, but not for long."""
    acme.mtlsctl("issue", "verifier", "--ca", acme.ca, "--name",
                 watched.name, "--days", "20", "--key-out",
                 watched.directory / "soon.key", "--out",
                 watched.directory / "soon.pem")
    for kind in ("pem", "key"):
        os.replace(watched.directory / f"soon.{kind}",
                   watched.directory / f"verifier.{kind}")
    shutil.chown(watched.directory / "verifier.key", "_mtls-verifier")
    assert watched.reload().startswith("reloaded")
    assert health(watched) == (200, ["ok"])
    assert status(watched, 2)["warning.1"] == "certificate-expires-soon"


@pytest.mark.parametrize("path", [
    "/", "/admin", "/v1/admin", "/v1/status", "/v1/bindings", "/v1/audit",
    "/metrics", "/healthz"])
def test_T184_no_way_from_a_certificate_to_the_admin(watched, door, cards,
                                                     path):
    """Whatever certificate: the listeners know nothing of administration."""
    machine = https.device(watched, door)
    for method in ("GET", "POST", "DELETE"):
        assert machine.request(method, path, b"{}")[0] == 404
    machine.close()


def test_T184_each_connection_is_authorised(watched):
    """By who is at the other end, not by who can reach the socket."""
    os.chmod(watched.admin, 0o666)
    ask = [MTLSCTL, "status", "--socket", watched.admin]
    assert run(*ask, check=False).returncode == 0
    for account in ("nobody", "_pam-mtls", "_mtls-token"):
        done = as_account(account, *ask)
        assert done.returncode == 1, done.stdout
        assert "only root and the admin group" in done.stderr
    assert as_account("_mtls-verifier", *ask).returncode == 0
    assert run(*ask, check=False).returncode == 0
    watched.process.wait_for('admin-refused .*peer="?uid')


def as_account(account, *argv):
    gid = pwd.getpwnam(account).pw_gid
    return run("setpriv", f"--reuid={account}", f"--regid={gid}",
               "--clear-groups", *argv, check=False)


def test_T184_the_admin_group(acme):
    it = Verifier(acme, "verifier4.acme.example",
                  settings="[listen]\nadmin-group = _pam-mtls\n")
    it.start()
    ask = [MTLSCTL, "status", "--socket", it.admin]
    mode = it.admin.stat()
    assert (stat.S_IMODE(mode.st_mode), mode.st_gid) == \
        (0o660, grp.getgrnam("_pam-mtls").gr_gid)
    assert as_account("nobody", *ask).returncode == 1
    done = run("setpriv", "--reuid=nobody", "--regid=nogroup",
               "--groups=_pam-mtls", *ask, check=False)
    assert done.returncode == 0, done.stderr
    it.remove()


def test_one_login_has_one_id_everywhere(watched, door, cards, login,
                                         syslog):
    """The module's, the helper's and the verifier's lines of one login."""
    mark = syslog.mark()
    with door.socket() as helper:
        assert login(cards().pin).code == "SUCCESS"
        assert login("000000").code == "AUTH_ERR"
        ids = []
        for word in ("granted", "pin-wrong"):
            line = syslog.wait_for(f"pam_mtls.*{word}", mark)
            [found] = re.findall(r"request=([0-9a-f]{32})\b", line)
            ids.append(found)
        assert len(set(ids)) == 2
        for found in ids:
            helper.wait_for(f"request={found}")
    watched.process.wait_for(f"login verdict=allow .*request={ids[0]}")
    [record] = watched.audit()
    assert record["request"] == ids[0]


def test_an_end_without_a_cut(watched, door, cards):
    """SIGTERM: what is under way is answered, and nothing new begins."""
    idle = https.device(watched, door)
    idle.open(door.NAME)
    held = https.device(watched, door)
    challenge = held.open(door.NAME)[1]["challenge"]
    half = https.device(watched, door)
    body = json.dumps({"version": 1, "request": "0" * 32, "nonce": "0" * 64,
                       "user": "alice", "service": "door", "host": door.NAME,
                       "tty": "", "rhost": "", "ruser": "",
                       "method": "token"})
    half.connection.putrequest("POST", "/v1/challenges")
    half.connection.putheader("Content-Type", "application/json")
    half.connection.putheader("Content-Length", str(len(body)))
    half.connection.endheaders(body[:20].encode())
    # Last, so that what was sent before it has arrived as well.
    held.connection.request("GET", f"/v1/challenges/{challenge}/grant?wait=20")
    wait_until(lambda: Metrics(watched.metrics).sum(
        "mtls_verifier_requests") >= 1, "the request that is held")
    watched.process.send(signal.SIGTERM)
    watched.process.wait_for("ending")
    answer = held.connection.getresponse()
    assert (answer.status, json.loads(answer.read())["reason"]) == \
        (503, "ending")
    assert health(watched) == (503, ["ending"])
    with pytest.raises(OSError):
        https.device(watched, door)
    half.connection.send(body[20:].encode())
    answer = half.connection.getresponse()
    assert (answer.status, answer.headers["Connection"]) == (201, "close")
    assert watched.process.popen.wait(DEADLINE_S) == 0


EXAMPLES = pathlib.Path(__file__).resolve().parents[2] / "examples"


@pytest.mark.parametrize("file", ["grafana/mtls-verifier.json",
                                  "prometheus/mtls-verifier.rules.yml"])
def test_examples_use_names_that_there_are(watched, file):
    """Each name and label in dashboard and alerts, and the other way."""
    text = (EXAMPLES / file).read_text()
    kinds = Metrics(watched.metrics).kinds
    exported = set(kinds)
    for name, kind in kinds.items():
        if kind == "histogram":
            exported |= {f"{name}_{end}" for end in ("bucket", "sum",
                                                     "count")}
    used = set(re.findall(r"\b(?:mtls_verifier|process)_\w+", text))
    assert used <= exported, used - exported
    if file.endswith(".json"):
        json.loads(text)
        shown = {re.sub("_(bucket|sum|count)$", "", name) for name in used}
        assert set(kinds) - shown <= {
            "mtls_verifier_metrics_lost_total", "mtls_verifier_crl_present",
            "mtls_verifier_crl_fetched_timestamp_seconds"}
