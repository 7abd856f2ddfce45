# SPDX-License-Identifier: BSD-2-Clause
"""mtlsctl ca: what it refuses; nothing is changed then."""

import os
import pathlib
import resource
import subprocess
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "lib"))

from mtls_test.ctl import (ctl, files, make_csr, openssl,     # noqa: E402
                           row, stage)

IS_ROOT = os.geteuid() == 0


@pytest.fixture
def ca(tmp_path):
    directory = tmp_path / "ca"
    ctl("ca", "init", directory, "--org", "Acme")
    return directory


@pytest.fixture
def refused(ca, tmp_path):
    """refused(argv...): ends with 1, and there is no trace of it."""
    def go(*argv, says="", where=ca):
        before = files(tmp_path)
        done = ctl("ca", *argv, "--ca", where, code=1)
        assert files(tmp_path) == before
        assert says in done.stderr, done.stderr
        return done.stderr
    return go


def user(csr):
    return ("issue", "user", "--csr", csr, "--user", "alice")


def machine(tmp_path, name="a.example"):
    return ("issue", "machine", "--name", name, "--key-out",
            tmp_path / "new.key", "--out", tmp_path / "new.pem")


# --- signing requests -----------------------------------------------------

def der_of(csr):
    der = csr.with_suffix(".der")
    openssl("req", "-in", csr, "-outform", "DER", "-out", der)
    return der.read_bytes()


def test_T181_csr_without_proof_of_possession(tmp_path, refused):
    """Somebody else's public key, and a signature that is not right."""
    mine = make_csr(tmp_path / "mine.csr")
    hers = make_csr(tmp_path / "hers.csr")
    points = []
    for csr in (mine, hers):
        key = tmp_path / "pub.der"
        openssl("pkey", "-in", csr.with_suffix(".key"), "-pubout", "-outform",
                "DER", "-out", key)
        points.append(key.read_bytes()[-65:])
        key.unlink()
    der = der_of(mine)
    assert der.count(points[0]) == 1
    bad = tmp_path / "bad.csr"
    bad.write_bytes(der.replace(points[0], points[1]))
    refused(*user(bad), says="does not prove")
    bad.write_bytes(der[:-1] + bytes([der[-1] ^ 1]))
    refused(*user(bad), says="does not prove")


WEAK = {
    "rsa1024": ("rsa:1024",),
    "rsa1536": ("rsa:1536",),
    "exponent 3": ("rsa:2048", "-pkeyopt", "rsa_keygen_pubexp:3"),
    "secp256k1": ("ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"),
    "P-224": ("ec", "-pkeyopt", "ec_paramgen_curve:P-224"),
    "P-521": ("ec", "-pkeyopt", "ec_paramgen_curve:P-521"),
    "brainpool": ("ec", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"),
    "explicit": ("ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt",
                 "ec_param_enc:explicit"),
    "Ed448": ("ed448",),
}


@pytest.mark.parametrize("kind", WEAK)
def test_T181_weak_key(tmp_path, refused, kind):
    csr = make_csr(tmp_path / "a.csr", *WEAK[kind])
    refused(*user(csr), says="the key is not accepted")


def test_T181_one_key_for_two(ca, tmp_path, refused):
    csr = make_csr(tmp_path / "a.csr")
    made = row("ca", "issue", "user", "--ca", ca, "--csr", csr, "--upn",
               "alice@acme.example")
    refused("issue", "user", "--csr", csr, "--upn", "bob@acme.example",
            says="certified already")
    refused("issue", "machine", "--csr", csr, "--name", "alice.example",
            says="certified already")
    # Her own again, until it is said to be compromised.
    row("ca", "issue", "user", "--ca", ca, "--csr", csr, "--upn",
        "alice@acme.example")
    row("ca", "revoke", "--ca", ca, made["serial"], "--reason",
        "keyCompromise")
    refused("issue", "user", "--csr", csr, "--upn", "alice@acme.example",
            says="compromised")


def test_csr_that_is_none(tmp_path, refused):
    csr = make_csr(tmp_path / "a.csr")
    der = der_of(csr)
    bad = tmp_path / "bad"
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "fifo")
    for content in (b"", b"\0", b"hello", der[:-1], der + b"\0",
                    csr.read_bytes() * 2, csr.with_suffix(".key").read_bytes(),
                    csr.read_bytes()[:-40], b"x" * 70000,
                    csr.read_bytes().replace(b"M", b"*", 1)):
        bad.write_bytes(content)
        refused(*user(bad), says=str(bad))
    for path in ("missing", "directory", "fifo"):
        refused(*user(tmp_path / path), says=str(tmp_path / path))


# --- names and numbers ------------------------------------------------------

@pytest.mark.parametrize("options", [
    ("--user", "alice,root"), ("--user", "-x"), ("--user", ""),
    ("--user", "a b"), ("--user", "x" * 65), ("--user", "a\nb"),
    ("--user", "a\x1b[2J"), ("--user", "a\u202eb"), ("--user", "root$"),
    ("--upn", "alice"), ("--upn", "@acme.example"), ("--upn", "alice@"),
    ("--upn", "a@b@c.example"), ("--upn", "alice@Acme.example"),
    ("--upn", "alice@acme..example"), ("--upn", "a,b@acme.example"),
    ("--upn", "alice@*.example"), ("--upn", "x" * 65 + "@acme.example"),
    ("--user", "alice", "--email", "alice"),
    ("--user", "alice", "--email", "a b@acme.example"),
    ("--user", "alice", "--email", "\u00e4@acme.example"),
    ("--user", "alice", "--email", "a@b@acme.example"),
    ("--user", "alice", "--email", "a@-acme"),
    (), ("--email", "alice@acme.example"),
    ("--user", "alice", "--days", "0"), ("--user", "alice", "--days", "-1"),
    ("--user", "alice", "--days", "99999"), ("--user", "alice", "--days", ""),
    ("--user", "alice", "--days", "1e3"),
    ("--user", "alice", "--user", "bob"), ("--user",),
    ("--usr", "alice"), ("--user", "alice", "bob"),
    ("--user", "alice", "--key", "p256"),
    ("--user", "alice", "--json=yes"), ("-u", "alice"),
])
def test_bad_user(tmp_path, refused, options):
    csr = make_csr(tmp_path / "a.csr")
    refused("issue", "user", "--csr", csr, *options)


@pytest.mark.parametrize("name", [
    "", "a b", "*.acme.example", "WS-1.acme.example", "a..b", "1.2.3.4",
    "-a.example", "a.example.", "x" * 64 + ".example", "a_b.example",
    "\u00e4.example", "a.example\n", ".".join(["x" * 60] * 5)])
def test_bad_host(tmp_path, refused, name):
    refused(*machine(tmp_path, name))


@pytest.mark.parametrize("org", ["", " Acme", "Acme ", "x" * 49, "A\nB",
                                 "A\\B", "A\u202eB"])
def test_bad_organisation(tmp_path, org):
    ctl("ca", "init", tmp_path / "ca", "--org", org, code=1)
    assert not files(tmp_path)


# --- files ------------------------------------------------------------------

def test_init_overwrites_nothing(ca, tmp_path):
    before = files(tmp_path)
    for path in (ca, ca / "users.pem", "/", ".", tmp_path / "no/where"):
        ctl("ca", "init", path, "--org", "Acme", code=1)
    assert files(tmp_path) == before
    assert not list(tmp_path.glob(".mtlsctl*"))
    (tmp_path / "empty").mkdir()
    ctl("ca", "init", tmp_path / "empty", "--org", "Acme")


def test_issue_overwrites_nothing(ca, tmp_path, refused):
    for name in ("new.key", "new.pem"):
        path = tmp_path / name
        path.write_text("mine")
        refused(*machine(tmp_path), says="there already")
        path.unlink()
        path.symlink_to("nowhere")
        refused(*machine(tmp_path), says="there already")
        path.unlink()
    refused("issue", "machine", "--name", "a.example", "--key-out",
            tmp_path / "same", "--out", tmp_path / "same")
    refused("issue", "machine", "--name", "a.example", "--key-out",
            tmp_path / "no/where")
    refused("issue", "machine", "--name", "a.example")
    refused("issue", "machine", "--name", "a.example", "--key-out",
            tmp_path / "k", "--csr", make_csr(tmp_path / "a.csr"))


def test_missing_directory(tmp_path, refused):
    for path in (tmp_path / "missing", "/dev/null", tmp_path):
        refused("list", where=path)


@pytest.mark.parametrize("path", ["ca", "."])
def test_directory_that_others_can_write_to(ca, refused, tmp_path, path):
    (tmp_path / path).chmod(0o777)
    refused(*machine(tmp_path), says="others can write")


@pytest.mark.parametrize("name", ["machines.key", "root.key"])
def test_key_that_others_can_read(ca, refused, tmp_path, name):
    (ca / name).chmod(0o644)
    refused(*machine(tmp_path), says="others can read")


@pytest.mark.skipif(not IS_ROOT, reason="needs another owner")
def test_somebody_elses_directory(ca, refused, tmp_path):
    os.chown(ca, 65534, 65534)
    refused(*machine(tmp_path), says="somebody else")


def test_key_of_another_ca(ca, tmp_path, refused):
    (ca / "machines.key").write_bytes((ca / "users.key").read_bytes())
    refused(*machine(tmp_path), says="is not the key of")


def test_full_disk(ca, tmp_path):
    """No room: what was there stays, and no temporary files do."""
    before = files(tmp_path)

    def small():
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    ctl("ca", *machine(tmp_path), "--ca", ca, code=1, preexec_fn=small)
    assert files(tmp_path) == before
    ctl("ca", "crl", "--ca", ca, code=1, preexec_fn=small)
    ctl("ca", "init", tmp_path / "ca2", "--org", "Acme", code=1,
        preexec_fn=small)
    assert files(tmp_path) == before


@pytest.mark.skipif(IS_ROOT, reason="root writes everywhere")
def test_read_only_directory(ca, tmp_path, refused):
    (ca / "issued").chmod(0o500)
    refused(*machine(tmp_path))


# --- the index --------------------------------------------------------------

def damage(text):
    lines = text.splitlines(keepends=True)
    last = lines[-1]
    yield ""
    yield text[:-1]
    yield text.replace("index 1", "index 2")
    yield text + "\n"
    yield text + last
    yield text.replace("valid\t", "good\t", 1)
    yield text + last.replace("\t", " ", 1)
    yield text + last.rstrip("\n") + "\tmore\n"
    yield text.replace("T", "t", 1)
    yield text.replace("Z\t", "\t", 1)
    yield text + "\0"
    yield text.replace("root", "toor", 1)
    yield text + last.replace("valid", "revoked")


def test_damaged_index(ca, tmp_path, refused):
    index = ca / "index"
    for bad in damage(index.read_text()):
        index.write_text(bad)
        refused(*machine(tmp_path), says="index")
        refused("crl", says="index")
        refused("list", says="index")
    index.unlink()
    refused(*machine(tmp_path), says="not the directory of a CA")


# --- revoking ---------------------------------------------------------------

def test_revoke_what_is_not_ours(ca, tmp_path, refused):
    ctl("ca", "init", tmp_path / "other", "--org", "Acme")
    theirs = row("ca", "issue", "machine", "--ca", tmp_path / "other",
                 "--name", "a.example", "--key-out", tmp_path / "k")
    ours = row("ca", "issue", "machine", "--ca", ca, "--name", "a.example",
               "--key-out", tmp_path / "k2")
    refused("revoke", theirs["file"], says="not a certificate of this CA")
    refused("revoke", theirs["serial"], says="no serial number of this CA")
    refused("revoke", tmp_path / "other/root.pem")
    refused("revoke", ca / "root.pem", says="not a certificate of this CA")
    refused("revoke", ca / "users-ca.pem", says="more than one")
    refused("revoke", ca / "users.key", says="no CERTIFICATE")
    refused("revoke", tmp_path / "missing")
    refused("revoke")
    refused("revoke", ours["serial"], ours["serial"])
    refused("revoke", ours["serial"], "--reason", "nonsense")
    # The right serial number on another key.
    forged = tmp_path / "forged.pem"
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout",
            "/dev/null", "-subj", "/CN=x", "-set_serial",
            "0x" + ours["serial"], "-out", forged)
    refused("revoke", forged, says="not a certificate of this CA")


def test_help_and_unknown_commands():
    assert "ca issue user" in ctl("help").stdout
    assert "--upn USER@REALM" in ctl("help", "ca", "issue", "user").stdout
    assert "--upn USER@REALM" in ctl("ca", "issue", "user", "--help").stdout
    assert ctl("--version").stdout.startswith("mtlsctl ")
    for argv in ((), ("nonsense",), ("ca",), ("ca", "nonsense"),
                 ("help", "nonsense")):
        done = ctl(*argv, code=None)
        assert (done.returncode, done.stdout) == (1, "")


def test_output_that_cannot_be_written(ca):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([stage() / "bin/mtlsctl", "ca", "list", "--ca",
                               ca], stdout=full, stderr=subprocess.PIPE,
                              text=True, check=False)
    assert done.returncode == 1
    assert "could not be written" in done.stderr
