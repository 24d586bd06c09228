# SPDX-License-Identifier: MIT
"""Reads what a monitoring plugin printed, on stdin, by the grammar of
monitoring-plugins.org (plugin output, performance data, ranges), and prints
SERVICE STATUS and each value: label=value uom warn crit min max. What is not of
that grammar is an error, with status 1."""

import re
import sys

NUMBER = r"-?\d+(?:\.\d+)?"
RANGE = rf"@?(?:(?:~|{NUMBER})?:)?(?:{NUMBER})?"
UOM = r"(?:|s|us|ms|%|B|KB|MB|TB|c)"
LABEL = r"(?:'(?:[^'=]|'')+'|[^'= ]+)"
ITEM = re.compile(
    rf"({LABEL})=(?:(U)|({NUMBER})({UOM}))"
    rf"(?:;({RANGE}))?(?:;({RANGE}))?(?:;({NUMBER})?)?(?:;({NUMBER})?)?(?= |$)"
)


def main():
    text = sys.stdin.read()
    if not text.endswith("\n"):
        sys.exit("no end of the last line")
    lines = text[:-1].split("\n")
    first, bar, data = lines[0].partition("|")
    m = re.fullmatch(r"([A-Z]+) (OK|WARNING|CRITICAL|UNKNOWN) - (\S.*)",
                     first.rstrip())
    if not m:
        sys.exit(f"first line: {first}")
    # what went wrong is one sentence, which has no end but its own
    if len(first.rstrip()) > 80 and "UNKNOWN" not in first:
        sys.exit(f"first line: {len(first)} characters")
    for line in lines[1:]:
        if "|" in line:
            sys.exit(f"performance data in {line}")
    if re.search(r"[^ -~\n]", text):
        sys.exit("no plain text")
    print(m[1], m[2])
    data = data.strip()
    while data:
        m = ITEM.match(data)
        if not m:
            sys.exit(f"performance data: {data}")
        label = m[1].strip("'")
        print(f"{label}={m[2] or m[3]}", *(x or "-" for x in m.groups()[3:]))
        data = data[m.end():].lstrip()
    if bar and not lines[0].partition("|")[2].strip():
        sys.exit("no performance data behind the bar")


main()
