# SPDX-License-Identifier: BSD-2-Clause
"""Somebody between a machine and its verifier: sees every byte of both
channels, keeps them, and can change some."""

import socket
import threading


class Wire:
    """One connection, as it went: the bytes of each direction."""

    def __init__(self, port):
        self.port = port
        self.sent = {"there": b"", "back": b""}


class OnPath:
    """Stands where a verifier is thought to be, and passes bytes on.

    A machine takes it for the verifier: it has its name, and ports of its
    own. change(wire, direction, data) may return other bytes.
    """

    def __init__(self, verifier, change=None):
        self.name = verifier.name
        self.change = change
        self.wires = []
        self.listeners = []
        self.ports = {"device": verifier.device_port,
                      "user": verifier.user_port}
        for role, port in self.ports.items():
            listener = socket.create_server(("127.0.0.1", 0))
            setattr(self, f"{role}_port", listener.getsockname()[1])
            self.listeners.append(listener)
            threading.Thread(target=self._listen, args=(listener, port),
                             daemon=True).start()

    def server(self):
        return f"{self.name}:{self.device_port}:{self.user_port}"

    def _listen(self, listener, port):
        while True:
            try:
                here = listener.accept()[0]
            except OSError:
                return
            there = socket.create_connection(("127.0.0.1", port))
            wire = Wire(port)
            self.wires.append(wire)
            for direction, a, b in (("there", here, there),
                                    ("back", there, here)):
                threading.Thread(target=self._pass, daemon=True,
                                 args=(wire, direction, a, b)).start()

    def _pass(self, wire, direction, a, b):
        try:
            while data := a.recv(65536):
                wire.sent[direction] += data
                if self.change:
                    data = self.change(wire, direction, data)
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            for s in (a, b):
                s.close()

    def seen(self):
        """Everything that has crossed."""
        return b"".join(w.sent[d] for w in list(self.wires) for d in w.sent)

    def close(self):
        for listener in self.listeners:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def flip_record(role_port, direction, number):
    """A change(): one bit in the TLS record of that number (from 0), on the
    connections to that port of the verifier."""
    state = {}

    def change(wire, going, data):
        if (wire.port, going) != (role_port, direction):
            return data
        at, count = state.get(id(wire), (0, 0))
        # Where records begin in the stream; data starts at offset base.
        stream = wire.sent[going]
        base = len(stream) - len(data)
        out = bytearray(data)
        while at + 5 <= len(stream):
            length = int.from_bytes(stream[at + 3:at + 5], "big")
            if at + 5 + length > len(stream):
                break
            if count == number and at + 5 >= base:
                out[at + 5 + length // 2 - base] ^= 1
            at, count = at + 5 + length, count + 1
        state[id(wire)] = at, count
        return bytes(out)
    return change
