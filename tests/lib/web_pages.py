#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""web_pages.py FOLDER: what is wrong with its web pages: elements that do not
close, names used twice, links that lead nowhere, and whatever would be fetched
from elsewhere."""
import os
import sys
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "hr", "img", "input", "col"}


class Page(HTMLParser):
    def __init__(self, name):
        super().__init__()
        self.name, self.open, self.ids, self.links = name, [], set(), []

    def say(self, what):
        print(f"{self.name}:{self.getpos()[0]}: {what}")

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        self.attributes(tag, attrs)

    def handle_startendtag(self, tag, attrs):
        if tag not in VOID:
            self.say(f"<{tag}/> closes itself")
        self.attributes(tag, attrs)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.say(f"</{tag}> closes nothing")

    def attributes(self, tag, attrs):
        for key, value in attrs:
            if key == "id":
                if value in self.ids:
                    self.say(f"id {value} again")
                self.ids.add(value)
            elif key in ("href", "src", "data", "action"):
                self.links.append((tag, value))


def main(folder):
    pages = {}
    for name in sorted(os.listdir(folder)):
        if name.endswith(".html"):
            p = pages[name] = Page(name)
            with open(os.path.join(folder, name), encoding="utf-8") as f:
                p.feed(f.read())
            p.close()
            if p.open:
                p.say(f"<{p.open[-1]}> is not closed")
    for name, p in pages.items():
        for tag, link in p.links:
            if "://" in link:
                if tag != "a":
                    p.say(f"{link} is fetched from elsewhere")
                continue
            to, _, mark = link.partition("#")
            to = to or name
            if not os.path.exists(os.path.join(folder, to)):
                print(f"{name}: {link} leads nowhere")
            elif mark and mark not in pages[to].ids:
                print(f"{name}: {link} is not in {to}")


main(sys.argv[1])
