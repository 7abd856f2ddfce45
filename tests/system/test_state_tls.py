# SPDX-License-Identifier: BSD-2-Clause
"""PostgreSQL over TLS: a server that proves its name, and a verifier that
proves its account with a certificate, without a password anywhere."""

import shutil

import pytest

from mtls_test import VERIFIER, https
from mtls_test.clients import person_files
from mtls_test.machine import Machine
from mtls_test.organisation import Verifier
from mtls_test.postgres import ADDRESS, PORT, Postgres, programs
from mtls_test.process import run

NAME = "db.acme.example"

pytestmark = pytest.mark.skipif(programs() is None,
                                reason="no PostgreSQL here")


class Authority:
    """A CA for the database, apart from those of the organisation."""

    def __init__(self, directory, name):
        self.directory, self.name = directory, name
        self.certificate = directory / f"{name}.pem"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj",
            f"/CN={name}", "-addext", "keyUsage=critical,keyCertSign",
            "-keyout", directory / f"{name}.key", "-out", self.certificate)

    def issue(self, name, subject, owner, extension):
        """Certificate and key, which are owner's."""
        csr = self.directory / f"{name}.csr"
        key, out = csr.with_suffix(".key"), csr.with_suffix(".pem")
        more = csr.with_suffix(".ext")
        more.write_text(extension)
        run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-subj", subject,
            "-keyout", key, "-out", csr)
        run("openssl", "x509", "-req", "-in", csr, "-CA", self.certificate,
            "-CAkey", self.directory / f"{self.name}.key", "-days", "30",
            "-extfile", more, "-out", out)
        for path in (key, out):
            shutil.chown(path, owner, owner)
        key.chmod(0o600)
        return out, key


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    directory = tmp_path_factory.mktemp("db")
    for path in (directory, *directory.parents[:-2]):
        path.chmod(0o755)
    return Authority(directory, "database-ca")


@pytest.fixture(scope="module")
def database(authority):
    """It lets in over TLS only, and only who has a certificate."""
    certificate, key = authority.issue(
        "server", f"/CN={NAME}", "postgres", f"subjectAltName=DNS:{NAME}\n")
    it = Postgres()
    try:
        it.stop()
        data = it.directory / "data"
        with open(data / "postgresql.conf", "a", encoding="ascii") as conf:
            conf.write(f"ssl = on\nssl_cert_file = '{certificate}'\n"
                       f"ssl_key_file = '{key}'\n"
                       f"ssl_ca_file = '{authority.certificate}'\n")
        (data / "pg_hba.conf").write_text(
            "local all all trust\nhostssl all all 10.77.0.0/24 cert\n")
        yield it.start()
    finally:
        it.remove()


@pytest.fixture
def verifier(acme, authority, database):
    """Set up with the URL of its manual page."""
    database.empty()
    it = Verifier(acme, "verifier9.acme.example")
    certificate, key = authority.issue(
        "client", "/CN=mtls_verifier", "_mtls-verifier",
        "extendedKeyUsage=clientAuth\n")
    it.url = (f"postgresql://mtls_verifier@{NAME}:{PORT}/mtls_verifier"
              f"?hostaddr={ADDRESS}&sslmode=verify-full"
              f"&sslrootcert={authority.certificate}"
              f"&sslcert={certificate}&sslkey={key}")
    it.database = it.url
    it.write_settings()
    yield it
    it.remove()


def migrate(verifier, url=None):
    verifier.database = url or verifier.url
    verifier.write_settings()
    return run(VERIFIER, "--migrate", "--config", verifier.conf, check=False)


def test_a_login_over_tls(acme, verifier, database, tmp_path):
    done = migrate(verifier)
    assert done.returncode == 0, done.stderr
    verifier.start()
    machine = Machine(acme, verifier)
    try:
        device = https.device(verifier, machine)
        challenge = device.open(Machine.NAME)[1]["challenge"]
        person = https.person(verifier, machine,
                              *person_files(acme, tmp_path))
        assert person.prove(challenge, Machine.NAME)[0] == 200
        status, grant = device.grant(challenge)
        assert (status, grant["decision"]) == (200, "allow")
        used = database.sql(
            "SELECT ssl, version, client_dn FROM pg_stat_ssl JOIN"
            " pg_stat_activity USING (pid)"
            " WHERE application_name = 'mtls-verifier'")
        assert used and set(map(tuple, used)) == {
            ("t", "TLSv1.3", "/CN=mtls_verifier")}
    finally:
        machine.remove()


def test_another_name(verifier):
    done = migrate(verifier, verifier.url.replace(NAME, "db.evil.example"))
    assert done.returncode == 1
    assert "does not match host name" in done.stderr


def test_another_authority(verifier, authority):
    other = Authority(authority.directory, "other-ca")
    done = migrate(verifier, verifier.url.replace(
        str(authority.certificate), str(other.certificate)))
    assert done.returncode == 1
    assert "certificate verify failed" in done.stderr


def test_verified_where_nothing_is_said(verifier, authority):
    """sslmode is verify-full, and what verifies is not guessed."""
    url = verifier.url.replace("&sslmode=verify-full", "")
    assert migrate(verifier, url).returncode == 0
    without = url.replace(f"&sslrootcert={authority.certificate}", "")
    assert migrate(verifier, without).returncode == 1


def test_no_certificate_and_no_tls(verifier):
    for url in (verifier.url.split("&sslcert")[0],
                verifier.url.replace("verify-full", "disable")):
        done = migrate(verifier, url)
        assert done.returncode == 1, url
