# SPDX-License-Identifier: BSD-2-Clause
"""Both ends of a relay, written from PROTOCOL.md section 3 alone: a person
whose key is a file, and a gateway that can be told to cheat."""

import base64
import dataclasses
import json
import re
import socket
import ssl

from . import DEADLINE_S, https

RECORD = re.compile(r"mtls-relay/1:(\d+):(\d+):([a-z]+):([A-Za-z0-9+/=]*);")
ANSWER_BYTES = 732
PROMPT_BYTES = 5952


@dataclasses.dataclass
class Record:
    seq: int
    connection: int
    flag: str
    data: bytes = b""

    def __str__(self):
        return (f"mtls-relay/1:{self.seq}:{self.connection}:{self.flag}:"
                f"{base64.b64encode(self.data).decode()};")

    @classmethod
    def read(cls, text):
        seq, connection, flag, data = RECORD.search(text).groups()
        return cls(int(seq), int(connection), flag,
                   base64.b64decode(data, validate=True))


class Person:
    """The user's side. verifier, user, service and host are what it means;
    it believes the first prompt where believes is set, and no further than
    that: what counts is what it says to the verifier."""

    def __init__(self, ca, certificate, key, verifier, host, user="alice",
                 service="sshd", looks_first=False, believes=False):
        self.tls = https.context(ca, certificate, key)
        self.verifier, self.host = verifier, host
        self.user, self.service = user, service
        self.looks_first, self.believes = looks_first, believes
        self.connection = self.n_prompts = 0
        self.hello = None
        self.says = b""         # the verifier, in the clear
        self.said = False       # the proof
        self.failed = None

    def _connect(self):
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.ssl = self.tls.wrap_bio(self.incoming, self.outgoing,
                                     server_hostname=self.verifier)
        self.connection += 1

    def _proof(self):
        body = json.dumps({
            "version": 1, "challenge": self.hello["challenge"],
            "user": self.user, "service": self.service, "host": self.host,
            "method": "relay"})
        return (f"POST /v1/proofs HTTP/1.1\r\nHost: {self.verifier}\r\n"
                "Content-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n{body}").encode()

    def _go_on(self):
        """Whether TAKEN has come."""
        try:
            if not self.said:
                self.ssl.do_handshake()
                self.ssl.write(self._proof())
                self.said = True
            self.says += self.ssl.read(16384)
        except ssl.SSLWantReadError:
            return False
        except (ssl.SSLError, ssl.CertificateError) as error:
            self.failed = str(error)
            return False
        head, _, body = self.says.partition(b"\r\n\r\n")
        if not body:
            return False
        if not head.startswith(b"HTTP/1.1 200 "):
            self.failed = json.loads(body)["reason"]
            return False
        return json.loads(body)["challenge"] == self.hello["challenge"]

    def _means(self, hello):
        return self.believes or all(hello[k] == getattr(self, k) for k in
                                    ("verifier", "user", "service", "host"))

    def answer(self, prompt):
        record = Record.read(prompt)
        assert record.seq == self.n_prompts
        self.n_prompts += 1
        if record.flag == "hello":
            self.hello = json.loads(record.data)
            if not self._means(self.hello):
                return self._fail(record, "this is not what was meant")
            self._connect()
        elif record.connection != self.connection:
            return self._fail(record, "a connection that is none")
        else:
            self.incoming.write(record.data)
            if self.looks_first and self.connection == 1:
                self._connect()
        done = self._go_on()
        if record.flag == "end" and not done and not self.failed:
            self.failed = "the verifier has closed"
        if self.failed:
            return self._fail(record, self.failed)
        if done:
            return str(Record(record.seq, self.connection, "done"))
        data = self.outgoing.read(ANSWER_BYTES)
        return str(Record(record.seq, self.connection,
                          "more" if self.outgoing.pending else "idle", data))

    def _fail(self, record, why):
        self.failed = why
        return str(Record(record.seq, self.connection, "fail",
                          why.encode()[:200]))


class Gateway:
    """A machine that is enrolled, opens a challenge and relays; what it
    tells and passes on can be changed."""

    def __init__(self, verifier, machine, host, user="alice",
                 service="sshd", certificate=None, key=None, **claims):
        self.verifier = verifier
        ca = machine.etc / "verifier-ca.pem"
        self.device = https.Client(
            verifier.name, verifier.device_port, https.context(
                ca, certificate or machine.certificate, key or machine.key))
        self.status, self.challenge, _ = self.device.open(
            host, user=user, service=service, method="relay")
        self.claims = {
            "version": 1, "challenge": self.challenge.get("challenge"),
            "verifier": verifier.name, "user": user, "service": service,
            "host": host, "expires_in": 30, **claims}
        self.connection = self.n_prompts = 0
        self.socket = None
        self.sent = []          # what the person gave, as it was
        self.to_verifier = self.to_person = lambda n, data: data

    def hello(self):
        self.n_prompts = 1
        return str(Record(0, 0, "hello", json.dumps(self.claims).encode()))

    def _next(self, waits):
        data, ended = b"", False
        self.socket.settimeout(DEADLINE_S if waits else 0.001)
        try:
            while len(data) < PROMPT_BYTES:
                more = self.socket.recv(PROMPT_BYTES - len(data))
                ended = not more
                if ended:
                    break
                data += more
                self.socket.settimeout(0.005)
        except (TimeoutError, BlockingIOError):
            pass
        except ConnectionError:
            ended = True
        data = self.to_person(self.n_prompts, data)
        record = Record(self.n_prompts, self.connection,
                        "end" if ended else "idle", data)
        self.n_prompts += 1
        return str(record)

    def take(self, answer):
        """The next prompt; None after done or fail."""
        record = Record.read(answer)
        if record.flag in ("done", "fail"):
            return None
        if record.connection > self.connection:
            self.connection = record.connection
            self.socket = socket.create_connection(
                ("127.0.0.1", self.verifier.user_port), DEADLINE_S)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sent.append(record.data)
        data = self.to_verifier(len(self.sent), record.data)
        if data:
            try:
                self.socket.sendall(data)
            except ConnectionError:
                pass
        return self._next(record.flag == "idle")

    def grant(self, wait=1):
        """The decision; None where there is none."""
        status, body = self.device.grant(self.claims["challenge"], wait)
        return body["decision"] if status == 200 else None


def converse(person, gateway):
    """One login; the prompts that it took."""
    prompt = gateway.hello()
    for n in range(1, 33):
        answer = person.answer(prompt)
        assert len(prompt) <= 8000 and len(answer) <= 1000
        prompt = gateway.take(answer)
        if prompt is None:
            return n
    raise AssertionError("it does not end")
