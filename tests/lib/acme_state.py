# SPDX-License-Identifier: MIT
"""What the scripted CA knows and was told to do: see acme_server.py."""
import datetime
import os
import re
import secrets
import threading

from acme_issue import Issuer

URN = "urn:ietf:params:acme:error:"
ANYWHERE = ("500 503 503-retry html html-200 garbage empty cut-before "
            "cut-after cut-middle endless slow hang redirect bad-nonce "
            "no-nonce 429 403 404 late 400-html 500-html json-string "
            "json-message html-type garbage-after").split()
AUTHZ_VALID = ("authz-valid", "authz-valid-empty", "authz-valid-null",
               "authz-bare")
FIXED = {  # fault: the kind it belongs to
    "429-seconds": "newOrder", "429-date": "newOrder",
    "429-failed-authz": "newOrder", "429-paused": "newOrder",
    "429-orders": "newOrder", "rejected": "newOrder",
    "401-unauthorized": "newOrder", "401-account": "newOrder",
    "order-http-url": "newOrder", "no-location": "newOrder",
    "429-account": "newAccount", "order-404": "order",
    "bad-csr": "finalize", "account-gone": "signed",
    "account-deactivated": "signed", "account-rolled": "signed",
    "csr-unauthorized": "finalize", "csr-eku": "finalize",
    "finalize-lost": "finalize", "relative": "state",
    "order-invalid": "state", "order-error-text": "state",
    "order-pending": "state",
    "ready-again": "state", "processing-day": "state",
    "step-pending": "state", "step-invalid": "state",
    "authz-offers": "state", "no-wildcard": "state", "no-meta": "state",
    "http-urls": "state", "redirect-http": "state", "redirect-round": "state",
    "nonce-newest": "state", "cached": "state", "processing": "state",
    "hostile-token": "state", "no-token": "state",
    "unknown-challenges": "state", "cert-other-key": "state",
    "cert-other-names": "state", "cert-missing-name": "state",
    "cert-broken-chain": "state", "cert-expired": "state",
    "cert-future": "state", "cert-no-chain": "state",
    "cert-wrong-order": "state", "cert-garbage": "state",
    "cert-empty": "state", "terms": "state", "eab": "state",
}
FIXED.update({f: "state" for f in AUTHZ_VALID})
# Refusals of an order that has this in it, and of no other.
REPLACES = {
    "replaces-already": (409, "alreadyReplaced", "cannot indicate an order "
                         "replaces a certificate which already has a "
                         "replacement order"),
    "replaces-malformed": (400, "malformed", "Could not validate ARI replaces "
                           "field :: identifiers in this order do not match "
                           "the certificate being replaced"),
    "replaces-unauthorized": (403, "unauthorized", "requester account did not "
                              "request the certificate being replaced"),
    "replaces-404": (404, "malformed", "could not find an order for the given "
                     "certificate"),
    "replaces-429": (429, "rateLimited", "too many new orders (300) from this "
                     "account in the last 3h0m0s"),
    "replaces-bad-nonce": (400, "badNonce", "JWS has an invalid anti-replay "
                           "nonce"),
}
PROFILE = {
    "profile-invalid": (400, "invalidProfile", "profile is not available"),
    "profile-unauthorized": (403, "unauthorized", "account ID 123 is not "
                             "permitted to use certificate profile"),
    "profile-malformed": (400, "malformed", "Order includes unrecognized "
                          "profile name"),
}
OFFERS = set("ari profiles terms default_profile life not_before eab alternates links "
             "caa contact".split())
CHALLENGE_ERRORS = {
    "caa": "CAA record for {} prevents issuance",
    "dns": "DNS problem: NXDOMAIN looking up TXT for _acme-challenge.{}",
    "connection": "192.0.2.1: Fetching http://{}/.well-known/acme-challenge/x: "
                  "Timeout during connect (likely firewall problem)",
    "tls": "remote error: tls: handshake failure at {}",
    "unauthorized": "Incorrect TXT record \"wrong\" found at "
                    "_acme-challenge.{}",
    "incorrectResponse": "The key authorization file of {} did not match",
    "serverInternal": "Could not complete the validation of {}",
    "rateLimited": "too many failed authorizations (5) for \"{}\"",
}


class Problem(Exception):
    def __init__(self, status, type_, detail, headers=None, subproblems=None):
        super().__init__(detail)
        self.status = status
        self.headers = headers or {}
        self.body = {"type": URN + type_, "detail": detail, "status": status}
        if subproblems:
            self.body["subproblems"] = subproblems


class Cut(Exception):
    """Close the connection without an answer."""


def instant(text, base):
    """Seconds since 1970 of an RFC 3339 time, or of +SECONDS or -SECONDS from
    BASE."""
    if re.fullmatch("[+-][0-9]+", text):
        return base + int(text)
    return datetime.datetime.fromisoformat(
        text.replace("Z", "+00:00")).timestamp()


class Windows:
    """A file of lines KEY START END [EXPLANATION_URL] or KEY raw BODY, read anew
    when it is another one: write it beside and move it there."""
    def __init__(self, path):
        self.path, self.seen, self.lines = path, None, {}

    def line(self, *keys):
        """Of the first of KEYS that has one: START, END, URL; BODY; or None."""
        try:
            st = os.stat(self.path)
            seen = (st.st_ino, st.st_mtime_ns, st.st_size)
            if seen != self.seen:
                self.lines = self.read(st.st_mtime)
                self.seen = seen
        except FileNotFoundError:
            self.seen, self.lines = None, {}
        return next((self.lines[k] for k in keys if k in self.lines), None)

    def read(self, base):
        lines = {}
        with open(self.path) as f:
            for text in f:
                words = text.split(None, 2)
                if len(words) < 3:
                    continue
                if words[1] == "raw":
                    lines[words[0]] = words[2].rstrip("\n")
                    continue
                end, _, url = words[2].strip().partition(" ")
                lines[words[0]] = (instant(words[1], base), instant(end, base),
                                   url or None)
        return lines


class State:
    """All under one lock."""
    def __init__(self, args):
        self.lock = threading.RLock()
        self.args = args
        self.issuer = Issuer()
        self.nonces = set()
        self.accounts = {}  # id: a dictionary with jwk, contact, status, eab
        self.by_key = {}    # thumbprint: id
        self.orders, self.authz, self.certs = {}, {}, {}
        self.by_ari = {}    # RFC 9773 identifier: the order that was issued
        self.bound = {}     # kid of a binding: how often it was used
        self.offer = {}
        self.offers(args.offer)
        self.windows = Windows(os.path.join(args.dir, "windows"))
        self.faults = []
        self.stats = {}
        self.log = open(args.log, "a", buffering=1) if args.log else None

    def offers(self, changes):
        unknown = set(changes) - OFFERS
        if unknown:
            raise ValueError("unknown offer " + ", ".join(sorted(unknown)))
        self.offer.update(changes)
        self.offer = {k: v for k, v in self.offer.items() if v is not None}

    def nonce(self):
        n = secrets.token_urlsafe(16)
        if self.has("nonce-newest"):
            self.nonces.clear()
        self.nonces.add(n)
        return n

    def add_fault(self, name, at=None, times=1, match=None):
        challenge = name.startswith("challenge-") and \
            name[len("challenge-"):] in CHALLENGE_ERRORS
        odd = re.fullmatch("redirect-[0-9]+|date([+-][0-9]+|-none|-garbage)",
                           name)
        if not (name in ANYWHERE or name in FIXED or name in REPLACES or
                name in PROFILE or challenge or odd):
            raise ValueError("unknown fault " + name)
        if name in FIXED:
            at = FIXED[name]
        elif challenge or odd:
            at = "state"
        elif name in REPLACES:
            at = "replaces"
        elif name in PROFILE:
            at = "profile-" + (at or "newOrder")
        self.faults.append({"name": name, "at": at or "newOrder",
                            "times": times, "match": match})

    def take(self, fault):
        if fault["times"] > 0:
            fault["times"] -= 1
            if fault["times"] == 0:
                self.faults.remove(fault)
        return fault["name"]

    def fault_at(self, kind, names, post=True):
        """The fault for a request of this kind, used up once; or None."""
        for f in self.faults:
            if f["name"] == "bad-nonce" and not post:
                continue
            if f["at"] not in (kind, "any"):
                continue
            if f["match"] and f["match"] not in names:
                continue
            return self.take(f)
        return None

    def fault_of(self, names, *wanted, at="state"):
        """One of these faults in the state of an order."""
        for f in self.faults:
            if f["at"] != at or f["name"] not in wanted:
                continue
            if f["match"] and f["match"] not in names:
                continue
            return self.take(f)
        return None

    def has(self, name):
        return any(f["name"] == name for f in self.faults)

    def like(self, prefix):
        """What follows the prefix in the name of a fault that is set."""
        for f in self.faults:
            if f["name"].startswith(prefix):
                return f["name"][len(prefix):]
        return None
