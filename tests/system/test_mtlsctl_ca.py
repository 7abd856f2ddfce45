# SPDX-License-Identifier: BSD-2-Clause
"""mtlsctl ca: what it makes, as openssl(1) sees it."""

import pathlib
import re
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "lib"))

from mtls_test.ctl import (ctl, files, make_csr, openssl,     # noqa: E402
                           row, rows, stage)


@pytest.fixture
def ca(tmp_path):
    directory = tmp_path / "ca"
    ctl("ca", "init", directory, "--org", "Acme")
    return directory


def issue(ca, kind, *argv, **options):
    return row("ca", "issue", kind, "--ca", ca, *argv, **options)


def verify(ca, certificate, *more, check=True):
    """Whether a strict reader with all CRLs accepts a certificate."""
    crls = ca.parent / "crls"
    crls.write_text("".join((ca / f"{name}.crl.pem").read_text()
                            for name in ("root", "users", "machines")))
    done = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-CAfile", ca / "root.pem",
         "-untrusted", ca / "users.pem", "-untrusted", ca / "machines.pem",
         "-crl_check_all", "-CRLfile", crls, *more, certificate],
        capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


def extensions(certificate):
    """Names of extensions ("critical" with them) and their values."""
    text = openssl("x509", "-in", certificate, "-noout", "-text",
                   "-certopt", "ext_parse")
    found = re.findall(r"^ {12}X509v3 ([^:]+): ?(critical)?\n {16}(.*)$",
                       text, re.M)
    return {name + (" critical" if critical else ""): value.strip()
            for name, critical, value in found}


def text(certificate):
    return openssl("x509", "-in", certificate, "-noout", "-subject",
                   "-issuer", "-nameopt", "RFC2253")


@pytest.mark.parametrize("key", ["p256", "p384", "rsa3072"])
def test_init_makes_three_cas(tmp_path, key):
    ca = tmp_path / "ca"
    made = row("ca", "init", ca, "--org", "Acme", "--key", key)
    assert made["organisation"] == "Acme"
    assert made["directory"] == str(ca)
    assert ca.stat().st_mode & 0o7777 == 0o700
    for name in ("root", "users", "machines"):
        assert (ca / f"{name}.key").stat().st_mode & 0o7777 == 0o600
        verify(ca, ca / f"{name}.pem")
        openssl("crl", "-in", ca / f"{name}.crl.pem", "-noout", "-CAfile",
                ca / f"{name}.pem")
        shown = openssl("pkey", "-in", ca / f"{name}.key", "-noout", "-text")
        assert {"p256": "prime256v1", "p384": "secp384r1",
                "rsa3072": "3072 bit"}[key] in shown
    assert text(ca / "users.pem").splitlines() == [
        "subject=CN=Acme Users CA,O=Acme", "issuer=CN=Acme Root CA,O=Acme"]
    bundles = {"users-ca.pem": "users", "machines-ca.pem": "machines",
               "verifier-ca.pem": "machines"}
    for bundle, name in bundles.items():
        assert (ca / bundle).read_text() == \
            (ca / f"{name}.pem").read_text() + (ca / "root.pem").read_text()
    assert not list(tmp_path.glob(".mtlsctl*"))


def test_ca_profiles(ca):
    assert extensions(ca / "root.pem").items() >= {
        "Basic Constraints critical": "CA:TRUE, pathlen:1",
        "Key Usage critical": "Certificate Sign, CRL Sign"}.items()
    users = extensions(ca / "users.pem")
    assert users["Basic Constraints critical"] == "CA:TRUE, pathlen:0"
    assert users["Extended Key Usage"] == \
        "TLS Web Client Authentication, Microsoft Smartcard Login"
    assert extensions(ca / "machines.pem")["Extended Key Usage"] == \
        "TLS Web Client Authentication, TLS Web Server Authentication"


LEAF = {"Basic Constraints critical": "CA:FALSE",
        "Key Usage critical": "Digital Signature"}


def test_issue_user(ca, tmp_path):
    csr = make_csr(tmp_path / "alice.csr", subject="/O=Evil/CN=root")
    out = tmp_path / "alice.pem"
    made = issue(ca, "user", "--csr", csr, "--upn", "alice@acme.example",
                 "--email", "alice@acme.example", "--out", out)
    assert made["kind"] == "user"
    assert made["name"] == "alice@acme.example"
    verify(ca, out, "-purpose", "sslclient")
    assert verify(ca, out, "-purpose", "sslserver",
                  check=False).returncode != 0
    found = extensions(out)
    assert found.items() >= LEAF.items()
    assert found["Extended Key Usage"] == \
        "TLS Web Client Authentication, Microsoft Smartcard Login"
    assert found["Subject Alternative Name"] == \
        "othername: UPN::alice@acme.example, email:alice@acme.example"
    assert {"Subject Key Identifier", "Authority Key Identifier"} <= set(found)
    assert text(out).splitlines() == ["subject=CN=alice,O=Acme",
                                      "issuer=CN=Acme Users CA,O=Acme"]
    assert pathlib.Path(made["file"]).read_text() == out.read_text()
    serial = openssl("x509", "-in", out, "-noout", "-serial").strip()
    assert serial.lower() == f"serial={made['serial']}"
    assert len(made["serial"]) == 32 and made["serial"][0] in "4567"
    assert openssl("x509", "-in", out, "-noout", "-pubkey") == \
        openssl("req", "-in", csr, "-noout", "-pubkey")


@pytest.mark.parametrize("kind, eku, purpose", [
    ("machine", "TLS Web Client Authentication", "sslclient"),
    ("verifier", "TLS Web Server Authentication", "sslserver")])
def test_issue_host_with_a_new_key(ca, tmp_path, kind, eku, purpose):
    key, out = tmp_path / "host.key", tmp_path / "host.pem"
    issue(ca, kind, "--name", "ws-1.acme.example", "--key-out", key, "--out",
          out, "--key", "p384")
    verify(ca, out, "-purpose", purpose)
    found = extensions(out)
    assert found.items() >= LEAF.items()
    assert found["Extended Key Usage"] == eku
    assert found["Subject Alternative Name"] == "DNS:ws-1.acme.example"
    assert key.stat().st_mode & 0o7777 == 0o600
    assert openssl("pkey", "-in", key, "-pubout") == \
        openssl("x509", "-in", out, "-noout", "-pubkey")


def test_long_host_name(ca, tmp_path):
    name = ".".join(["x" * 60] * 4)
    out = tmp_path / "host.pem"
    issue(ca, "machine", "--name", name, "--key-out", tmp_path / "k", "--out",
          out)
    assert extensions(out)["Subject Alternative Name"] == f"DNS:{name}"
    assert "CN=" + "x" * 60 + "," in text(out)


@pytest.mark.parametrize("new_key", [
    ("rsa:2048",), ("rsa:3072",), ("ed25519",),
    ("ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
    ("ec", "-pkeyopt", "ec_paramgen_curve:P-384")])
def test_good_keys(ca, tmp_path, new_key):
    csr = make_csr(tmp_path / "a.csr", *new_key)
    made = issue(ca, "user", "--csr", csr, "--user", "alice")
    verify(ca, made["file"], "-purpose", "sslclient")
    assert "Subject Alternative Name" not in extensions(made["file"])


def test_csr_forms(ca, tmp_path):
    """DER, and standard input, and text around PEM."""
    csr = make_csr(tmp_path / "a.csr")
    der = tmp_path / "a.der"
    openssl("req", "-in", csr, "-outform", "DER", "-out", der)
    chatty = tmp_path / "chatty.csr"
    chatty.write_text("Hello\n" + csr.read_text() + "\nGoodbye\n")
    issued = [issue(ca, "user", "--csr", it, "--user", "alice")
              for it in (csr, der, chatty)]
    issued.append(issue(ca, "user", "--csr", "-", "--user", "alice",
                        input=csr.read_text()))
    assert len({it["key_sha256"] for it in issued}) == 1
    assert len({it["serial"] for it in issued}) == 4


def test_dates(ca, tmp_path):
    made = issue(ca, "machine", "--name", "a.example", "--key-out",
                 tmp_path / "k", "--days", "10")
    begin, end = (time.mktime(time.strptime(made[it], "%Y-%m-%dT%H:%M:%SZ"))
                  for it in ("not_before", "not_after"))
    assert end - begin == 10 * 86400 + 300
    shown = openssl("x509", "-in", made["file"], "-noout", "-enddate",
                    "-dateopt", "iso_8601").strip()
    assert shown == "notAfter=" + made["not_after"].replace("T", " ")
    ctl("ca", "issue", "machine", "--ca", ca, "--name", "b.example",
        "--key-out", tmp_path / "k2", "--days", "7300", code=1)


def test_revoke(ca, tmp_path):
    kept = issue(ca, "machine", "--name", "a.example", "--key-out",
                 tmp_path / "a.key")
    gone = issue(ca, "machine", "--name", "b.example", "--key-out",
                 tmp_path / "b.key")
    before = row_of_crl(ca, "machines")
    done = row("ca", "revoke", "--ca", ca, gone["file"], "--reason",
               "superseded")
    assert done["serial"] == gone["serial"]
    assert done["crl_number"] > before["number"]
    verify(ca, kept["file"])
    refused = verify(ca, gone["file"], check=False)
    assert "certificate revoked" in refused.stderr
    crl = openssl("crl", "-in", ca / "machines.crl.pem", "-noout", "-text")
    assert "Superseded" in crl and gone["serial"].upper() in crl
    # Once more: no change, but the CRL is written.
    again = ctl("ca", "revoke", "--ca", ca, gone["serial"].upper(), code=2)
    assert "before" in again.stderr
    colons = ":".join(re.findall("..", gone["serial"]))
    ctl("ca", "revoke", "--ca", ca, colons, code=2)
    [entry] = [it for it in rows("ca", "list", "--ca", ca)
               if it["serial"] == gone["serial"]]
    assert (entry["state"], entry["reason"]) == ("revoked", "superseded")


def row_of_crl(ca, name):
    [it] = [it for it in rows("ca", "crl", "--ca", ca) if it["ca"] == name]
    return it


def test_revoke_an_intermediate(ca, tmp_path):
    user = issue(ca, "user", "--csr", make_csr(tmp_path / "a.csr"), "--user",
                 "alice")
    done = row("ca", "revoke", "--ca", ca, ca / "users.pem", "--reason",
               "keyCompromise")
    assert done["crl"] == "root"
    assert verify(ca, user["file"], check=False).returncode != 0
    refused = ctl("ca", "issue", "user", "--ca", ca, "--csr",
                  make_csr(tmp_path / "b.csr"), "--user", "bob", code=1)
    assert "has been revoked" in refused.stderr


def test_crl_goes_up_and_is_copied(ca, tmp_path):
    out = tmp_path / "crl"
    out.mkdir()
    first = rows("ca", "crl", "--ca", ca, "--out", out)
    second = rows("ca", "crl", "--ca", ca, "--days", "2")
    assert [it["ca"] for it in first] == ["root", "users", "machines"]
    for a, b in zip(first, second):
        assert b["number"] > a["number"]
        assert b["this_update"] >= a["this_update"]
    assert files(out).keys() == {"root.crl.pem", "users.crl.pem",
                                 "machines.crl.pem"}
    shown = openssl("crl", "-in", out / "users.crl.pem", "-noout",
                    "-crlnumber")
    assert int(shown.split("=")[1], 16) == first[1]["number"]


def test_crl_after_loss(ca):
    """A lost CRL comes back with a number that is not lower."""
    before = row_of_crl(ca, "users")["number"]
    (ca / "users.crl.pem").unlink()
    assert row_of_crl(ca, "users")["number"] >= before
    (ca / "users.crl.pem").write_text("nonsense")
    ctl("ca", "crl", "--ca", ca, code=1)


def test_root_key_away(ca, tmp_path):
    """Without root.key everything goes on but the root's own CRL."""
    root_crl = (ca / "root.crl.pem").read_bytes()
    key = (ca / "root.key").rename(tmp_path / "root.key")
    made = issue(ca, "machine", "--name", "a.example", "--key-out",
                 tmp_path / "k")
    row("ca", "revoke", "--ca", ca, made["serial"])
    assert "root.key" in ctl("ca", "crl", "--ca", ca, code=2).stderr
    ctl("ca", "revoke", "--ca", ca, ca / "users.pem", code=1)
    assert (ca / "root.crl.pem").read_bytes() == root_crl
    key.rename(ca / "root.key")
    ctl("ca", "revoke", "--ca", ca, ca / "users.pem")


def test_list(ca, tmp_path):
    issue(ca, "machine", "--name", "a.example", "--key-out", tmp_path / "k")
    listed = rows("ca", "list", "--ca", ca)
    assert [(it["kind"], it["name"], it["state"]) for it in listed] == [
        ("ca", "users CA", "valid"), ("ca", "machines CA", "valid"),
        ("machine", "a.example", "valid")]
    assert ctl("ca", "list", "--ca", ca, "--state", "revoked",
               code=2).stdout == ""
    table = ctl("ca", "list", "--ca", ca).stdout.splitlines()
    assert table[0].split() == ["STATE", "SERIAL", "KIND", "NOT", "AFTER",
                                "NAME"]
    assert len(table) == 4


def test_list_warns_of_crls_that_end(ca):
    ctl("ca", "crl", "--ca", ca, "--days", "6")
    warned = ctl("ca", "list", "--ca", ca, code=2)
    assert "users.crl.pem is valid until" in warned.stderr


def test_two_at_once(ca, tmp_path):
    """Several at a time wait for each other and lose nothing."""
    running = [subprocess.Popen(
        [stage() / "bin/mtlsctl", "ca", "issue", "machine", "--ca", ca,
         "--name", f"m{i}.example", "--key-out", tmp_path / f"{i}.key"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for i in range(8)]
    assert [it.wait(60) for it in running] == [0] * 8
    names = {it["name"] for it in rows("ca", "list", "--ca", ca)}
    assert {f"m{i}.example" for i in range(8)} <= names


def test_crl_of_a_later_clock(ca, tmp_path):
    """A CRL made when the clock was ahead: neither number nor date fall."""
    (tmp_path / "index.txt").write_text("")
    (tmp_path / "number").write_text("ffffffffffff\n")
    conf = tmp_path / "openssl.cnf"
    conf.write_text(f"[ca]\ndefault_ca = it\n[it]\n"
                    f"database = {tmp_path}/index.txt\n"
                    f"crlnumber = {tmp_path}/number\n"
                    "default_md = sha256\ncrl_extensions = crl\n"
                    "[crl]\nauthorityKeyIdentifier = keyid:always\n")
    openssl("ca", "-gencrl", "-config", conf, "-cert", ca / "users.pem",
            "-keyfile", ca / "users.key", "-crl_lastupdate", "20300101000000Z",
            "-crl_nextupdate", "20300201000000Z", "-out",
            ca / "users.crl.pem")
    renewed = row_of_crl(ca, "users")
    assert renewed["number"] == 0x1000000000000
    assert renewed["this_update"] == "2030-01-01T00:00:00Z"
    assert renewed["next_update"] == "2030-01-31T00:00:00Z"
