# SPDX-License-Identifier: BSD-2-Clause
"""Certificates that no CA program would make: DER by hand, signed with the
key of a real CA."""

import base64
import pathlib
import secrets
import time

from .process import run

ECDSA_SHA256 = "1.2.840.10045.4.3.2"
CLIENT_AUTH = "1.3.6.1.5.5.7.3.2"
SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
SMARTCARD_LOGON = "1.3.6.1.4.1.311.20.2.2"
UPN = "1.3.6.1.4.1.311.20.2.3"
DAY_S = 86400


def der(tag, *contents):
    body = b"".join(contents)
    if len(body) < 0x80:
        return bytes([tag, len(body)]) + body
    size = (len(body).bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + len(body).to_bytes(size, "big") + body


def sequence(*contents):
    return der(0x30, *contents)


def integer(value):
    size = value.bit_length() // 8 + 1
    return der(2, value.to_bytes(size, "big", signed=True))


def oid(text):
    first, second, *rest = map(int, text.split("."))
    body = b""
    for arc in [40 * first + second, *rest]:
        part = [arc & 0x7f]
        while arc := arc >> 7:
            part.append(0x80 | arc & 0x7f)
        body += bytes(reversed(part))
    return der(6, body)


def utf8(text):
    return der(12, text if isinstance(text, bytes) else text.encode())


def moment(seconds):
    """GeneralizedTime or UTCTime, as the year wants it; or bytes as is."""
    if isinstance(seconds, bytes):
        return der(24, seconds)
    t = time.gmtime(seconds)
    if t.tm_year < 2050:
        return der(23, time.strftime("%y%m%d%H%M%SZ", t).encode())
    return der(24, time.strftime("%Y%m%d%H%M%SZ", t).encode())


def name(common_name=None, organisation="Acme"):
    parts = []
    for kind, value in (("2.5.4.10", organisation), ("2.5.4.3", common_name)):
        if value is not None:
            parts.append(der(0x31, sequence(oid(kind), utf8(value))))
    return sequence(*parts)


# General names for san=

def other_name(kind, value):
    """value: DER of what is inside."""
    return der(0xa0, oid(kind), der(0xa0, value))


def upn(text):
    return other_name(UPN, utf8(text))


def email(text):
    return der(0x81, text if isinstance(text, bytes) else text.encode())


def dns(text):
    return der(0x82, text if isinstance(text, bytes) else text.encode())


def extension(kind, value, critical=False):
    flag = der(1, b"\xff") if critical else b""
    return sequence(oid(kind), flag, der(4, value))


def san(*names):
    return extension("2.5.29.17", sequence(*names))


def eku(*purposes):
    return extension("2.5.29.37", sequence(*map(oid, purposes)))


def key_usage(bits):
    """bits: the first byte of the bit string; 0x80 is digitalSignature."""
    return extension("2.5.29.15", der(3, b"\0", bytes([bits])), True)


def basic_constraints(*contents):
    return extension("2.5.29.19", sequence(*contents), True)


PERSON = (basic_constraints(), key_usage(0x80),
          eku(CLIENT_AUTH, SMARTCARD_LOGON))


def parts(data):
    """The elements inside DER, each with its header."""
    found = []
    while data:
        length, at = data[1], 2
        if length & 0x80:
            at += length & 0x7f
            length = int.from_bytes(data[2:at], "big")
        found.append(data[:at + length])
        data = data[at + length:]
    return found


def inside(element):
    at = 2 + (element[1] & 0x7f if element[1] & 0x80 else 0)
    return element[at:]


def from_pem(path):
    text = pathlib.Path(path).read_text().split("-----")[2]
    return base64.b64decode(text)


def subject_of(path):
    """The subject of a version 3 certificate, as DER."""
    tbs = parts(inside(from_pem(path)))[0]
    return parts(inside(tbs))[5]


def authority(ca):
    """The authority key identifier that points to this CA."""
    text = run("openssl", "x509", "-in", ca, "-noout", "-ext",
               "subjectKeyIdentifier").stdout
    identifier = bytes.fromhex(text.split()[-1].replace(":", ""))
    return extension("2.5.29.35", sequence(der(0x80, identifier)))


class Key:
    """A P-256 key in a file."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-out", self.path)

    def public(self):
        pem = self.path.with_suffix(".pub")
        run("openssl", "pkey", "-in", self.path, "-pubout", "-out", pem)
        return from_pem(pem)


def make(path, key, issuer, issuer_key, *extensions, subject=None,
         serial=None, not_before=None, not_after=None, version=3):
    """Writes a certificate for key to path and returns path. issuer: the
    PEM of a CA or its name as DER; the rest as it says."""
    path = pathlib.Path(path)
    now = int(time.time())
    algorithm = sequence(oid(ECDSA_SHA256))
    serial = secrets.randbits(120) if serial is None else serial
    tbs = [integer(serial), algorithm,
           issuer if isinstance(issuer, bytes) else subject_of(issuer),
           sequence(moment(now - DAY_S if not_before is None
                           else not_before),
                    moment(now + DAY_S if not_after is None
                           else not_after)),
           name("alice") if subject is None else subject, key.public()]
    if version > 1:
        tbs.insert(0, der(0xa0, integer(version - 1)))
    if extensions:
        tbs.append(der(0xa3, sequence(*extensions)))
    body = sequence(*tbs)
    raw = path.with_suffix(".tbs")
    raw.write_bytes(body)
    signature = path.with_suffix(".sig")
    run("openssl", "dgst", "-sha256", "-sign", issuer_key, "-out", signature,
        raw)
    whole = sequence(body, algorithm,
                     der(3, b"\0", signature.read_bytes()))
    path.write_text("-----BEGIN CERTIFICATE-----\n" +
                    base64.encodebytes(whole).decode() +
                    "-----END CERTIFICATE-----\n")
    return path
