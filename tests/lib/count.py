#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""count.py [-k EXPRESSION] RESULTS TOP: what tests/run ends with.

Reads the logs of the unit tests (cmocka's own output, one log per program)
and the JUnit file of the system tests, prints what failed and what was
skipped, and as the last line "N passed, N failed, N skipped". A program that
died has one failed case: the one that was running, or itself.
"""

import argparse
import pathlib
import re
import sys
import xml.etree.ElementTree

BUILD = {"main": "build", "asan": "build-asan", "tsan": "build-tsan",
         "clang": "build-clang",
         "valgrind": "build-valgrind"}
CMOCKA = re.compile(r"^\[ *(RUN|OK|FAILED|SKIPPED) *\] (\S+)")


class Count:
    def __init__(self, wanted):
        self.wanted = wanted
        self.n = {"passed": 0, "failed": 0, "skipped": 0}

    def add(self, result, name, why=""):
        if self.wanted and not re.search(self.wanted, name):
            return
        self.n[result] += 1
        if result != "passed":
            print(f"{result}: {name}" + (f": {why}" if why else ""))


def unit_cases(text):
    """(name, result) of every case in the output of one program."""
    running = None
    for line in text.splitlines():
        found = CMOCKA.match(line)
        if not found:
            continue
        word, name = found.groups()
        if word == "RUN":
            if running:
                yield running, "failed"
            running = name
        elif running == name:
            running = None
            yield name, {"OK": "passed", "FAILED": "failed",
                         "SKIPPED": "skipped"}[word]
    if running:
        yield running, "failed"


def unit_program(count, variant, trs):
    result = re.search(r"^:test-result: (\w+)", trs.read_text(), re.M)[1]
    log = trs.with_suffix(".log")
    text = log.read_text(errors="replace") if log.exists() else ""
    prefix = f"{variant}: {trs.stem}"
    cases = list(unit_cases(text))
    for name, case in cases:
        count.add(case, f"{prefix}: {name}", "" if case != "failed" else log)
    if result == "PASS" and not cases:
        count.add("passed", prefix)
    elif result == "SKIP" and not cases:
        why = text.strip().splitlines()
        count.add("skipped", prefix, why[0] if why else "")
    elif result in ("FAIL", "ERROR", "XPASS") and \
            not any(case == "failed" for _, case in cases):
        count.n["failed"] += 1
        print(f"failed: {prefix}: {result}: {log}")


def unit(count, results, top):
    for variant, build in BUILD.items():
        started = results / f"unit-{variant}" / "started"
        if not started.exists():
            if (results / f"{variant}.started").exists() and \
                    not (results / f"{variant}.built").exists():
                count.n["failed"] += 1
                print(f"failed: {variant}: the build: "
                      f"{results}/build-{variant}.log")
            continue
        begun = started.stat().st_mtime
        logs = [t for t in (top / build).rglob("*.trs")
                if t.stat().st_mtime >= begun and "_build" not in t.parts]
        for trs in sorted(logs):
            unit_program(count, variant, trs)
        if not logs:
            count.n["failed"] += 1
            print(f"failed: {variant}: no unit test ran: "
                  f"{results}/unit-{variant}.log")


def system(count, results):
    if (results / "system.broken").exists():
        count.n["failed"] += 1
        print("failed: the system tests did not run to their end")
    report = results / "system.xml"
    if not report.exists():
        return
    for case in xml.etree.ElementTree.parse(report).iter("testcase"):
        name = f"{case.get('classname')}: {case.get('name')}"
        kinds = [(c.tag, c.get("message") or "") for c in case]
        tags = dict(kinds)
        if "failure" in tags or "error" in tags:
            count.n["failed"] += 1
            why = tags.get("failure") or tags.get("error")
            print(f"failed: {name}: {why.splitlines()[0] if why else ''}")
        elif "skipped" in tags:
            count.n["skipped"] += 1
            print(f"skipped: {name}: {tags['skipped']}")
        else:
            count.n["passed"] += 1


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-k", dest="wanted")
    parser.add_argument("results", type=pathlib.Path)
    parser.add_argument("top", type=pathlib.Path)
    args = parser.parse_args()
    count = Count(args.wanted)
    unit(count, args.results, args.top)
    system(count, args.results)
    for case in sorted((args.results / "cases").glob("*")):
        count.add(case.suffix[1:], case.stem,
                  args.results / f"{case.stem}.log")
    n = count.n
    if args.wanted is None and n["passed"] == 0:
        n["failed"] += 1
        print("failed: no test ran")
    print(f"{n['passed']} passed, {n['failed']} failed, "
          f"{n['skipped']} skipped")
    return 1 if n["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
