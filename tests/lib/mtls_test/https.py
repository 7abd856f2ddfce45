# SPDX-License-Identifier: BSD-2-Clause
"""HTTP to a verifier, spoken by Python: what a rogue client could send."""

import http.client
import json
import secrets
import socket
import ssl

from . import DEADLINE_S


def context(ca, certificate=None, key=None):
    it = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    it.minimum_version = ssl.TLSVersion.TLSv1_3
    it.load_verify_locations(ca)
    it.set_alpn_protocols(["http/1.1"])
    if certificate:
        it.load_cert_chain(certificate, key)
    return it


class Client:
    """One TLS connection to one listener of a verifier."""

    def __init__(self, name, port, tls):
        raw = socket.create_connection(("127.0.0.1", port), DEADLINE_S)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.connection = http.client.HTTPSConnection(name, port)
        self.connection.sock = tls.wrap_socket(raw, server_hostname=name)

    def request(self, method, path, body=None):
        """(status, decoded body)"""
        headers = {}
        data = None
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body)
            headers["Content-Type"] = "application/json"
        self.connection.request(method, path, data, headers)
        response = self.connection.getresponse()
        text = response.read()
        is_json = response.headers["Content-Type"] == "application/json"
        return response.status, json.loads(text) if is_json else None

    def open(self, host, user="alice", service="door", **changed):
        """POST /v1/challenges; returns (status, body, what was sent)."""
        body = {"version": 1, "request": secrets.token_hex(16),
                "nonce": secrets.token_hex(32), "user": user,
                "service": service, "host": host, "tty": "", "rhost": "",
                "ruser": "", "method": "token", **changed}
        return *self.request("POST", "/v1/challenges", body), body

    def prove(self, challenge, host, user="alice", service="door",
              method="token"):
        return self.request("POST", "/v1/proofs", {
            "version": 1, "challenge": challenge, "user": user,
            "service": service, "host": host, "method": method})

    def grant(self, challenge, wait=0):
        return self.request(
            "GET", f"/v1/challenges/{challenge}/grant?wait={wait}")

    def close(self):
        self.connection.close()


def device(verifier, machine):
    return Client(verifier.name, verifier.device_port,
                  context(machine.etc / "verifier-ca.pem",
                          machine.certificate, machine.key))


def person(verifier, machine, certificate, key):
    return Client(verifier.name, verifier.user_port,
                  context(machine.etc / "verifier-ca.pem", certificate, key))
