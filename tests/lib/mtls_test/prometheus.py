# SPDX-License-Identifier: BSD-2-Clause
"""What a verifier says to Prometheus, read as strictly as can be."""

import http.client
import re
import socket

from . import DEADLINE_S

NAME = r"[a-z][a-z0-9_]*"
HEAD = re.compile(rf"# (HELP|TYPE) ({NAME}) (\S.*)")
SAMPLE = re.compile(rf"({NAME})(?:\{{(.*)\}})? (-?[0-9]+(?:\.[0-9]+)?)")
LABEL = re.compile(rf'({NAME}|le)="((?:[^"\\]|\\["\\n])*)"(,|$)')


class Unix(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=DEADLINE_S)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def connect(where):
    where = str(where)
    if where.startswith("/"):
        return Unix(where)
    return http.client.HTTPConnection(where, timeout=DEADLINE_S)


def get(where, path, method="GET"):
    """Status, headers and text of one answer."""
    connection = connect(where)
    connection.request(method, path)
    answer = connection.getresponse()
    text = answer.read().decode("ascii")
    connection.close()
    return answer.status, answer.headers, text


def labels_of(text):
    found, at = [], 0
    while at < len(text):
        label = LABEL.match(text, at)
        assert label, text
        value = re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1],
                       label[2])
        found.append((label[1], value))
        at = label.end()
    assert len({name for name, _ in found}) == len(found), text
    return found


def base_of(name, kinds):
    """The family of a sample: a histogram's has suffixes."""
    for suffix in ("_bucket", "_sum", "_count"):
        base = name.removesuffix(suffix)
        if base != name and kinds.get(base) == "histogram":
            return base
    return name


def check_histogram(name, samples):
    buckets = [(dict(labels)["le"], value) for (n, labels), value in
               samples.items() if n == f"{name}_bucket"]
    counts = [value for _, value in buckets]
    assert buckets[-1][0] == "+Inf"
    assert counts == sorted(counts)
    bounds = [float(le) for le, _ in buckets]
    assert bounds == sorted(set(bounds))
    assert counts[-1] == samples[f"{name}_count", ()]
    assert (samples[f"{name}_sum", ()] > 0) >= (counts[-1] > counts[0])


def parse(text):
    """{(name, labels): value}; fails on whatever a strict reader would."""
    samples, kinds, helps, current = {}, {}, set(), None
    assert text.endswith("\n")
    for line in text.splitlines():
        if head := HEAD.fullmatch(line):
            what, name, rest = head.groups()
            if what == "HELP":
                assert name not in helps, line
                helps.add(name)
                current = name
            else:
                assert name == current and name not in kinds, line
                assert rest in ("counter", "gauge", "histogram"), line
                assert (rest == "counter") == name.endswith("_total"), line
                kinds[name] = rest
            continue
        sample = SAMPLE.fullmatch(line)
        assert sample, line
        name, labels, value = sample.groups()
        # All samples of a family follow its head.
        assert base_of(name, kinds) == current, line
        key = name, tuple(labels_of(labels or ""))
        assert key not in samples, line
        samples[key] = float(value)
        assert kinds[current] != "counter" or samples[key] >= 0, line
    assert kinds.keys() == helps
    for name, kind in kinds.items():
        if kind == "histogram":
            check_histogram(name, samples)
    return samples, kinds


class Metrics:
    """What /metrics says at this moment."""

    def __init__(self, where):
        status, headers, text = get(where, "/metrics")
        assert status == 200
        assert headers["Content-Type"] == \
            "text/plain; version=0.0.4; charset=utf-8"
        self.samples, self.kinds = parse(text)

    def sum(self, name, **labels):
        """All samples of this name that have these labels, added up."""
        return sum(value for (n, have), value in self.samples.items()
                   if n == name and labels.items() <= dict(have).items())

    def has(self, name, **labels):
        return any(n == name and labels.items() <= dict(have).items()
                   for n, have in self.samples)
