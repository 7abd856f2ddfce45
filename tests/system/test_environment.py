# SPDX-License-Identifier: BSD-2-Clause
"""T-120: nothing in the environment of a set-uid program moves a login."""

import re

import pytest

from mtls_test.process import run, wait_until, find
from mtls_test import HELPER, MODULE, TOKEN, VERIFIER

EVIL = "/tmp/evil"
HOSTILE = {
    **{name: EVIL for name in """
        OPENSSL_CONF OPENSSL_MODULES OPENSSL_ENGINES SSL_CERT_FILE
        SSL_CERT_DIR SSLKEYLOGFILE SOFTHSM2_CONF OPENSC_CONF
        PKCS11_MODULE_PATH P11_KIT_STRICT PCSCLITE_CSOCK_NAME
        TPM2_PKCS11_STORE LD_LIBRARY_PATH LD_PRELOAD LD_AUDIT GCONV_PATH
        LOCPATH NLSPATH TMPDIR HOME XDG_CONFIG_HOME XDG_RUNTIME_DIR
        HOSTALIASES KRB5_CONFIG KRB5CCNAME RANDFILE SSH_AUTH_SOCK
        EVENT_NOKQUEUE MTLS_CONFIG_FILE""".split()},
    "OPENSC_DRIVER": "evil", "P11_KIT_DEBUG": "all", "PCSCLITE_DEBUG": "0",
    "GLIBC_TUNABLES": "glibc.malloc.check=3", "MALLOC_CHECK_": "3",
    "MALLOC_PERTURB_": "1", "http_proxy": "http://127.0.0.1:9",
    "https_proxy": "http://127.0.0.1:9", "ALL_PROXY": "http://127.0.0.1:9",
    "NO_PROXY": "", "RES_OPTIONS": "debug", "LOCALDOMAIN": "evil.example",
    "TZ": ":/etc/shadow", "LANG": "../../tmp/evil",
    "LC_ALL": "../../tmp/evil", "LANGUAGE": "../../tmp/evil",
    "EVENT_SHOW_METHOD": "1", "XDG_SESSION_ID": "1",
    "SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}
PATHS = re.compile(r"^(\d+) +(\w+)\(.*?\"([^\"]*)\"")
FILES = "trace=open,openat,openat2,execve,connect,readlink,stat,lstat," \
        "newfstatat,access,faccessat,faccessat2"


def programs(tmp_path, env, *argv):
    """{program: sorted (call, path)} of a whole login under strace."""
    log = tmp_path / "trace"
    done = run("strace", "-f", "--seccomp-bpf", "-qq", "-s", "200", "-o", log, "-e", FILES,
               "-u", "bob", *argv, input="740218\n", env={
                   "PATH": "/usr/bin:/bin", **env})
    assert "in as alice" in done.stdout
    wait_until(lambda: not find(HELPER) and not find(TOKEN), "the helper")
    of = {}
    seen = {}
    for line in log.read_text(errors="replace").splitlines():
        found = PATHS.match(line)
        if not found:
            continue
        pid, call, path = found.groups()
        if call == "execve":
            of[pid] = path.rsplit("/", 1)[-1]
        path = re.sub(r"/proc/\d+", "/proc/PID", path)
        seen.setdefault(of.get(pid, "su"), set()).add((call, path))
    return {name: sorted(calls) for name, calls in seen.items()}


@pytest.fixture
def su(machine):
    machine.service("su")
    return "su", "alice", "-c", "echo in as $(/usr/bin/id -un)"


def test_T120_su(machine, cards, su, tmp_path):
    """The helper and the worker touch the same files, the host's module
    none but itself, and the login comes out the same."""
    machine.insert(cards())
    calm = programs(tmp_path, {}, *su)
    wild = programs(tmp_path, HOSTILE, *su)
    for name in ("mtls-helper", "mtls-token"):
        assert calm[name], f"{name} was not seen: this proves nothing"
        assert wild[name] == calm[name]
        assert not any(EVIL in path for _, path in wild[name])
    machine.service("su", "auth required pam_permit.so")
    without = programs(tmp_path, HOSTILE, *su)
    ours = {path for _, path in set(wild["su"]) - set(without["su"])}
    assert ours <= {MODULE, "/run/pam_mtls/helper.sock",
                    "/opt/pam_mtls/libexec/pam_mtls/mtls-helper",
                    "/dev/null", "/dev/log", "/"}, ours


# What the loader and the C library themselves do for a program that is not
# set-uid; whoever may say that for the verifier is root.
OF_LIBC = ("LD_", "GLIBC_", "MALLOC_", "GCONV_", "LOC", "NLS", "TZ")


def test_T120_verifier(verifier, tmp_path):
    """Not set-uid, but what an administrator's shell has exported is not
    for it either."""
    def files(env):
        log = tmp_path / "trace"
        run("strace", "-f", "-qq", "-s", "200", "-o", log, "-e", FILES,
            VERIFIER, "--check-config", "--config", verifier.conf, check=True,
            env={"PATH": "/usr/bin:/bin", **env})
        return sorted({found.groups()[1:] for found in map(
            PATHS.match, log.read_text(errors="replace").splitlines())
            if found})
    calm = files({})
    assert any(path == verifier.conf.name for _, path in calm)
    assert files({name: value for name, value in HOSTILE.items()
                  if not name.startswith(OF_LIBC)}) == calm


def test_T120_sudo(machine, cards, verifier):
    from mtls_test.programs import Sudo, answer
    machine.insert(cards())
    program = Sudo()
    for service in program.services:
        machine.service(service)
    program.prepare()
    child = program.start("alice", env=HOSTILE)
    assert answer(child, cards().pin) == "alice"
    program.finish()


def test_the_process_of_the_card_has_no_network_library():
    needed = run("readelf", "-d", TOKEN).stdout
    assert "libp11.so" in needed
    for library in ("libssl", "libevent", "libcurl"):
        assert library not in needed
