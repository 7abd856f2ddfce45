# SPDX-License-Identifier: BSD-2-Clause
"""mtlsctl as people and scripts run it, and openssl(1) to check it with."""

import json
import os
import pathlib
import re

from . import PREFIX
from . import SOFTHSM as OF_MACHINE
from .process import ENVIRONMENT, run

TOP = pathlib.Path(__file__).resolve().parents[3]


# Outside tests/lib/own-machine it is where the package has put it.
SOFTHSM = OF_MACHINE if pathlib.Path(OF_MACHINE).exists() else \
    "/usr/lib/softhsm/libsofthsm2.so"


def stage():
    """The prefix under which everything is installed."""
    if "MTLS_STAGE" in os.environ:
        return pathlib.Path(os.environ["MTLS_STAGE"])
    if pathlib.Path(PREFIX, "bin/mtlsctl").exists():
        return pathlib.Path(PREFIX)
    return TOP / "build/stage"


def ctl(*argv, code=0, env=None, **options):
    """Runs mtlsctl, which is to end with code (None: with any)."""
    done = run(stage() / "bin/mtlsctl", *argv, check=False,
               env={**ENVIRONMENT, **(env or {})}, **options)
    assert code in (None, done.returncode), \
        f"mtlsctl {argv}: {done.returncode}\n{done.stdout}{done.stderr}"
    if code == 1:
        assert done.stderr.startswith("mtlsctl"), done.stderr
        assert done.stdout == ""
    return done


def documented():
    """The names of values that the man pages explain."""
    names = set()
    for page in (TOP / "doc").glob("mtlsctl*.1"):
        for line in page.read_text().splitlines():
            if line.startswith((".It Va ", ".Va ")):
                names.update(re.findall(r"[a-z_0-9]{2,}", line))
    return names


def rows(*argv, **options):
    """The JSON objects that mtlsctl prints, one a line."""
    out = ctl(*argv, "--json", **options).stdout
    assert out.isascii()
    found = [json.loads(line, object_pairs_hook=without_duplicates)
             for line in out.splitlines()]
    # What a verifier says of itself is in its own page.
    if argv[0] != "status":
        assert set().union(*found) <= documented()
    return found


def without_duplicates(pairs):
    keys = [key for key, _ in pairs]
    assert len(keys) == len(set(keys)), keys
    return dict(pairs)


def row(*argv, **options):
    """The only one."""
    [it] = rows(*argv, **options)
    return it


def openssl(*argv, **options):
    return run("openssl", *argv, **options).stdout


def make_csr(path, *new_key, subject="/CN=whatever"):
    """A signing request by openssl, with a key of the given kind."""
    openssl("req", "-new", "-newkey", *(new_key or EC), "-nodes", "-keyout",
            path.with_suffix(".key"), "-subj", subject, "-out", path)
    return path


EC = ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")


def files(directory):
    """Every file below a directory, and what it is."""
    return {str(path.relative_to(directory)): path.read_bytes()
            for path in sorted(pathlib.Path(directory).rglob("*"))
            if path.is_file()}
