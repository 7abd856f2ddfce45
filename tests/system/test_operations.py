# SPDX-License-Identifier: BSD-2-Clause
"""The verifier as something that is watched, reloaded and restarted."""

import contextlib
import grp
import hashlib
import json
import os
import pathlib
import pwd
import re
import shutil
import signal
import sqlite3
import stat
import struct
import subprocess
import threading
import time

import pytest

from mtls_test import DEADLINE_S, MTLSCTL, https, prometheus
from mtls_test.ctl import ctl, row, rows
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


def ask(verifier, command, *argv, code=0):
    return rows(command, *argv, "--socket", verifier.admin, code=code)


def test_revoked_at_the_verifier(watched, door, cards, login):
    """From one login to the next, without a CA, and back again."""
    card = cards("alice", "p256")
    pem = card.certificate
    assert login(card.pin).code == "SUCCESS"
    assert Metrics(watched.metrics).sum("mtls_verifier_revoked_here") == 0
    [made] = ask(watched, "revoke", "--cert", pem, "--reason", "lost card")
    assert made["changes"] == 1
    assert login(card.pin).code == "AUTH_ERR"
    last = watched.audit()[-1]
    assert (last["decision"], last["reason"]) == \
        ("deny", "certificate-revoked-here")
    now = Metrics(watched.metrics)
    assert now.sum("mtls_verifier_revoked_here") == 1
    assert now.sum("mtls_verifier_logins_total",
                   reason="certificate-revoked-here") == 1
    [it] = ask(watched, "revocations")
    assert (it["sha256"], it["kind"], it["reason"], it["by"]) == \
        (made["sha256"], "certificate", "lost card", "uid 0")
    assert it["subject"] == "CN=alice,O=Acme"
    assert ask(watched, "revoke", "--cert", pem, code=2)[0]["changes"] == 0
    [undone] = ask(watched, "revoke", "--undo", "--cert", made["sha256"])
    assert undone["changes"] == 1
    assert ask(watched, "revocations", code=2) == []
    assert ask(watched, "revoke", "--undo", "--cert", pem, code=2)
    assert login(card.pin).code == "SUCCESS"
    told = [(r["event"], r["source"], r["reason"]) for r in watched.audit()
            if r["event"] in ("revoke", "unrevoke")]
    assert told == [("revoke", "uid 0", "revoke: lost card"),
                    ("unrevoke", "uid 0", "unrevoke")]


def test_a_revoked_key_has_no_certificate(acme, watched, door, login):
    """--key: the same key in another certificate is refused as well."""
    card = acme.card("alice", "p256", label="Key")
    door.insert(card)
    assert login(card.pin).code == "SUCCESS"
    ask(watched, "revoke", "--key", "--cert", card.certificate)
    assert login(card.pin).code == "AUTH_ERR"
    assert watched.audit()[-1]["reason"] == "certificate-revoked-here"
    ask(watched, "revoke", "--undo", "--key", "--cert", card.certificate)
    # A certificate that only looks like it is another.
    ask(watched, "revoke", "--cert", "0" * 64)
    assert login(card.pin).code == "SUCCESS"


def test_everything_of_a_user_is_revoked(acme, watched, door, login):
    first = acme.card("alice", "p256", label="One")
    second = acme.card("alice", "p256", label="Two")
    assert ask(watched, "revoke", "alice", code=2)[0]["changes"] == 0
    for card in (first, second):
        ask_bind(watched, "alice", card.certificate)
    assert ask(watched, "revoke", "alice")[0]["changes"] == 2
    for card in (first, second):
        door.insert(card)
        assert login(card.pin).code == "AUTH_ERR"
        assert watched.audit()[-1]["reason"] == "certificate-revoked-here"
    assert {it["user"] for it in ask(watched, "revocations", "alice")} == \
        {"alice"}
    assert ask(watched, "revocations", "bob", code=2) == []


def ask_bind(verifier, user, certificate):
    run(MTLSCTL, "bind", user, certificate, "--socket", verifier.admin)


def test_a_revoked_machine_asks_for_nobody(watched, door, cards, login):
    ask(watched, "revoke", "--cert", door.certificate)
    outcome = login(cards().pin)
    assert outcome.code in ("AUTH_ERR", "AUTHINFO_UNAVAIL")
    assert outcome.prompts() == []
    last = watched.audit()[-1]
    assert (last["event"], last["reason"]) == \
        ("challenge", "certificate-revoked-here")
    machine = https.device(watched, door)
    ask(watched, "revoke", "--undo", "--cert", door.certificate)
    challenge = machine.open(door.NAME)[1]["challenge"]
    # On a connection that was there before, too.
    ask(watched, "revoke", "--cert", door.certificate)
    assert machine.grant(challenge)[0] == 403
    assert machine.open(door.NAME)[0] == 403


@pytest.mark.parametrize("argv", [
    [], ["alice", "bob"], ["--key"], ["--undo"], ["a b"],
    ["--undo", "alice", "--cert", "0" * 64], ["--cert", "0" * 63],
    ["--cert", "/etc/passwd"], ["--reason", "x"]])
def test_revoke_what_cannot_be(watched, argv):
    ctl("revoke", *argv, "--socket", watched.admin, code=1)
    assert ask(watched, "revocations", code=2) == []


def test_users_and_sessions(watched, door, cards, login):
    assert ask(watched, "users", code=2) == []
    assert ask(watched, "sessions", code=2) == []
    assert login(cards().pin, tty="tty7").code == "SUCCESS"
    assert login(cards().pin, user="bob").code == "AUTH_ERR"
    ask_bind(watched, "carol", cards("carol").certificate)
    users = {it["user"]: it for it in ask(watched, "users")}
    assert users.keys() == {"alice", "bob", "carol"}
    assert users["alice"]["last_place"] == f"door on {door.NAME}"
    assert users["alice"]["last_failure"] is None
    assert users["bob"]["last_login"] is None
    assert users["bob"]["last_reason"] == "user-mismatch"
    assert (users["carol"]["bindings"], users["alice"]["bindings"]) == (1, 0)
    [session] = ask(watched, "sessions")
    assert (session["user"], session["host"], session["tty"]) == \
        ("alice", door.NAME, "tty7")
    assert ask(watched, "sessions", "alice") == [session]
    assert ask(watched, "sessions", "bob", code=2) == []
    assert "alice" in ctl("users", "--socket", watched.admin).stdout


def test_audit_filters(watched, door, cards, login):
    assert login(cards().pin).code == "SUCCESS"
    assert login(cards().pin, user="bob").code == "AUTH_ERR"
    ask_bind(watched, "carol", cards("carol").certificate)
    everything = watched.audit()
    assert [r["event"] for r in everything] == ["login", "login", "bind"]
    for wanted, n in (({"event": "login"}, 2), ({"reason": "bind"}, 1),
                      ({"reason": "user-mismatch", "user": "bob"}, 1),
                      ({"since": "1h"}, 3), ({"until": "1h"}, 0),
                      ({"since": "2020-01-01", "until": "2021-01-01"}, 0),
                      ({"since": everything[1]["time"][:-5] + "Z",
                        "event": "bind"}, 1)):
        assert len(watched.audit(**wanted)) == n, wanted
    for bad in ("yesterday", "1w", "-1h", "2026-13-01", "", "12"):
        ctl("audit", f"--since={bad}", "--socket", watched.admin, code=1)


def test_audit_is_followed(watched, door, cards, login):
    """What comes is told, and what was there before it."""
    assert login(cards().pin).code == "SUCCESS"
    argv = [MTLSCTL, "audit", "--follow", "--json", "--user", "alice",
            "--socket", watched.admin]
    with subprocess.Popen(list(map(str, argv)), stdout=subprocess.PIPE,
                          text=True) as follower:
        first = json.loads(follower.stdout.readline())
        assert login(cards().pin, user="bob").code == "AUTH_ERR"
        assert login(cards().pin).code == "SUCCESS"
        second = json.loads(follower.stdout.readline())
        assert (first["user"], second["user"]) == ("alice", "alice")
        assert second["sequence"] == first["sequence"] + 2
        assert login(cards().pin).code == "SUCCESS"
        third = json.loads(follower.stdout.readline())
        assert third["sequence"] == second["sequence"] + 1
        # A verifier that ends is no end of the audit.
        watched.process.send(signal.SIGTERM)
        assert follower.wait(DEADLINE_S) == 1


def followers_of(verifier):
    return len(os.listdir(f"/proc/{verifier.process.pid}/fd"))


def test_who_follows_no_more_is_forgotten(watched):
    before = followers_of(watched)
    argv = [MTLSCTL, "audit", "--follow", "--socket", str(watched.admin)]
    with subprocess.Popen(argv, stdout=subprocess.DEVNULL) as follower:
        wait_until(lambda: followers_of(watched) > before, "a follower")
        follower.kill()
    wait_until(lambda: followers_of(watched) == before, "its end")


def database_of(verifier):
    """The database of a verifier that has been stopped."""
    verifier.stop()
    return sqlite3.connect(verifier.directory / "state/state.db")


TAMPERING = {
    "changed": ("UPDATE audit SET user = 'mallory' WHERE seq = 2",
                "record 2 .* not as it was written"),
    "decision": ("UPDATE audit SET decision = 'deny' WHERE seq = 2",
                 "record 2 .* not as it was written"),
    "removed": ("DELETE FROM audit WHERE seq = 2", "record 2 .* is missing"),
    "first removed": ("DELETE FROM audit WHERE seq = 1",
                      "record 1 .* is missing"),
    "cut off": ("DELETE FROM audit WHERE seq >= 3",
                "record 3 .* is missing"),
    "all removed": ("DELETE FROM audit", "record 1 .* is missing"),
    "head removed": ("DELETE FROM audit_head",
                     "not known where they end"),
    "swapped": ("UPDATE audit SET seq = 99 WHERE seq = 2;"
                "UPDATE audit SET seq = 2 WHERE seq = 3;"
                "UPDATE audit SET seq = 3 WHERE seq = 99",
                "record 2 .* is missing|record [23] .* not as"),
    "hash": ("UPDATE audit SET hash = zeroblob(32) WHERE seq = 3",
             "record 3 .* not as it was written"),
    "head": ("UPDATE audit_head SET hash = zeroblob(32)",
             "record 4 .* not as it was written"),
    "head back": ("UPDATE audit_head SET seq = 3, hash = (SELECT hash FROM "
                  "audit WHERE seq = 3)", "record 4 .* does not belong"),
}


@pytest.mark.parametrize("how", TAMPERING)
def test_T180_verify_names_what_was_tampered_with(watched, how):
    for n in range(4):
        ask(watched, "revoke", "--cert", f"{n:064}")
    [good] = ask(watched, "audit", "--verify")
    assert (good["verifier"], good["records"], good["first"],
            good["last"]) == (watched.name, 4, 1, 4)
    assert good["hash"] == watched.audit()[-1]["hash"]
    sql, says = TAMPERING[how]
    with contextlib.closing(database_of(watched)) as database:
        database.executescript(sql)
    watched.start()
    done = ctl("audit", "--verify", "--socket", watched.admin, code=1)
    assert re.search(says, done.stderr), done.stderr
    # Reading goes on; it is the proof that is gone.
    assert ctl("audit", "--socket", watched.admin, code=None).returncode \
        in (0, 2)


def test_T180_verify_while_it_is_written(watched, door, cards, login):
    """Records that come meanwhile are no fault."""
    stop = threading.Event()

    def write():
        n = 0
        while not stop.is_set():
            ask(watched, "revoke", "--cert", f"{n:064}")
            n += 1

    ask(watched, "revoke", "--cert", "f" * 64)
    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(10):
            assert ask(watched, "audit", "--verify")
    finally:
        stop.set()
        writer.join()
    ctl("audit", "--verify", "--user", "alice", "--socket", watched.admin,
        code=1)


def test_T180_no_record_at_all_proves_nothing(watched):
    """Where not even the end of a chain is left: that is no good audit."""
    ask(watched, "revoke", "--cert", "f" * 64)
    with contextlib.closing(database_of(watched)) as database:
        database.executescript("DELETE FROM audit; DELETE FROM audit_head")
    watched.start()
    ctl("audit", "--verify", "--socket", watched.admin, code=2)


@pytest.mark.parametrize("table, column", [("audit_head", "verifier"),
                                           ("binding", "sha256"),
                                           ("revoked", "sha256")])
def test_T180_rows_that_no_verifier_wrote(watched, table, column):
    """Names that are too long end the request, and nothing else."""
    commands = {"audit_head": ("audit", "--verify"),
                "binding": ("bindings",), "revoked": ("revocations",)}
    ask(watched, "revoke", "--cert", "f" * 64)
    with contextlib.closing(database_of(watched)) as database:
        columns = [(name, kind) for _, name, kind, *_ in database.execute(
            f"PRAGMA table_info({table})").fetchall()]
        values = ["x" * 3000 if name == column else
                  {"TEXT": "x", "INTEGER": 1, "BLOB": bytes(32)}[kind]
                  for name, kind in columns]
        database.execute(f"INSERT INTO {table} VALUES ("
                         f"{', '.join('?' * len(values))})", values)
        database.commit()
    watched.start()
    ctl(*commands[table], "--socket", watched.admin, code=1)
    assert ask(watched, "audit")


TEXTS = ("request", "event", "decision", "user", "host", "service", "method",
         "tty", "rhost", "certificate", "source", "reason")


def make_old(database, verifier, n, age_s):
    """Makes the first n records older, in a chain that fits again."""
    before = bytes(32)
    for record in database.execute(
            "SELECT sequence, seq, time_ms, verifier, "
            f"{', '.join(TEXTS)} FROM audit ORDER BY seq").fetchall():
        sequence, seq, time_ms, name, *texts = record
        if seq <= n:
            time_ms -= age_s * 1000
        data = b"mtls-audit-1"
        data += struct.pack(">I", len(name)) + name.encode()
        data += struct.pack(">QQ", seq, time_ms)
        for text in texts:
            data += struct.pack(">I", len(text.encode())) + text.encode()
        before = hashlib.sha256(before + data).digest()
        database.execute("UPDATE audit SET time_ms = ?, hash = ? WHERE "
                         "sequence = ?", (time_ms, before, sequence))
    database.execute("UPDATE audit_head SET hash = ? WHERE verifier = ?",
                     (before, verifier))
    database.commit()


def test_T180_what_is_old_is_dropped_and_the_rest_proven(watched):
    """[audit] keep; the chain as its description says, made in Python."""
    for n in range(6):
        ask(watched, "revoke", "--cert", f"{n:064}")
    with contextlib.closing(database_of(watched)) as database:
        make_old(database, watched.name, 4, 3 * 86400)
    watched.start()
    [all_of_them] = ask(watched, "audit", "--verify")
    assert (all_of_them["first"], all_of_them["records"]) == (1, 6)
    anchor = watched.audit()[3]
    watched.stop()
    watched.write_settings("[audit]\nkeep = 2d\n")
    watched.start()
    watched.process.wait_for(f"audit-dropped verifier={watched.name} seq=4 "
                             f"hash={anchor['hash']} .*4 records")
    [rest] = ask(watched, "audit", "--verify")
    assert (rest["first"], rest["last"], rest["records"]) == (5, 6, 2)
    assert rest["hash"] == all_of_them["hash"]
    assert [r["seq"] for r in watched.audit()] == [5, 6]
    # One more record, and one that is missing at the beginning.
    ask(watched, "revoke", "--cert", "a" * 64)
    assert ask(watched, "audit", "--verify")[0]["last"] == 7
    with contextlib.closing(database_of(watched)) as database:
        database.execute("DELETE FROM audit WHERE seq = 5")
        database.commit()
    watched.start()
    assert "record 5" in ctl("audit", "--verify", "--socket", watched.admin,
                             code=1).stderr
