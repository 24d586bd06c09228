#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The displays of certrepo-trouble(7), for trouble.sh.

    trouble.py titles PAGE            sections that have a display, one a line
    trouble.py commands PAGE TITLE    what a section tells to paste, one a line
    trouble.py check PAGE TITLE SHOWN MAP
        Compares the section's displays with what the programs said: the files
        in the folder SHOWN. Prints each display that none of them contains,
        and each file that contains no display.
    trouble.py changed PAGE TITLE SHOWN MAP
        The same with one word of each display changed; prints the displays
        that are found all the same.
    trouble.py page MAP               standard input in the page's words
    trouble.py test MAP               the way back: a command of the page

In a display "# " begins a command, all else is what a program says. The map has
a line for each word of the test that stands in the page as another: TEST, a
tab, PAGE; and a third part where there is no way back. What differs from run to run is compared by its kind: instants, spans
of time, numbers of processes, lines, fingerprints and what tokens are made of.
"""
import os
import pwd
import re
import sys

try:
    OURS = pwd.getpwuid(os.getuid()).pw_name
except KeyError:
    OURS = os.getuid()
ESCAPES = (("\\e", "\\"), ("\\&", ""), ("\\-", "-"), ("\\(aq", "'"),
           ("\\(dq", '"'))
KINDS = (
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
    (r"\b\d+(\.\d+)?[ -](seconds?|minutes?|hours?|days?|[smhd]|min)\b", "SPAN"),
    (r"\bprocess \d+", "process PID"),
    (r"\b\d{4}-\d\d-\d\d \d+ (?=dns|http)", "DATE DAYS "),
    (r"\b\d{4}-\d\d-\d\d (?=\(date\))", "DAY "),
    (r"\.conf:\d+", ".conf:LINE"),
    (r"(\.conf:LINE:) ?", r"\1 "),
    (r"/\.well-known/acme-challenge/[-\w]+(\.\.\.)?", "/TOKEN"),
    (r"\b[-\w]{43}\b", "DIGEST"),
    (r"\b[0-9a-f]{8,}\b", "HEX"),
    (r"/\.\d{8}T\d{6}Z-\w+\.certrepo-\w+", "/NEW"),
    (r"\bkill \d+", "kill PID"),
    (r"\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d\d:\d\d\b", "WEEKDAY"),
    (r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[emerg\] \d+#\d+", "NGINX"),
    (r"\bafter \d+ ms: (Couldn't|Could not) connect", "after SPAN: no connect"),
    (r"/(acct|order|my-account|my-order)/\w+", r"/\1/ID"),
)


def unescape(line):
    for mdoc, plain in ESCAPES:
        line = line.replace(mdoc, plain)
    return line


def sections(page):
    """[(title, [lines of a display])]"""
    found, title, display = [], "", None
    for line in open(page, encoding="ascii"):
        line = line.rstrip("\n")
        if line.startswith((".Sh ", ".Ss ")):
            title = unescape(line[4:]).replace('"', "")
        elif line.startswith(".Bd -literal"):
            display = []
        elif line.startswith(".Ed"):
            found.append((title, display))
            display = None
        elif display is not None:
            if line.startswith("."):
                sys.exit("%s: a macro in a display: %s" % (page, line))
            display.append(unescape(line))
    return found


def split(display):
    """Its commands, and what is said."""
    commands, said, more = [], [], False
    for line in display:
        if more:
            commands[-1] = commands[-1][:-1].rstrip() + " " + line.strip()
        elif line.startswith("# "):
            commands.append(line[2:])
        else:
            said.append(line)
            continue
        more = commands[-1].endswith("\\")
    return commands, "\n".join(said)


def of_title(page, title):
    return [split(d) for t, d in sections(page) if t == title]


def read_map(path):
    with open(path, encoding="utf-8") as f:
        return [line.rstrip("\n").split("\t") for line in f]


def in_page_words(text, words):
    """Blanks first: a program that wraps its lines breaks them anywhere."""
    text = " ".join(text.split())
    for test, page, *_ in words:
        text = text.replace(test, page)
    return text


def kinds(text):
    text = " ".join(text.split())
    for pattern, kind in KINDS:
        text = re.sub(pattern, kind, text)
    return text


def shown(folder, words):
    found = {}
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as f:
            found[name] = kinds(in_page_words(f.read(), words))
    return found


def check(page, title, folder, words):
    texts, used = shown(folder, words), set()
    for _, said in of_title(page, title):
        if not said.strip():
            continue
        hits = [n for n, text in texts.items() if kinds(said) in text]
        used.update(hits)
        if not hits:
            print("the page has: " + kinds(said))
    for name, text in texts.items():
        if name not in used:
            print("nothing of it is in the page: " + text)


def changed(page, title, folder, words):
    texts = shown(folder, words)
    for _, said in of_title(page, title):
        tokens = said.split()
        plain = [i for i, t in enumerate(tokens) if t.isalpha()]
        if not plain:
            continue
        at = max(plain, key=lambda i: len(tokens[i]))
        tokens[at] = tokens[at][::-1] + "x"
        if any(kinds(" ".join(tokens)) in t for t in texts.values()):
            print(" ".join(tokens))


def main(what, *args):
    if what == "titles":
        print("\n".join(dict.fromkeys(t for t, _ in sections(args[0]))))
    elif what == "commands":
        for commands, _ in of_title(*args):
            for c in commands:
                print(c)
    elif what == "page":
        for line in sys.stdin:
            indent = line[:len(line) - len(line.lstrip())]
            print(indent + in_page_words(line, read_map(args[0])))
    elif what == "test":
        text = sys.stdin.read()
        for test, page, *only in reversed(read_map(args[0])):
            text = text if only else text.replace(page, test)
        sys.stdout.write(text)
    else:
        {"check": check, "changed": changed}[what](
            args[0], args[1], args[2], read_map(args[3]))


main(*sys.argv[1:])
