# SPDX-License-Identifier: BSD-2-Clause
"""The servers of tests/bench/verifier, and how their CPU time is read."""

import os
import pathlib
import shutil
import signal
import subprocess
import threading

from mtls_test.organisation import Verifier
from mtls_test.process import Process, wait_until

NGINX_PORT, HAPROXY_PORT = 8441, 8442

NGINX = """\
daemon off;
master_process off;
user root;
error_log stderr warn;
pid {directory}/nginx.pid;
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  keepalive_requests 1000000;
  client_header_timeout 10s;
  server {{
    listen 127.0.0.1:{port} ssl backlog=4096;
    ssl_protocols TLSv1.3;
    ssl_ecdh_curve X25519:P-256;
    ssl_certificate {directory}/verifier.pem;
    ssl_certificate_key {directory}/verifier.key;
    ssl_client_certificate {directory}/users-ca.pem;
    ssl_verify_client on;
    ssl_verify_depth 4;
    ssl_session_tickets off;
    ssl_session_cache off;
    {crl}
    location / {{ return 200 "ok\\n"; }}
  }}
}}
"""

HAPROXY = """\
global
  nbthread 1
  maxconn 8192
  tune.ssl.cachesize 0
  ssl-default-bind-options ssl-min-ver TLSv1.3 no-tls-tickets
defaults
  mode http
  timeout client 10s
  timeout http-request 10s
frontend static
  bind 127.0.0.1:{port} backlog 4096 ssl crt {directory}/haproxy.pem \
curves X25519:P-256 verify required ca-file {directory}/users-ca.pem {crl}
  http-request return status 200 content-type text/plain string "ok"
"""

POLICY = """\
map issuer "CN=Acme Users CA,O=Acme" take san:upn realm acme.example
deny user root
allow user * on ws-*.acme.example for sudo by token
"""

SETTINGS = """\
[limits]
challenge-ttl = 600s
max-connections = 8192
max-connections-per-address = 8192
machine-challenges = none
origin-challenges = none
source-challenges = none
"""


def cpu_s(pid):
    """CPU time that a process has used, all its threads together."""
    # utime and stime in stat are the same sum, in steps of 10 ms.
    return sum(int(task.read_text("ascii").split()[0]) for task in
               pathlib.Path("/proc").glob(f"{pid}/task/*/schedstat")) / 1e9


def rss_kb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(
            "ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError(f"{pid} has no memory")


def listening(port):
    """Whether there is a listener on the port."""
    wanted = f"{port:04X}"
    for line in pathlib.Path("/proc/net/tcp").read_text(
            "ascii").splitlines()[1:]:
        fields = line.split()
        if fields[1].endswith(":" + wanted) and fields[3] == "0A":
            return True
    return False


class Server:
    """A server under load: its process, its port, and what to ask it."""

    name = ""
    device_port = 0

    def start(self):
        raise NotImplementedError

    def stop(self):
        self.process.stop()

    @property
    def pid(self):
        return self.process.pid

    def arguments(self):
        """What the load generator has to be told."""
        return ["-u", self.port, "-R", "GET /"]


class Peer(Server):
    """nginx or haproxy."""

    def __init__(self, verifier, crls):
        self.directory = verifier.directory
        self.crl = None
        if crls:
            self.crl = self.directory / f"{self.name}-crl.pem"
            self.crl.write_bytes(b"".join(
                pathlib.Path(c).read_bytes() for c in crls))

    def _start(self, conf, *argv):
        path = self.directory / f"{self.name}.conf"
        path.write_text(conf)
        self.process = Process(*argv, path)
        wait_until(self._is_up, self.name, 120)

    def _is_up(self):
        if self.process.popen.poll() is not None:
            raise AssertionError(self.process.output())
        return listening(self.port)

    def stop(self):
        self.process.popen.kill()
        self.process.popen.wait()
        self.process.popen.stderr.close()


class Nginx(Peer):
    name = "nginx"
    port = NGINX_PORT

    def start(self):
        # Debian's package has these below /var, which is empty here.
        pathlib.Path("/var/lib/nginx").mkdir(exist_ok=True)
        pathlib.Path("/var/log/nginx").mkdir(exist_ok=True)
        self._start(NGINX.format(
            directory=self.directory, port=self.port,
            crl=f"ssl_crl {self.crl};" if self.crl else ""),
            "nginx", "-c")


class Haproxy(Peer):
    name = "haproxy"
    port = HAPROXY_PORT

    def start(self):
        pem = self.directory / "haproxy.pem"
        pem.write_bytes((self.directory / "verifier.pem").read_bytes() +
                        (self.directory / "verifier.key").read_bytes())
        self._start(HAPROXY.format(
            directory=self.directory, port=self.port,
            crl=f"crl-file {self.crl}" if self.crl else ""),
            "haproxy", "-db", "-f")


class Ours(Server):
    """mtls-verifier; its state is on a real disk."""

    name = "mtls-verifier"

    def __init__(self, acme, state, loops=1, settings=SETTINGS):
        self.verifier = Verifier(acme, policy=POLICY)
        state = pathlib.Path(state)
        shutil.chown(state, "_mtls-verifier", "_mtls-verifier")
        state.chmod(0o700)
        for old in state.glob("state.db*"):
            old.unlink()
        self.verifier.write_settings(settings)
        conf = self.verifier.conf.read_text()
        conf = conf.replace(f"{self.verifier.directory}/state/", f"{state}/")
        conf = conf.replace("[listen]", f"loops = {loops}\n[listen]", 1)
        self.verifier.conf.write_text(conf)

    def use_crl(self, path):
        """Puts this one in the place of the CRL for users."""
        shutil.copy(path, self.verifier.directory / "crl/users.crl.pem")

    def crls(self):
        return sorted((self.verifier.directory / "crl").iterdir())

    def start(self):
        self.verifier.start()
        self.process = self.verifier.process
        self.port = self.verifier.user_port
        # It says a line for each decision; somebody has to read them.
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        self.device_port = self.verifier.device_port

    def _read(self):
        while os.read(self.process.popen.stderr.fileno(), 1 << 16):
            pass

    def stop(self):
        self.process.send(signal.SIGTERM)
        self.reader.join()
        self.verifier.stop()

    def arguments(self):
        return ["-u", self.port, "-d", self.device_port]


class Load:
    """The load generator, ready to begin."""

    def __init__(self, mode, *argv):
        self.popen = subprocess.Popen(
            [f"{os.environ['MTLS_BUILD']}/tests/bench/load",
             *map(str, argv), mode], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        line = self.popen.stdout.readline()
        if line != "ready\n":
            raise AssertionError(f"load {mode} {argv} said {line!r}")

    def go(self):
        self.popen.stdin.write("\n")
        self.popen.stdin.flush()

    def line(self):
        return self.popen.stdout.readline()

    def end(self):
        self.popen.stdin.close()
        self.popen.wait()
        self.popen.stdout.close()
