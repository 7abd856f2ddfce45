# SPDX-License-Identifier: BSD-2-Clause
"""The PIN is nowhere but on its way to the card."""

import pathlib

import pytest

from mtls_test import HELPER, TOKEN
from mtls_test.process import find, run, wait_until
from mtls_test.programs import PIN, Pamtester

# Long, because free() writes its pointers over the first bytes of what is
# freed: the rest of a copy that nobody wiped stays. No part of it repeats.
CANARY = "8472619305514728396017742893516027634918"
PIECE = 8


def has_pin(data):
    """Whether any piece of the PIN is in these bytes."""
    return any(CANARY[i:i + PIECE].encode() in data
               for i in range(len(CANARY) - PIECE + 1))


@pytest.fixture
def card(acme, machine):
    """A card whose PIN stands in no library and in no other file."""
    it = acme.card("alice", label="Canary", pin=CANARY)
    machine.insert(it)
    return it


def test_T108_no_log_has_the_pin(machine, card, login, verifier, syslog,
                                 transport):
    machine.service("door", "auth required MODULE debug")
    mark = syslog.mark()
    assert login(card.pin).code == "SUCCESS"
    assert login(CANARY[::-1]).code == "AUTH_ERR"
    assert login(CANARY + "\n%s").code != "SUCCESS"
    lines = syslog.since(mark)
    assert lines, "the log has nothing: this test proves nothing"
    said = "\n".join([*lines, verifier.log(), str(verifier.audit())])
    assert not has_pin(said.encode())
    assert CANARY[::-1] not in said
    for path in verifier.directory.rglob("*"):
        if path.is_file():
            assert not has_pin(path.read_bytes()), path


def test_T109_no_core_of_the_program_has_the_pin(machine, card, tmp_path,
                                                 transport):
    """A core of pamtester, taken by the next module of its stack."""
    script = tmp_path / "core"
    script.write_text(f"#!/bin/sh\nexec gcore -a -o {tmp_path}/image $PPID\n")
    script.chmod(0o755)
    machine.service("door", "auth required MODULE",
                    f"auth required pam_exec.so log={tmp_path}/log {script}")
    run("pamtester", "door", "alice", "authenticate", input=card.pin + "\n")
    images = list(tmp_path.glob("image.*"))
    assert images, (tmp_path / "log").read_text()
    assert not has_pin(images[0].read_bytes())


def test_T109_no_core_of_the_helper_has_the_pin(machine, card, login,
                                                tmp_path):
    """A core of mtls-helper, as it is when it ends after a login. (To the
    debugger, the process that has the worker on its leash is a thread.)"""
    script = tmp_path / "debugged"
    script.write_text(f"""#!/bin/sh
exec >{tmp_path}/gdb.log 2>&1
exec gdb -q -batch -ex 'handle all nostop noprint pass' \\
    -ex 'set dump-excluded-mappings on' \\
    -ex 'set use-coredump-filter off' -ex 'catch syscall exit_group' \\
    -ex 'condition 1 $_thread == 1' -ex run \\
    -ex 'gcore {tmp_path}/image' "$@"
""")
    script.chmod(0o755)
    with machine.socket(script):
        assert login(card.pin).code == "SUCCESS"
        wait_until(lambda: (tmp_path / "image").exists() and
                   not find("/usr/bin/gdb"), "the core")
    image = (tmp_path / "image").read_bytes()
    assert b"mtls-helper" in image
    assert not has_pin(image)


def test_T109_no_command_line_or_environment_has_the_pin(machine, card,
                                                         verifier):
    """While the verifier is silent, the PIN having been given."""
    import signal
    child = Pamtester().start("alice")
    child.expect(PIN)
    verifier.process.send(signal.SIGSTOP)
    try:
        child.sendline(card.pin)
        child.expect("\r\n")
        pids = [*find(HELPER), *find(TOKEN)]
        assert len(pids) >= 2
        for pid in [*pids, child.pid]:
            for name in ("environ", "cmdline"):
                text = pathlib.Path(f"/proc/{pid}/{name}").read_bytes()
                assert not has_pin(text)
    finally:
        verifier.process.send(signal.SIGCONT)
    child.expect("in as alice")
    child.close(force=True)
