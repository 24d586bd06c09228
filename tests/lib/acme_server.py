#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""An ACME server (RFC 8555) that misbehaves on command, for tests.

    acme_server.py --cert cert.pem --key key.pem [--port 0] [--dir D]
                   [--log requests.log] [--polls 1] [--late 35] [--h2]
                   [--fault NAME[@AT][:N]] [--offer JSON]

With --h2 it offers HTTP/2 as well, and breaks off every POST there (kind h2 in
the log), as some do; over HTTP/1.1 all is well.

It prints "ready https://127.0.0.1:PORT/dir" once it answers; root.pem and
int.pem of what it issues are then in D (root-1.pem to root-3.pem and
root-old.pem: those of its other chains). No proof is looked at: a challenge
that was responded to is valid after so many polls of its authorization or
order, a certificate is there after so many polls of its order.
Nonces, signatures, and the url and kid of every request are checked.

Every request is one JSON line in the log: t (its instant, seconds), kind
(directory, newNonce, newAccount, account, newOrder, authz, challenge, finalize,
order, cert, alternate, renewalInfo), method, path, status, and fault, names,
account, profile, replaces where there are any. A cut has status 0.

Faults are set by --fault or, while it runs, by

    curl --cacert ca.pem https://127.0.0.1:PORT/fault -d '{"name": "html",
        "at": "finalize", "times": 2, "match": "www.example.org"}'

times: how often (default 1; -1: always; --fault NAME alone: always). at: the
kind of request, for those that can be anywhere ("any": all of them; default
newOrder). match: only for orders with this name. {"clear": true} removes all.
GET /stats counts requests by kind.

Anywhere, instead of an answer:
           500 503 503-retry html html-200 garbage empty cut-before endless
           slow hang redirect bad-nonce 429
           403 404 (problem documents) late (as long as --late says, then well)
           400-html 500-html (no nonce, and none given before is good any more:
           what Dogtag makes of a bad one) json-string json-message (a refusal
           that is JSON, but no problem document)
Anywhere, after the request was carried out:
           cut-after cut-middle no-nonce html-type (JSON said to be a page)
           garbage-after (a 2xx that nobody can read)
At newOrder: 429-seconds 429-date (this name's limit) 429-failed-authz
           429-paused 429-orders (the account's) rejected order-http-url
           no-location 401-unauthorized 401-account (smallstep's, about the
           account)
At newOrder and newAccount: relative (the Location)
At newAccount: 429-account
With an account: account-gone account-deactivated account-rolled (its key was
           changed from elsewhere)
Of an order: order-invalid order-error-text (invalid, its error a text)
           order-404 hostile-token no-token unknown-challenges
           processing (times polls, Retry-After: 1)
           processing-day (the same, Retry-After: 86400)
           ready-again (finalized, it says ready, times in all; goes on then)
           finalize-lost (finalize is answered, and forgotten: still ready)
Of an authorization, when the order is made:
           authz-valid authz-valid-empty authz-valid-null (valid before: no
           challenges, an empty list, null) authz-bare (valid, and that is all
           it says) authz-offers (good challenges among what nobody can read)
           no-wildcard (the flag left out)
           order-pending (beside one of them: the new order says pending, so
           that the authorizations are looked at)
Of a challenge that was responded to:
           challenge-TYPE (caa dns connection tls unauthorized
           incorrectResponse serverInternal rateLimited)
           step-pending (smallstep: looked at at once; failed, it stays pending
           with an error; to be responded to again) step-invalid (the challenge
           invalid, its authorization pending for ever)
At finalize: bad-csr csr-unauthorized (403 that names the CSR) csr-eku
Of a certificate: cert-other-key cert-other-names cert-missing-name
           cert-broken-chain cert-expired cert-future cert-no-chain
           cert-wrong-order cert-garbage cert-empty
Of the directory: terms eab no-meta http-urls (of what few use)
           redirect-N (N hops to it, each relative) redirect-http
           redirect-round
Always, while set: date+SECONDS date-SECONDS date-none date-garbage (the Date of
           all answers) cached (two hours old, and they say so)
           nonce-newest (only the nonce given last is good)
Of an order that replaces another (newOrder has replaces; whatever is wrong with
it in earnest is refused without a fault): replaces-already replaces-malformed
           replaces-unauthorized replaces-404 replaces-429 replaces-bad-nonce
Of an order with a profile, at newOrder, or with "at": "finalize":
           profile-invalid profile-unauthorized profile-malformed

What it offers is set by --offer JSON or, while it runs, by

    curl --cacert ca.pem https://127.0.0.1:PORT/offer -d '{"ari": {},
        "profiles": {"classic": "as ever", "tlsserver": {"text": "short",
        "life": 3888000, "cn": false, "names": 25}}}'

Each of these is set anew as a whole; null takes it back. At first there is none.

ari        Renewal information (RFC 9773): {"retry_after": 21600 (a text; null:
           no Retry-After), "slash": true (the URL ends in one), "unknown": 404
           (the status for an identifier that was not issued; leading 00s count:
           every serial here has one)}. The window is as Let's Encrypt's, unless
           D/windows (looked at for each answer; write it beside and move it
           there) has one of these lines for it, the first of them counts:
               KEY START END [EXPLANATION_URL]
               KEY raw BODY
           KEY: the identifier, a name in it, "*" (all that was issued), "any"
           (whatever else is asked for). START, END: RFC 3339, or +SECONDS and
           -SECONDS from the file's own time. BODY: the answer as it is. Other
           misbehaviour is a fault at renewalInfo: 404 500 garbage endless ...;
           match is for names here, too.
profiles   {NAME: TEXT or {"text", "life" (seconds), "cn": false (no subject),
           "client_auth": true, "names": N (at most)}}. newOrder's is obeyed and
           echoed; one that is not here is refused as invalidProfile; without
           this, any is passed over. default_profile: what an order without one
           gets (and shows).
life       seconds that a certificate lives (90 days)
not_before RFC 3339, or +SECONDS or -SECONDS from now ("-3600")
eab        External account bindings, verified: {"keys": {KID: {"key": base64 or
           base64url, "once": true (for one account), "state": "used", "expired"
           or "product" (it is of another product: kId mismatch)}}, "required":
           true, "announced": true (in the directory), "says": TEXT (of a missing
           or wrong one: Actalis' "onlyReturnExisting must be true")}. An account
           that is known, or onlyReturnExisting, needs none; another kid than the
           account's is a kId mismatch.
alternates Other chains, as a list of what Link rel="alternate" says: 1 2 3 (the
           same intermediate under that root), "cross" (longer: its top is issued
           by "scripted old root"), "loop" (one after another for ever), "many"
           (200), "host" (another one), "http", "relative", "404", "garbage",
           "other-key" (of another certificate). GETs of them are of the kind
           alternate, also for faults.
links      "joined" (all in one header), "odd" (other parameters, no quotes)
caa        the directory's caaIdentities; terms: its termsOfService, any text
contact    "newAccount" or "finalize": where a missing contact is refused

Accounts show and change their contact (mailto: only) and status at their URL.
"""
import argparse
import email.utils
import http.server
import json
import os
import secrets
import socket
import ssl
import struct
import sys
import time

sys.dont_write_bytecode = True  # the tree may be another's

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.oid import NameOID

from acme_issue import ari_id, b64, pem, thumbprint, unb64, verify
from acme_offer import Offer
from acme_state import (AUTHZ_VALID, CHALLENGE_ERRORS, FIXED, URN, Cut, Problem,
                        State)

STATE = None


class Handler(Offer, http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 120

    def setup(self):
        self.request.settimeout(20)
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.request = self.server.tls.wrap_socket(self.request,
                                                   server_side=True)
        super().setup()

    def log_message(self, format, *args):
        pass

    # --- HTTP/2 (RFC 9113), as much as it takes ---

    def handle(self):
        if self.request.selected_alpn_protocol() == "h2":
            self.handle_h2()
        else:
            super().handle()

    def frame(self, type_, flags, stream, payload=b""):
        self.wfile.write(len(payload).to_bytes(3, "big") +
                         bytes([type_, flags]) + stream.to_bytes(4, "big") +
                         payload)

    def handle_h2(self):
        self.rfile.read(24)  # the client's preface
        self.frame(4, 0, 0)
        while True:
            head = self.rfile.read(9)
            if len(head) < 9:
                return
            payload = self.rfile.read(int.from_bytes(head[:3], "big"))
            stream = int.from_bytes(head[5:], "big")
            if head[3] == 4 and not head[4] & 1:  # SETTINGS
                self.frame(4, 1, 0)
            elif head[3] == 1:  # HEADERS, perhaps with a priority
                self.answer_h2(stream, payload[5 if head[4] & 32 else 0:])

    def answer_h2(self, stream, block):
        """The method comes first, in the static table of RFC 7541 (GET, POST)
        or as a text (HEAD)."""
        self.fault, self.names, self.account, self.wish = None, [], None, {}
        self.path, self.kind = "?", "h2"
        self.command = {0x82: "GET", 0x83: "POST"}.get(block[0], "HEAD")
        if self.command == "POST":
            self.record(0)
            self.frame(3, 0, stream, b"\0\0\0\2")  # RST_STREAM
            return
        host = "https://%s:%d" % self.server.server_address
        body = b"" if self.command == "HEAD" else json.dumps({
            "newNonce": host + "/nonce", "newAccount": host + "/new-acct",
            "newOrder": host + "/new-order"}).encode()
        with STATE.lock:
            nonce = STATE.nonce().encode()
        self.record(200)
        self.frame(1, 4, stream, b"\x88\0\x0creplay-nonce" +
                   bytes([len(nonce)]) + nonce)
        self.frame(0, 1, stream, body)

    # --- answers ---

    def date_time_string(self, timestamp=None):
        with STATE.lock:
            offset = "-7200" if STATE.has("cached") else STATE.like("date")
        if offset in (None, "-none"):
            offset = 0
        elif offset == "-garbage":
            return "yesterday"
        return super().date_time_string(time.time() + int(offset))

    def send_header(self, keyword, value):
        if keyword == "Date" and STATE.has("date-none"):
            return
        if keyword == "Date" and STATE.has("cached"):
            super().send_header("Age", "7200")
        super().send_header(keyword, value)

    def record(self, status):
        entry = {"t": round(time.time(), 3), "kind": self.kind,
                 "method": self.command, "path": self.path, "status": status}
        if self.fault:
            entry["fault"] = self.fault
        if self.names:
            entry["names"] = self.names
        if self.account:
            entry["account"] = self.account
        entry.update(self.wish)
        with STATE.lock:
            STATE.stats[self.kind] = STATE.stats.get(self.kind, 0) + 1
            if STATE.log:
                STATE.log.write(json.dumps(entry) + "\n")

    def answer(self, status, body=b"", type_="application/json", headers=None,
               nonce=True):
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        if self.fault == "html-type":
            type_ = "text/html; charset=utf-8"
        elif self.fault == "garbage-after":
            body = body[:len(body) // 2]
        self.record(status)
        self.send_response(status)
        if nonce and self.fault != "no-nonce":
            with STATE.lock:
                self.send_header("Replay-Nonce", STATE.nonce())
        self.send_header("Cache-Control", "no-store")
        for k, v in (headers or {}).items():
            for one in v if isinstance(v, list) else [v]:
                self.send_header(k, one)
        if status != 204:
            self.send_header("Content-Type", type_)
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            if self.fault == "cut-middle":
                self.wfile.write(body[:len(body) // 2])
                self.wfile.flush()
                self.cut()
                return
            self.wfile.write(body)

    def cut(self):
        """A reset, as when a machine in between goes away."""
        self.close_connection = True
        try:
            self.wfile.flush()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                       struct.pack("ii", 1, 0))
            os.close(self.connection.detach())
        except (OSError, ValueError):
            pass

    def endless(self, pause):
        self.record(200)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        data = b" " if pause else b" " * 8192
        end = time.time() + 180
        while time.time() < end:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.flush()
            time.sleep(pause)
        self.cut()

    def before(self):
        """Faults instead of an answer. True when all is said."""
        f = self.fault
        html = "<html><body><h1>Bad Gateway</h1></body></html>"
        if f == "cut-before":
            self.record(0)
            self.cut()
        elif f == "late":
            time.sleep(STATE.args.late)
            return False
        elif f == "400-html":
            self.answer(400, html, "text/html", nonce=False)
        elif f == "500-html":
            with STATE.lock:
                STATE.nonces.clear()
            self.answer(500, html, "text/html", nonce=False)
        elif f == "json-string":
            self.answer(400, json.dumps("The field csr is required"))
        elif f == "json-message":
            self.answer(400, {"message": "no Route matched", "code": 7})
        elif f == "403":
            raise Problem(403, "unauthorized", "Not yours, or not yet")
        elif f == "404":
            raise Problem(404, "malformed", "No such thing (any more)")
        elif f == "html":
            self.answer(502, html, "text/html", nonce=False)
        elif f == "html-200":
            self.answer(200, html, "text/html", nonce=False)
        elif f == "garbage":
            self.answer(200, '{"status": "pending", "auth')
        elif f == "empty":
            self.answer(200, "")
        elif f == "redirect":
            self.answer(301, "", headers={"Location": "https://127.0.0.1:1/"})
        elif f == "503":
            self.answer(503, "", nonce=False)
        elif f == "503-retry":
            self.answer(503, "Service busy; retry later.", "text/plain",
                        {"Retry-After": "7"}, nonce=False)
        elif f == "hang":
            self.record(0)
            time.sleep(180)
            self.cut()
        elif f == "endless":
            self.endless(0)
        elif f == "slow":
            self.endless(1)
        elif f == "500":
            raise Problem(500, "serverInternal", "Error in the database")
        elif f == "429":
            raise Problem(429, "rateLimited", "too many requests",
                          {"Retry-After": "11"})
        elif f == "bad-nonce":
            raise Problem(400, "badNonce", "JWS has an invalid anti-replay "
                                           "nonce")
        else:
            return False
        return True

    # --- requests ---

    def base(self):
        return "https://" + self.headers.get("Host", "127.0.0.1")

    def handle_request(self):
        self.fault, self.names, self.account, self.wish = None, [], None, {}
        parts = self.path.strip("/").split("/")
        kinds = {"dir": "directory", "nonce": "newNonce",
                 "new-acct": "newAccount", "new-order": "newOrder",
                 "acct": "account", "order": "order", "finalize": "finalize",
                 "authz": "authz", "chall": "challenge", "cert": "cert",
                 "renewal-info": "renewalInfo"}
        self.kind = kinds.get(parts[0], "other")
        if self.kind == "cert" and len(parts) > 2:
            self.kind = "alternate"
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        if parts[0] in ("fault", "offer", "stats"):
            self.control(parts[0], raw)
            return
        try:
            self.dispatch(parts, raw)
        except Problem as p:
            self.answer(p.status, p.body, "application/problem+json", p.headers)
        except Cut:
            self.record(0)
            self.cut()

    do_GET = do_POST = do_HEAD = handle_request

    def control(self, what, raw):
        self.kind = "control"
        with STATE.lock:
            if what == "stats":
                self.answer(200, dict(STATE.stats), nonce=False)
                return
            try:
                req = json.loads(raw)
                if what == "offer":
                    STATE.offers(req)
                elif req.pop("clear", False):
                    STATE.faults.clear()
                else:
                    STATE.add_fault(**req)
            except (ValueError, TypeError) as e:
                self.answer(400, {"error": str(e)}, nonce=False)
                return
            self.answer(200, STATE.offer if what == "offer" else STATE.faults,
                        nonce=False)

    def dispatch(self, parts, raw):
        jws = None
        if self.command == "POST":
            jws = json.loads(raw)
        self.names = self.names_of(parts, jws)
        with STATE.lock:
            self.fault = STATE.fault_at(self.kind, self.names,
                                        self.command == "POST")
        if self.before():
            return
        if self.kind == "directory":
            self.directory(parts)
        elif self.kind == "renewalInfo" and jws is None and len(parts) == 2:
            self.renewal_info(parts[1])
        elif self.kind == "newNonce":
            self.answer(200 if self.command == "HEAD" else 204)
        elif jws is None:
            raise Problem(405, "malformed", "Method not allowed")
        else:
            with STATE.lock:
                jwk, payload = self.check(jws)
                reply = self.perform(parts, jwk, payload)
            if self.fault == "cut-after":
                raise Cut
            self.answer(*reply)

    def names_of(self, parts, jws):
        """The names of the order a request is about, for match and log."""
        if self.kind == "newOrder" and jws:
            payload = json.loads(unb64(jws["payload"]) or b"{}")
            self.wish = {k: payload[k] for k in ("profile", "replaces")
                         if k in payload}
            return [i["value"] for i in payload.get("identifiers", [])]
        if self.kind == "newAccount" and jws:
            payload = json.loads(unb64(jws["payload"]) or b"{}")
            self.wish = {k: payload[k] for k in
                         ("contact", "externalAccountBinding")
                         if k in payload}
            jwk = json.loads(unb64(jws["protected"])).get("jwk")
            if jwk:
                self.wish["key"] = thumbprint(jwk)
        with STATE.lock:
            if self.kind == "renewalInfo":
                return STATE.by_ari.get(parts[-1], {}).get("names", [])
            if len(parts) < 2:
                return []
            if self.kind in ("order", "finalize", "cert", "alternate"):
                return STATE.orders.get(parts[1], {}).get("names", [])
            if self.kind in ("authz", "challenge"):
                return STATE.authz.get(parts[1], {}).get("names", [])
        return []

    def redirect(self, parts):
        """Where the directory went, or None. /dir/3 is three hops away."""
        with STATE.lock:
            hops = STATE.like("redirect-")
        if hops is None:
            return None
        if hops == "round":
            return "/dir"
        left = int(parts[1]) if len(parts) > 1 else -1
        if left == 0:
            return None
        if hops == "http":
            return self.base().replace("https:", "http:") + "/dir/0"
        left = left - 1 if left > 0 else int(hops) - 1
        return "%d" % left if len(parts) > 1 else "dir/%d" % left

    def directory(self, parts):
        base = self.base()
        meta = {}
        where = self.redirect(parts)
        if where:
            self.answer(302, "", headers={"Location": where}, nonce=False)
            return
        show = {"newNonce": base + "/nonce", "meta": meta,
                "newAccount": base + "/new-acct",
                "newOrder": base + "/new-order"}
        with STATE.lock:
            if STATE.has("terms"):
                meta["termsOfService"] = base + "/terms"
            if STATE.has("eab"):
                meta["externalAccountRequired"] = True
            if STATE.has("no-meta"):
                del show["meta"]
            if STATE.has("http-urls"):
                for unused in ("keyChange", "revokeCert", "renewalInfo"):
                    show[unused] = "http://ca.example/" + unused
                show["newAuthz"] = 7
            self.offer_directory(show, meta)
        self.answer(200, show, nonce=False)

    def check(self, jws):
        """RFC 8555 section 6.2 to 6.5: returns the key and the payload."""
        protected = json.loads(unb64(jws["protected"]))
        if self.headers.get("Content-Type") != "application/jose+json":
            raise Problem(415, "malformed", "wrong content type")
        if not self.headers.get("User-Agent"):
            raise Problem(400, "malformed", "no User-Agent (section 6.1)")
        if protected.get("alg") not in ("ES256", "ES384", "RS256"):
            raise Problem(400, "badSignatureAlgorithm", "alg not supported")
        if protected.get("nonce") not in STATE.nonces:
            raise Problem(400, "badNonce", "JWS has an invalid anti-replay "
                                           "nonce")
        STATE.nonces.discard(protected["nonce"])
        if protected.get("url") != self.base() + self.path:
            raise Problem(403, "unauthorized", "url of the JWS is not the "
                                               "request's")
        if ("jwk" in protected) == ("kid" in protected):
            raise Problem(400, "malformed", "jwk and kid, or neither")
        if ("jwk" in protected) != (self.kind == "newAccount"):
            raise Problem(400, "malformed", "jwk is for newAccount")
        jwk = protected.get("jwk")
        if jwk is None:
            jwk = self.account_key(protected["kid"])
        try:
            verify(jwk, (jws["protected"] + "." + jws["payload"]).encode(),
                   unb64(jws["signature"]), protected["alg"])
        except (InvalidSignature, KeyError, ValueError):
            raise Problem(400, "malformed", "JWS verification error")
        payload = unb64(jws["payload"])
        return jwk, json.loads(payload) if payload else None

    def account_of(self):
        return STATE.accounts[self.account.rsplit("/", 1)[-1]]

    def account_key(self, kid):
        ident = kid.rsplit("/", 1)[-1]
        self.account = kid
        fault = STATE.fault_at("signed", self.names)
        self.fault = self.fault or fault
        if fault == "account-gone":
            gone = STATE.accounts.pop(ident, None)
            if gone:
                STATE.by_key.pop(thumbprint(gone["jwk"]), None)
        if fault == "account-deactivated":
            raise Problem(403, "unauthorized", "Account is not valid, has "
                                               "status \"deactivated\"")
        if fault == "account-rolled":
            raise Problem(400, "malformed", "JWS verification error")
        if ident not in STATE.accounts:
            raise Problem(400, "accountDoesNotExist",
                          "Account \"%s\" not found" % kid)
        self.may_go_on(STATE.accounts[ident])
        return STATE.accounts[ident]["jwk"]

    def perform(self, parts, jwk, payload):
        """One of the methods below; they return the arguments of answer()."""
        if self.kind == "newAccount":
            return self.new_account(jwk, payload)
        if self.kind == "newOrder":
            return self.new_order(payload)
        found = {"order": STATE.orders, "finalize": STATE.orders,
                 "cert": STATE.certs, "alternate": STATE.certs,
                 "authz": STATE.authz, "challenge": STATE.authz,
                 "account": STATE.accounts}.get(self.kind, {})
        if len(parts) < 2 or parts[1] not in found:
            raise Problem(404, "malformed", "No such " + self.kind)
        thing = found[parts[1]]
        if self.kind == "account":
            return self.post_account(parts[1], payload)
        if self.kind in ("cert", "alternate"):
            return self.get_cert(parts[1], (parts + [None])[2])
        if self.kind == "order":
            return self.order(thing)
        if self.kind == "finalize":
            return self.finalize(thing, payload)
        if self.kind == "authz":
            return self.get_authz(thing, payload)
        return self.challenge(thing, int(parts[2]), payload)

    # --- accounts and orders ---

    def located(self, url):
        if STATE.fault_of(self.names, "relative"):
            return url[len(self.base()):]
        return url

    def new_order_fault(self):
        first = self.names[0]
        texts = {
            "429-seconds": ("too many certificates (50) already issued for "
                            "\"example.org\" in the last 168h0m0s", "120"),
            "429-date": ("too many certificates (5) already issued for this "
                         "exact set of identifiers in the last 168h0m0s",
                         email.utils.formatdate(time.time() + 3600,
                                                usegmt=True)),
            "429-failed-authz": ("too many failed authorizations (5) for \"%s\""
                                 " in the last 1h0m0s" % first, "720"),
            "429-orders": ("too many new orders (300) from this account in the "
                           "last 3h0m0s", "300"),
            "429-paused": ("Your account is temporarily prevented from "
                           "requesting certificates for %s. Please visit: "
                           "https://unpause.example/x" % first, None),
        }
        if self.fault in texts:
            text, retry = texts[self.fault]
            raise Problem(429, "rateLimited", text,
                          {"Retry-After": retry} if retry else {})
        if self.fault == "401-unauthorized":
            raise Problem(401, "unauthorized", "The client lacks sufficient "
                          "authorization")
        if self.fault == "401-account":
            raise Problem(401, "accountDoesNotExist", "Account does not exist")
        if self.fault == "rejected":
            text = "The ACME server refuses to issue a certificate for this " \
                   "domain name, because it is forbidden by policy"
            raise Problem(400, "rejectedIdentifier", "Cannot issue", None, [
                {"type": URN + "rejectedIdentifier", "detail": text,
                 "identifier": {"type": "dns", "value": first}}])

    def new_order(self, payload):
        self.new_order_fault()
        self.check_replaces(payload.get("replaces"))
        profile = self.profile_of(payload.get("profile"))
        self.check_names(profile)
        ident = secrets.token_hex(6)
        names = self.names
        authz = []
        for i in payload["identifiers"]:
            authz.append(self.new_authz(i, names))
        STATE.orders[ident] = {
            "id": ident, "names": names, "authz": authz, "status": "pending",
            "identifiers": payload["identifiers"], "polls": 0,
            "account": self.account, "profile": profile,
            "asked": payload.get("profile"),
            "replaces": payload.get("replaces"), "leaf": None}
        url = self.base() + "/order/" + ident
        headers = {"Location": self.located(url)}
        if self.fault == "order-http-url":
            headers["Location"] = url.replace("https:", "http:")
        elif self.fault == "no-location":
            headers = {}
        show = self.show_order(STATE.orders[ident])
        if STATE.fault_of(names, "order-pending"):
            show["status"] = "pending"
        return 201, show, "application/json", headers

    def new_authz(self, identifier, names):
        ident = secrets.token_hex(6)
        value = identifier["value"]
        wildcard = value.startswith("*.")
        token = b64(secrets.token_bytes(32))
        types = ["dns-01"] if wildcard else ["http-01", "dns-01"]
        f = STATE.fault_of(names, "hostile-token", "no-token", "no-wildcard",
                           "unknown-challenges", "authz-offers", *AUTHZ_VALID)
        if f == "hostile-token":
            token = "../../x"
        challenges = [{"type": t, "token": token, "status": "pending"}
                      for t in types]
        # Newer servers offer types nobody knows, some without a token.
        challenges.insert(0, {"type": "dns-persist-01", "status": "pending"})
        if f == "no-token":
            for c in challenges:
                c.pop("token", None)
        elif f == "unknown-challenges":
            challenges = challenges[:1]
        elif f == "authz-offers":
            challenges = self.odd_offers(token) + challenges
        STATE.authz[ident] = {
            "id": ident, "names": names, "polls": -1, "fault": f,
            "status": "valid" if f in AUTHZ_VALID else "pending",
            "identifier": {"type": identifier["type"],
                           "value": value[2:] if wildcard else value},
            "wildcard": wildcard, "challenges": challenges}
        return ident

    @staticmethod
    def odd_offers(token):
        """What a client that knows dns-01 and http-01 has to pass over."""
        return [None, 7, "dns-01", [], {},
                {"token": token, "status": "pending"},
                {"type": 1, "token": token, "status": "pending"},
                {"type": "dns-01", "token": token, "status": "pending",
                 "url": None},
                {"type": "dns-01", "token": token, "status": "pending",
                 "url": "http://ca.example/chall/1"},
                {"type": "http-01", "token": token, "status": "thinking"},
                {"type": "http-01", "token": token},
                {"type": "http-01", "token": {}, "status": "pending"},
                {"type": "sectigo-dns-01", "status": "pending",
                 "txt": "_sectigo"}]

    def show_order(self, o):
        base = self.base()
        if o["status"] == "pending":
            states = [STATE.authz[a]["status"] for a in o["authz"]]
            if "invalid" in states or "deactivated" in states:
                o["status"] = "invalid"
            elif all(s == "valid" for s in states):
                o["status"] = "ready"
                f = STATE.fault_of(o["names"], "order-invalid",
                                   "order-error-text")
                if f == "order-error-text":
                    o["status"] = "invalid"
                    o["error"] = "The order was declined by the registry"
                elif f:
                    o["status"] = "invalid"
                    o["error"] = {
                        "type": URN + "unauthorized", "status": 403,
                        "detail": "The order was revoked by its owner"}
        show = {"status": o["status"], "identifiers": o["identifiers"],
                "expires": "2099-01-01T00:00:00Z",
                "authorizations": [base + "/authz/" + a for a in o["authz"]],
                "finalize": base + "/finalize/" + o["id"]}
        if o["profile"]:
            show["profile"] = o["profile"]
        if "error" in o:
            show["error"] = o["error"]
        if o["status"] == "valid":
            show["certificate"] = base + "/cert/" + o["id"]
        return show

    def order(self, o):
        headers = {}
        if self.fault == "order-404":
            raise Problem(404, "malformed", "No order for ID " + o["id"])
        if o["status"] == "pending":
            for ident in o["authz"]:
                self.polled(STATE.authz[ident])
        show = None
        if o["status"] == "processing":
            f = STATE.fault_of(o["names"], "processing", "processing-day",
                               "ready-again")
            if f == "ready-again":
                show = "ready"
            elif f:
                headers = {"Retry-After": "1" if f == "processing" else "86400"}
            elif o["polls"] > 0:
                o["polls"] -= 1
            else:
                o["status"] = "valid"
        shown = self.show_order(o)
        shown["status"] = show or shown["status"]
        return 200, shown, "application/json", headers

    def finalize(self, o, payload):
        self.show_order(o)
        if o["status"] != "ready":
            raise Problem(403, "orderNotReady", "Order's status (\"%s\") is "
                          "not acceptable for finalization" % o["status"])
        if self.fault == "bad-csr":
            raise Problem(400, "badCSR", "The CSR's key is too weak")
        if self.fault == "csr-unauthorized":
            raise Problem(403, "unauthorized", "Error finalizing order :: CSR "
                          "contains a TLS feature (must-staple) which is not "
                          "allowed")
        if self.fault == "csr-eku":
            raise Problem(400, "malformed", "The extended key usage clientAuth "
                          "is not permitted")
        self.refuse_profile(o["asked"], "finalize")
        if STATE.offer.get("contact") == "finalize" and \
                not self.account_of()["contact"]:
            raise Problem(400, "badCSR", "Error: a contact is needed")
        try:
            csr = x509.load_der_x509_csr(unb64(payload["csr"]))
        except (ValueError, KeyError):
            raise Problem(400, "badCSR", "Error parsing certificate request")
        if not csr.is_signature_valid:
            raise Problem(400, "badCSR", "invalid signature on CSR")
        names = {a.value.lower() for a in csr.subject.get_attributes_for_oid(
            NameOID.COMMON_NAME)}
        try:
            names |= set(csr.extensions.get_extension_for_class(
                x509.SubjectAlternativeName).value.get_values_for_type(
                    x509.DNSName))
        except x509.ExtensionNotFound:
            pass
        if names != set(o["names"]):
            raise Problem(403, "badCSR", "CSR does not specify same "
                          "identifiers as Order")
        if self.fault == "finalize-lost":
            return 200, self.show_order(o)
        f = STATE.fault_of(o["names"], *(x for x in FIXED
                                         if x.startswith("cert-")))
        self.fault = self.fault or f
        self.issue(csr, o, f)
        o["status"] = "processing"
        o["polls"] = STATE.args.polls - 1
        shown = self.show_order(o)
        if STATE.fault_of(o["names"], "ready-again"):
            shown["status"] = "ready"
        return 200, shown, "application/json", \
            {"Location": self.base() + "/order/" + o["id"]}

    def issue(self, csr, o, fault):
        o["life"] = self.life_of(o["profile"])
        o["leaf"], STATE.certs[o["id"]] = STATE.issuer.issue(
            csr, list(o["names"]), fault, *o["life"], self.profile(o["profile"]))
        if o["leaf"]:
            STATE.by_ari[ari_id(o["leaf"])] = o

    # --- authorizations ---

    def show_challenge(self, a, i):
        c = a["challenges"][i]
        if not isinstance(c, dict) or "url" in c or not c:
            return c
        return dict(c, url="%s/chall/%s/%d" % (self.base(), a["id"], i))

    def get_authz(self, a, payload):
        if payload and payload.get("status") == "deactivated":
            a["status"] = "deactivated"
        else:
            self.polled(a)
        show = {"status": a["status"], "identifier": a["identifier"],
                "expires": "2099-01-01T00:00:00Z",
                "challenges": [self.show_challenge(a, i)
                               for i in range(len(a["challenges"]))]}
        if a["wildcard"] and a["fault"] != "no-wildcard":
            show["wildcard"] = True
        if a["fault"] == "authz-valid":
            del show["challenges"]
        elif a["fault"] == "authz-valid-empty":
            show["challenges"] = []
        elif a["fault"] == "authz-valid-null":
            show["challenges"] = None
        elif a["fault"] == "authz-bare":
            show = {"status": "valid"}
        return 200, show

    def polled(self, a):
        if a["status"] == "pending" and a["polls"] >= 0:
            a["polls"] -= 1
            if a["polls"] < 0:
                self.validate(a)

    def validate(self, a):
        c = a["challenges"][a["chosen"]]
        f = STATE.fault_of(a["names"], *("challenge-" + t
                                         for t in CHALLENGE_ERRORS))
        if f is None:
            a["status"] = c["status"] = "valid"
            c["validated"] = "2026-01-01T00:00:00Z"
            return
        type_ = f[len("challenge-"):]
        self.fault = self.fault or f
        a["status"] = c["status"] = "invalid"
        c["error"] = {"type": URN + type_, "status": 403,
                      "detail": CHALLENGE_ERRORS[type_].format(
                          a["identifier"]["value"])}

    def chosen(self, a, c):
        f = STATE.fault_of(a["names"], "step-pending", "step-invalid")
        if not f:
            a["polls"] = STATE.args.polls - 1
            c["status"] = "processing"
            c.pop("error", None)
            return
        self.fault = self.fault or f
        c["status"] = "pending" if f == "step-pending" else "invalid"
        c["error"] = {
            "type": URN + "connection",
            "detail": "The server could not connect to validation target"}

    def challenge(self, a, i, payload):
        if i >= len(a["challenges"]):
            raise Problem(404, "malformed", "No such challenge")
        if payload is not None:
            if a["status"] != "pending":
                raise Problem(400, "malformed", "Cannot update challenge with "
                              "status " + a["status"])
            a["chosen"] = i
            self.chosen(a, a["challenges"][i])
        c = self.show_challenge(a, i)
        return 200, c, "application/json", \
            {"Link": '<%s/authz/%s>;rel="up"' % (self.base(), a["id"])}


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        pass  # a client that goes away, a handshake that fails


def fault_arg(text):
    rest, _, times = text.partition(":")
    name, _, at = rest.partition("@")
    return {"name": name, "at": at or None, "times": int(times or -1)}


def main():
    global STATE
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--cert", required=True)
    p.add_argument("--key", required=True)
    p.add_argument("--host", default="127.0.0.1")
    p.add_argument("--port", type=int, default=0)
    p.add_argument("--dir", default=".")
    p.add_argument("--log")
    p.add_argument("--polls", type=int, default=1)
    p.add_argument("--h2", action="store_true")
    p.add_argument("--late", type=float, default=35)
    p.add_argument("--fault", action="append", type=fault_arg, default=[])
    p.add_argument("--offer", type=json.loads, default={})
    args = p.parse_args()
    STATE = State(args)
    try:
        for f in args.fault:
            STATE.add_fault(**f)
    except ValueError as e:
        sys.exit(str(e))
    Handler.state = STATE
    for name, cert in STATE.issuer.anchors():
        with open(os.path.join(args.dir, name), "w") as f:
            f.write(pem(cert))
    server = Server((args.host, args.port), Handler)
    server.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.tls.load_cert_chain(args.cert, args.key)
    if args.h2:
        server.tls.set_alpn_protocols(["h2", "http/1.1"])
    print("ready https://%s:%d/dir" % (args.host, server.server_address[1]),
          flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
