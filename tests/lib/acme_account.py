#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Another client of the same ACME account, for tests: it changes the key
(RFC 8555 section 7.3.5), deactivates the account (section 7.3.6), or revokes a
certificate (section 7.6). Or another customer: it registers, with an external
account binding (section 7.3.4) or without, and prints the account's URL; it
changes its contact and prints what the CA has then; it orders a certificate
(where no proof is looked at), with JSON added to the order, and prints the
order, the Links and the chain. A refusal is printed, and ends it with 1.

    acme_account.py DIRECTORY CA_FILE KEY.pem register [KID MAC_KEY]
    acme_account.py DIRECTORY CA_FILE KEY.pem order JSON NAME...
    acme_account.py DIRECTORY CA_FILE KEY.pem get URL
    acme_account.py DIRECTORY CA_FILE KEY.pem contact MAILTO...
    acme_account.py DIRECTORY CA_FILE KEY.pem rollover NEW_KEY.pem
    acme_account.py DIRECTORY CA_FILE KEY.pem deactivate
    acme_account.py DIRECTORY CA_FILE KEY.pem revoke CERT.pem

Keys are EC on P-256 in PEM files.
"""
import base64
import hmac
import json
import ssl
import sys
import time
import urllib.error
import urllib.request

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


def b64(data):
    if data is None:  # POST-as-GET
        return ""
    if isinstance(data, dict):
        data = json.dumps(data).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def load(path):
    with open(path, "rb") as f:
        return serialization.load_pem_private_key(f.read(), None)


def jwk(key):
    n = key.public_key().public_numbers()
    return {"kty": "EC", "crv": "P-256", "x": b64(n.x.to_bytes(32, "big")),
            "y": b64(n.y.to_bytes(32, "big"))}


def jws(key, protected, payload):
    protected, payload = b64(dict(protected, alg="ES256")), b64(payload)
    r, s = decode_dss_signature(key.sign(
        (protected + "." + payload).encode(), ec.ECDSA(hashes.SHA256())))
    return {"protected": protected, "payload": payload,
            "signature": b64(r.to_bytes(32, "big") + s.to_bytes(32, "big"))}


class Client:
    def __init__(self, directory, ca_file):
        self.tls = ssl.create_default_context(cafile=ca_file)
        self.dir = json.load(self.open(directory))

    def open(self, url, data=None):
        return urllib.request.urlopen(urllib.request.Request(
            url, data, {"Content-Type": "application/jose+json"}),
            context=self.tls)

    def post(self, key, url, payload, **who):
        nonce = self.open(self.dir["newNonce"]).headers["Replay-Nonce"]
        return self.open(url, json.dumps(jws(
            key, dict(who, nonce=nonce, url=url), payload)).encode())


def binding(key, url, kid, mac_key):
    """MAC_KEY: base64url, as CAs give it."""
    protected = b64({"alg": "HS256", "kid": kid, "url": url})
    payload = b64(jwk(key))
    mac = hmac.new(base64.urlsafe_b64decode(mac_key + "=="),
                   (protected + "." + payload).encode(), "sha256").digest()
    return {"protected": protected, "payload": payload, "signature": b64(mac)}


def register(client, key, who):
    url, wish = client.dir["newAccount"], {"termsOfServiceAgreed": True}
    if who:
        wish["externalAccountBinding"] = binding(key, url, *who)
    print(client.post(key, url, wish, jwk=jwk(key)).headers["Location"])


def csr(names):
    key = ec.generate_private_key(ec.SECP256R1())
    made = x509.CertificateSigningRequestBuilder().subject_name(
        x509.Name([])).add_extension(x509.SubjectAlternativeName(
            [x509.DNSName(n) for n in names]), False)
    return made.sign(key, hashes.SHA256()).public_bytes(
        serialization.Encoding.DER)


def order(client, key, account, more, names):
    def post(url, payload=None):
        return client.post(key, url, payload, kid=account)

    def until(url, status):
        while True:
            o = json.load(post(url))
            if o["status"] in (status, "invalid"):
                return o
            time.sleep(0.1)

    reply = post(client.dir["newOrder"], dict(more, identifiers=[
        {"type": "dns", "value": n} for n in names]))
    url, o = reply.headers["Location"], json.load(reply)
    for a in o["authorizations"]:
        for c in json.load(post(a))["challenges"]:
            if c["type"] == "http-01":
                post(c["url"], {})
    post(until(url, "ready")["finalize"], {"csr": b64(csr(names))})
    o = until(url, "valid")
    print(json.dumps(o))
    show(post(o["certificate"]))


def show(reply):
    for link in reply.headers.get_all("Link", []):
        print("Link:", link)
    print(reply.read().decode(), end="")


def run():
    directory, ca_file, path, what = sys.argv[1:5]
    client, key = Client(directory, ca_file), load(path)
    if what == "register":
        register(client, key, sys.argv[5:])
        return
    account = client.post(key, client.dir["newAccount"],
                          {"onlyReturnExisting": True},
                          jwk=jwk(key)).headers["Location"]
    if what == "deactivate":
        client.post(key, account, {"status": "deactivated"}, kid=account)
        return
    if what == "order":
        order(client, key, account, json.loads(sys.argv[5]), sys.argv[6:])
        return
    if what == "get":
        show(client.post(key, sys.argv[5], None, kid=account))
        return
    if what == "contact":
        print(client.post(key, account, {"contact": sys.argv[5:]},
                          kid=account).read().decode())
        return
    if what == "revoke":
        with open(sys.argv[5], "rb") as f:
            cert = x509.load_pem_x509_certificate(f.read())
        client.post(key, client.dir["revokeCert"], {"certificate": b64(
            cert.public_bytes(serialization.Encoding.DER))}, kid=account)
        return
    url, new = client.dir["keyChange"], load(sys.argv[5])
    client.post(key, url, jws(new, {"jwk": jwk(new), "url": url}, {
        "account": account, "oldKey": jwk(key)}), kid=account)


try:
    run()
except urllib.error.HTTPError as e:
    sys.exit("%d %s" % (e.code, e.read().decode()))
