# SPDX-License-Identifier: MIT
"""What the scripted CA offers beside orders: accounts and their bindings,
renewal information, profiles, other chains. See acme_server.py."""
import datetime
import json
import secrets
import time

from acme_issue import bad_mac, lets_encrypt_window, thumbprint, unb64
from acme_state import PROFILE, REPLACES, Problem, instant


def rfc3339(seconds):
    return datetime.datetime.utcfromtimestamp(seconds).strftime(
        "%Y-%m-%dT%H:%M:%SZ")


class Offer:
    """Part of the handler: self.state, base(), names, account, fault."""

    def offer_directory(self, show, meta):
        offer = self.state.offer
        if "ari" in offer:
            show["renewalInfo"] = self.base() + "/renewal-info" + \
                ("/" if offer["ari"].get("slash") else "")
        if "profiles" in offer:
            meta["profiles"] = {k: p.get("text", "") if isinstance(p, dict)
                                else p for k, p in offer["profiles"].items()}
        if "terms" in offer:
            meta["termsOfService"] = offer["terms"]
        if "caa" in offer:
            meta["caaIdentities"] = offer["caa"]
        if "eab" in offer and offer["eab"].get("announced", True):
            meta["externalAccountRequired"] = offer["eab"].get("required", True)

    # --- accounts ---

    def new_account(self, jwk, payload):
        if self.fault == "429-account":
            raise Problem(429, "rateLimited", "too many new registrations (10) "
                          "from this IP address in the last 3h0m0s",
                          {"Retry-After": "600"})
        tp = thumbprint(jwk)
        status = 200
        binding = payload.get("externalAccountBinding")
        if tp in self.state.by_key:
            a = self.state.accounts[self.state.by_key[tp]]
            self.may_go_on(a)
            if binding and a["eab"] and self.kid_of(binding) != a["eab"]:
                raise Problem(400, "malformed", "kId mismatch: the account is "
                              "bound to another")
        else:
            status = 201
            self.register(jwk, tp, payload, binding)
        ident = self.state.by_key[tp]
        url = self.base() + "/acct/" + ident
        self.account = url
        return status, self.show_account(ident), "application/json", \
            {"Location": self.located(url)}

    def register(self, jwk, tp, payload, binding):
        if payload.get("onlyReturnExisting"):
            raise Problem(400, "accountDoesNotExist", "unknown key")
        if self.state.has("terms") and not payload.get("termsOfServiceAgreed"):
            raise Problem(403, "userActionRequired", "agree to the terms")
        contact = self.contact_of(payload)
        if not contact and self.state.offer.get("contact") == "newAccount":
            raise Problem(400, "invalidContact", "a contact is needed")
        kid = self.bind(jwk, binding)
        ident = secrets.token_hex(6)
        self.state.by_key[tp] = ident
        self.state.accounts[ident] = {
            "jwk": jwk, "contact": contact, "status": "valid", "eab": kid}

    @staticmethod
    def contact_of(payload):
        contact = payload.get("contact") or []
        for c in contact:
            if not c.startswith("mailto:"):
                raise Problem(400, "unsupportedContact", "only mailto: is "
                              "supported, not " + c)
        return contact

    @staticmethod
    def may_go_on(a):
        if a["status"] != "valid":
            raise Problem(403, "unauthorized", "Account is not valid, has "
                          "status \"%s\"" % a["status"])

    def show_account(self, ident):
        a = self.state.accounts[ident]
        return {"status": a["status"], "contact": a["contact"],
                "termsOfServiceAgreed": True,
                "orders": self.base() + "/acct/" + ident + "/orders"}

    def post_account(self, ident, payload):
        """RFC 8555 sections 7.3.2 and 7.3.6; POST-as-GET shows it."""
        if self.account != self.base() + "/acct/" + ident:
            raise Problem(403, "unauthorized", "Request signing key did not "
                          "match account key")
        a = self.state.accounts[ident]
        payload = payload or {}
        if payload.get("status") == "deactivated":
            a["status"] = "deactivated"
        elif "contact" in payload:
            a["contact"] = self.contact_of(payload)
        return 200, self.show_account(ident)

    # --- external account binding (RFC 8555 section 7.3.4) ---

    @staticmethod
    def kid_of(binding):
        try:
            return json.loads(unb64(binding["protected"])).get("kid")
        except (ValueError, KeyError, TypeError):
            raise Problem(400, "malformed", "the binding is no JWS")

    def bind(self, jwk, binding):
        """The kid; None when there is none and need not be."""
        eab = self.state.offer.get("eab")
        if eab is None or (binding is None and not eab.get("required", True)):
            return None
        if binding is None:
            raise self.refusal(eab, 403, "externalAccountRequired",
                               "External account binding is required")
        kid = self.kid_of(binding)
        key = eab.get("keys", {}).get(kid)
        if key is None:
            raise self.refusal(eab, 403, "unauthorized", "the field \"kid\" "
                               "references a key that is not known")
        wrong = self.wrong_binding(jwk, binding, key["key"])
        if wrong:
            raise self.refusal(eab, 403, "unauthorized", wrong)
        used = self.state.bound.get(kid, 0)
        self.state.bound[kid] = used + 1
        if key.get("state") == "used" or (key.get("once") and used):
            raise Problem(400, "malformed", "The account is not awaiting "
                          "external account binding")
        if key.get("state") == "expired":
            raise Problem(403, "unauthorized", "The external account key with "
                          "id %s has expired" % kid)
        if key.get("state") == "product":
            raise Problem(400, "malformed", "kId mismatch: %s is of another "
                          "product" % kid)
        return kid

    @staticmethod
    def refusal(eab, status, type_, detail):
        if "says" in eab:
            return Problem(400, "malformed", eab["says"])
        return Problem(status, type_, detail)

    def wrong_binding(self, jwk, binding, key):
        head = json.loads(unb64(binding["protected"]))
        if sorted(head) != ["alg", "kid", "url"]:
            return "the binding's header has %s" % ", ".join(sorted(head))
        if head["url"] != self.base() + self.path:
            return "the binding's url is not the request's"
        if json.loads(unb64(binding["payload"])) != jwk:
            return "the binding is of another key"
        return bad_mac(binding, key)

    # --- renewal information (RFC 9773) ---

    def renewal_info(self, ident):
        state = self.state
        with state.lock:
            ari = state.offer.get("ari")
            o = state.by_ari.get(ident)
            line = state.windows.line(
                ident, *(o["names"] + ["*"] if o else ["any"]))
        if ari is None:
            raise Problem(404, "malformed", "Page not found")
        if line is None and o is None:
            raise Problem(ari.get("unknown", 404), "malformed",
                          "no certificate has the identifier " + ident)
        after = ari.get("retry_after", 21600)
        headers = {} if after is None else {"Retry-After": str(after)}
        if isinstance(line, str):
            self.answer(200, line, headers=headers, nonce=False)
            return
        start, end, url = line or (*lets_encrypt_window(*o["life"]), None)
        show = {"suggestedWindow": {"start": rfc3339(start),
                                    "end": rfc3339(end)}}
        if url:
            show["explanationURL"] = url
        self.answer(200, show, headers=headers, nonce=False)

    def check_replaces(self, replaces):
        if replaces is None:
            return
        f = self.state.fault_of(self.names, *REPLACES, at="replaces")
        if f:
            self.refuse_as(f, REPLACES[f], "")
        if "ari" not in self.state.offer:
            return
        old = self.state.by_ari.get(replaces)
        if old is None:
            self.refuse_as(None, REPLACES["replaces-404"], "")
        if old["account"] != self.account:
            self.refuse_as(None, REPLACES["replaces-unauthorized"], "")
        if not set(old["names"]) & set(self.names):
            self.refuse_as(None, REPLACES["replaces-malformed"], "")
        if any(o.get("replaces") == replaces and
               o["status"] in ("processing", "valid")
               for o in self.state.orders.values()):
            self.refuse_as(None, REPLACES["replaces-already"], "")

    def refuse_as(self, fault, how, more):
        self.fault = self.fault or fault
        status, type_, detail = how
        raise Problem(status, type_, detail + more,
                      {"Retry-After": "60"} if status == 429 else {})

    # --- profiles (draft-ietf-acme-profiles) ---

    def profile_of(self, wanted):
        """The name of the profile of a new order; None: there are none."""
        offered = self.state.offer.get("profiles")
        self.refuse_profile(wanted, "newOrder")
        if offered is None:
            return None
        if wanted is None:
            return self.state.offer.get("default_profile")
        if wanted not in offered:
            self.refuse_as(None, PROFILE["profile-invalid"], " \"%s\"" % wanted)
        return wanted

    def refuse_profile(self, wanted, where):
        f = wanted and self.state.fault_of(self.names, *PROFILE,
                                           at="profile-" + where)
        if f:
            self.refuse_as(f, PROFILE[f], " \"%s\"" % wanted)

    def profile(self, name):
        p = self.state.offer.get("profiles", {}).get(name)
        return p if isinstance(p, dict) else {}

    def check_names(self, profile):
        most = self.profile(profile).get("names")
        if most and len(self.names) > most:
            raise Problem(400, "malformed", "Order cannot contain more than %d "
                          "identifiers" % most)

    def life_of(self, profile):
        """First and last instant of what is issued now, in seconds."""
        offer = self.state.offer
        start = instant(str(offer.get("not_before", "-3600")), time.time())
        return start, start + self.profile(profile).get(
            "life", offer.get("life", 90 * 86400 + 3600))

    # --- other chains (RFC 8555 section 7.4.2) ---

    def get_cert(self, ident, which):
        """/cert/ID, and its other chains at /cert/ID/WHICH."""
        chain = self.state.certs[ident]
        leaf = self.state.orders[ident]["leaf"]
        offer = self.state.offer.get("alternates", [])
        urls = self.alternate_urls(ident, offer)
        if which and which.startswith("loop"):
            urls.append("%s/cert/%s/loop%d" % (
                self.base(), ident, int(which[4:] or 0) + 1))
        elif which == "garbage":
            chain = "-----BEGIN CERTIFICATE-----\nbm90"
        elif which and not which.startswith("many"):
            known = [str(w) for w in offer]
            if which not in known or which == "404" or leaf is None:
                raise Problem(404, "malformed", "No such certificate")
            chain = self.state.issuer.alternate(
                leaf, int(which) if which.isdigit() else which)
        return 200, chain, "application/pem-certificate-chain", \
            {"Link": self.links(urls)}

    def alternate_urls(self, ident, offer):
        here = "%s/cert/%s/" % (self.base(), ident)
        urls = []
        for which in offer:
            if which == "host":
                urls.append("https://127.0.0.1:1/cert/" + ident)
            elif which == "http":
                urls.append(here.replace("https:", "http:") + "1")
            elif which == "relative":
                urls.append("/cert/%s/1" % ident)
            elif which == "many":
                urls += [here + "many%d" % i for i in range(200)]
            else:
                urls.append(here + str(which))
        return urls

    def links(self, urls):
        how = self.state.offer.get("links")
        form = '<%s>; title="a, b; <c>"; rel=alternate' if how == "odd" \
            else '<%s>;rel="alternate"'
        links = ['<%s/dir>;rel="index"' % self.base()] + \
            [form % u for u in urls]
        return [", ".join(links)] if how == "joined" else links
