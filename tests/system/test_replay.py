# SPDX-License-Identifier: BSD-2-Clause
"""A verifier that has everything but the truth: T-018.

It owns the name and the key of a real one, and gives the machine the grant
of an earlier login, or one with a field changed.
"""

import http.server
import json
import ssl
import threading

import pytest

from mtls_test.machine import Machine
from mtls_test.organisation import Verifier

GRANT = {"version": 1, "decision": "allow", "certificate": "CN=alice",
         "reason": "allowed", "message": "", "expires_in": 30}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def reply(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_POST(self):
        body = json.loads(self.rfile.read(
            int(self.headers["Content-Length"])))
        rogue = self.server.rogue
        if self.path == "/v1/challenges":
            rogue.opened.append(body)
            self.reply(201, {"version": 1, "challenge": "c0" * 16,
                             "nonce": body["nonce"], "expires_in": 60,
                             "session": ""})
        else:
            rogue.proofs += 1
            self.reply(200, {"version": 1, "challenge": body["challenge"]})

    def do_GET(self):
        self.reply(200, self.server.rogue.grant())

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass    # a client that leaves in the middle of a handshake


class Rogue(Verifier):
    """Two listeners with the key of a real verifier and no conscience."""

    def start(self):
        self.opened = []
        self.proofs = 0
        self.changed = {}
        self.old = None
        self.servers = []
        ca = self.organisation.ca
        for bundle in ("machines-ca.pem", "users-ca.pem"):
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.minimum_version = ssl.TLSVersion.TLSv1_3
            tls.num_tickets = 0
            tls.set_alpn_protocols(["http/1.1"])
            tls.load_cert_chain(self.directory / "verifier.pem",
                                self.directory / "verifier.key")
            tls.load_verify_locations(ca / bundle)
            tls.verify_mode = ssl.CERT_REQUIRED
            server = Server(("127.0.0.1", 0), Handler)
            server.rogue = self
            server.socket = tls.wrap_socket(
                server.socket, server_side=True,
                do_handshake_on_connect=False)
            threading.Thread(target=server.serve_forever, args=(0.02,),
                             daemon=True).start()
            self.servers.append(server)
        self.device_port, self.user_port = (
            s.server_address[1] for s in self.servers)
        return self

    def grant(self):
        asked = self.old or self.opened[-1]
        said = {k: asked[k] for k in (
            "request", "nonce", "user", "service", "host", "tty", "rhost",
            "ruser", "method")}
        return {**GRANT, "challenge": "c0" * 16, **said, **self.changed}

    def stop(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()
        self.servers = []


@pytest.fixture
def rogue(acme):
    it = Rogue(acme, "verifier6.acme.example").start()
    yield it
    it.remove()


@pytest.fixture
def door(acme, rogue, cards, syslog):
    machine = Machine(acme, rogue)
    machine.service("door")
    machine.insert(cards())
    yield machine
    machine.remove()


def test_the_rogue_can_be_believed(door, rogue, cards, login):
    """The yardstick: with every field right, this is a grant."""
    assert login(cards().pin).code == "SUCCESS"
    assert rogue.proofs == 1


def test_T018_grant_of_an_earlier_login(door, rogue, cards, login, syslog):
    assert login(cards().pin).code == "SUCCESS"
    rogue.old = rogue.opened[-1]
    mark = syslog.mark()
    assert login(cards().pin).code in ("AUTHINFO_UNAVAIL", "AUTH_ERR")
    syslog.wait_for("nonce|request", mark)


@pytest.mark.parametrize("field,value", {
    "version": 2, "decision": "maybe", "challenge": "c1" * 16,
    "request": "00" * 16, "nonce": "00" * 32, "user": "bob",
    "service": "window", "host": "ws-2.acme.example", "tty": "tty9",
    "rhost": "10.0.0.1", "ruser": "bob", "method": "code", "expires_in": 0,
    "more": "than asked", "decision ": "allow"}.items())
def test_T059_one_field_changed(door, rogue, cards, login, field, value):
    rogue.changed = {field: value}
    assert login(cards().pin).code in ("AUTHINFO_UNAVAIL", "AUTH_ERR")
