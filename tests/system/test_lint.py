# SPDX-License-Identifier: BSD-2-Clause
"""What can be said about the files without running them."""

import pathlib
import re

import pytest

from mtls_test.process import run

TOP = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("client", "common", "doc", "examples", "helper", "include",
           "mtlsctl", "pam_mtls", "pkcs11", "policy", "systemd", "tests",
           "tls", "verifier")


def files(*endings):
    found = []
    for folder in FOLDERS:
        found += [p for p in sorted((TOP / folder).rglob("*"))
                  if p.is_file() and "__pycache__" not in p.parts and
                  p.suffix in endings]
    return found


def scripts():
    return [p for p in [TOP / ".ci/run", *files("", ".sh")]
            if p.suffix == ".sh" or re.match(
                rb"#! ?/bin/(ba)?sh", p.read_bytes()[:20])]


@pytest.mark.parametrize("script", scripts(), ids=lambda p: p.name)
def test_shellcheck(script):
    run("shellcheck", "-x", script, cwd=TOP)


@pytest.mark.parametrize("page", sorted(
    p for p in (TOP / "doc").iterdir() if re.fullmatch(r"\.[1-8]", p.suffix)),
    ids=lambda p: p.name)
def test_mandoc(page):
    done = run("mandoc", "-Tlint", "-Wwarning", page, check=False)
    assert done.returncode == 0, done.stdout


def test_every_c_file_has_its_banner():
    for path in files(".c", ".h", ".def"):
        text = path.read_text()
        assert "SPDX-License-Identifier: BSD-2-Clause" in text[:200], path


def test_nothing_is_left_to_be_done():
    """No notes to self; the words are spelt so as not to find themselves."""
    notes = re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b")
    for path in files(".c", ".h", ".def", ".py", ".sh", ""):
        text = path.read_text(errors="replace")
        assert not notes.search(text), path


def test_files_and_lines_are_short():
    """What ships; tests are tables that may be long."""
    for path in files(".c", ".h"):
        if TOP / "tests" in path.parents:
            continue
        lines = path.read_text().splitlines()
        assert len(lines) <= 450, f"{path}: {len(lines)} lines"
        for number, line in enumerate(lines, 1):
            assert len(line.expandtabs(8)) <= 80, f"{path}:{number}"


def test_every_case_has_a_test_or_a_reason():
    done = run("/usr/bin/python3", TOP / "tests/cases", "--missing",
               check=False)
    assert done.returncode == 0, done.stdout
