# SPDX-License-Identifier: MIT
"""What the scripted CA signs and verifies: see acme_server.py."""
import base64
import datetime
import hashlib
import hmac
import json
import secrets

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = datetime.timedelta(days=1)
ALTERNATES = 3


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def pem(cert):
    return cert.public_bytes(serialization.Encoding.PEM).decode()


# --- JSON Web Signatures (RFC 7515) ---

def verify(jwk, signing_input, signature, alg):
    """The public key and the signature; raises on a bad one."""
    if alg == "RS256" and jwk.get("kty") == "RSA":
        n = int.from_bytes(unb64(jwk["n"]), "big")
        e = int.from_bytes(unb64(jwk["e"]), "big")
        rsa.RSAPublicNumbers(e, n).public_key().verify(
            signature, signing_input, padding.PKCS1v15(), hashes.SHA256())
        return
    curve, digest, size = {
        "ES256": (ec.SECP256R1(), hashes.SHA256(), 32),
        "ES384": (ec.SECP384R1(), hashes.SHA384(), 48)}[alg]
    x, y = unb64(jwk["x"]), unb64(jwk["y"])
    if len(x) != size or len(y) != size or len(signature) != 2 * size:
        raise InvalidSignature
    public = ec.EllipticCurvePublicNumbers(
        int.from_bytes(x, "big"), int.from_bytes(y, "big"), curve).public_key()
    public.verify(encode_dss_signature(
        int.from_bytes(signature[:size], "big"),
        int.from_bytes(signature[size:], "big")), signing_input,
        ec.ECDSA(digest))


def thumbprint(jwk):
    keys = ("crv", "kty", "x", "y") if jwk["kty"] == "EC" else ("e", "kty", "n")
    text = json.dumps({k: jwk[k] for k in keys}, separators=(",", ":"),
                      sort_keys=True)
    return b64(hashlib.sha256(text.encode()).digest())


def bad_mac(jws, key):
    """What is wrong with an external account binding's MAC, or None. KEY is
    what the customer got: base64url or base64."""
    alg = json.loads(unb64(jws["protected"])).get("alg")
    digest = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}.get(alg)
    if digest is None:
        return "the MAC's algorithm is %s" % alg
    raw = unb64(key.rstrip("=").replace("+", "-").replace("/", "_"))
    mac = hmac.new(raw, (jws["protected"] + "." + jws["payload"]).encode(),
                   digest).digest()
    if not hmac.compare_digest(mac, unb64(jws["signature"])):
        return "the MAC does not verify"
    return None


# --- certificates ---

def ari_id(cert):
    """RFC 9773 section 4.1: the serial as it is in DER, leading 00 included."""
    aki = cert.extensions.get_extension_for_class(
        x509.AuthorityKeyIdentifier).value.key_identifier
    n = cert.serial_number
    return b64(aki) + "." + b64(n.to_bytes(n.bit_length() // 8 + 1, "big"))


def lets_encrypt_window(start, end):
    """Instants of certificate and window, in seconds: 1 % of the life before
    and after 2/3 of it, or half of it when it is less than ten days."""
    life = end - start
    middle = end - (life / 2 if life < 10 * 86400 else life / 3)
    return middle - life / 100, middle + life / 100


class Issuer:
    def __init__(self):
        self.root_key, self.root = self.ca("scripted root")
        self.int_key, self.int = self.ca("scripted intermediate",
                                         self.root, self.root_key)
        _, self.other = self.ca("unrelated intermediate")
        # the same intermediate under other roots, and the first root under one
        self.roots, self.ints = [], []
        for n in range(1, ALTERNATES + 1):
            key, root = self.ca("scripted root %d" % n)
            self.roots.append(root)
            self.ints.append(self.ca("scripted intermediate", root, key,
                                     self.int_key)[1])
        old_key, self.old = self.ca("scripted old root")
        self.cross = self.ca("scripted root", self.old, old_key,
                             self.root_key)[1]

    @staticmethod
    def name(text):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    def ca(self, text, issuer=None, issuer_key=None, key=None):
        key = key or ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.utcnow()
        cert = (x509.CertificateBuilder()
                .subject_name(self.name(text))
                .issuer_name(issuer.subject if issuer else self.name(text))
                .public_key(key.public_key())
                .serial_number(x509.random_serial_number())
                .not_valid_before(now - DAY).not_valid_after(now + 3650 * DAY)
                .add_extension(x509.BasicConstraints(True, None), True)
                .add_extension(x509.KeyUsage(True, False, False, False, False,
                                             True, True, False, False), True)
                .add_extension(x509.SubjectKeyIdentifier.from_public_key(
                    key.public_key()), False)
                .sign(issuer_key or key, hashes.SHA256()))
        return key, cert

    def leaf(self, public_key, names, start, end, profile=None):
        """Its serial has the high bit set: in DER it begins with 00."""
        san = [x509.DNSName(n) for n in names]
        profile = profile or {}
        subject = self.name(names[0][:64]) if profile.get("cn", True) \
            else x509.Name([])
        usage = [ExtendedKeyUsageOID.SERVER_AUTH]
        if profile.get("client_auth"):
            usage.append(ExtendedKeyUsageOID.CLIENT_AUTH)
        return (x509.CertificateBuilder()
                .subject_name(subject)
                .issuer_name(self.int.subject)
                .public_key(public_key)
                .serial_number(secrets.randbits(127) | 1 << 127)
                .not_valid_before(start).not_valid_after(end)
                .add_extension(x509.SubjectAlternativeName(san),
                               not list(subject))
                .add_extension(x509.BasicConstraints(False, None), True)
                .add_extension(x509.ExtendedKeyUsage(usage), False)
                .add_extension(
                    x509.AuthorityKeyIdentifier.from_issuer_public_key(
                        self.int_key.public_key()), False)
                .sign(self.int_key, hashes.SHA256()))

    def issue(self, csr, names, fault, start, end, profile):
        """The certificate for this CSR, from START to END (seconds), and the
        PEM of its chain, wrong as FAULT says; None when it has none."""
        now = datetime.datetime.utcnow()
        start, end = map(datetime.datetime.utcfromtimestamp, (start, end))
        key = csr.public_key()
        above = [self.int]
        if fault == "cert-garbage":
            return None, "-----BEGIN CERTIFICATE-----\nbm90IGEgY2VydA==\n" \
                         "-----END CERTIFICATE-----\n"
        if fault == "cert-empty":
            return None, ""
        if fault == "cert-other-key":
            key = ec.generate_private_key(ec.SECP256R1()).public_key()
        elif fault == "cert-other-names":
            names = ["somebody-else.example.com"]
        elif fault == "cert-missing-name":
            names = names[:-1] or ["somebody-else.example.com"]
        elif fault == "cert-expired":
            start, end = now - 91 * DAY, now - DAY
        elif fault == "cert-future":
            start, end = now + 30 * DAY, now + 120 * DAY
        elif fault == "cert-broken-chain":
            above = [self.other]
        elif fault == "cert-no-chain":
            above = []
        leaf = self.leaf(key, names, start, end, profile)
        certs = [leaf] + above
        if fault == "cert-wrong-order":
            certs.reverse()
        return leaf, "".join(pem(c) for c in certs)

    def alternate(self, leaf, which):
        """PEM of another chain of this certificate: a number from 1 (under that
        root), "cross" (one longer, its top issued by the old root), or
        "other-key" (a chain of another certificate)."""
        if which == "cross":
            above = [self.int, self.cross]
        elif which == "other-key":
            key = ec.generate_private_key(ec.SECP256R1())
            leaf = self.leaf(key.public_key(), ["somebody-else.example.com"],
                             leaf.not_valid_before, leaf.not_valid_after)
            above = [self.ints[0]]
        else:
            above = [self.ints[which - 1]]
        return "".join(pem(c) for c in [leaf] + above)

    def anchors(self):
        """What a test may trust: file name, certificate."""
        return [("root.pem", self.root), ("int.pem", self.int),
                ("root-old.pem", self.old)] + \
            [("root-%d.pem" % (n + 1), r) for n, r in enumerate(self.roots)]
