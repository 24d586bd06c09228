#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Rows of a large fleet, as SQL on stdout, for an empty store of the newest
schema (certrepo-populate init):

    fleet_rows.py sqlite  [NAMES [HOSTS [NOW]]] | sqlite3 FILE
    fleet_rows.py mariadb [NAMES [HOSTS [NOW]]] | mariadb DATABASE

By default 100,000 names, 50,000 hosts and six receipts of each host: its sign
of life, and of two names the files and one or two endpoints. Nine of ten have
an account of their own, and a grant of each of their names. Some of everything
goes wrong, in a few of a hundred. The same arguments give the same rows. Blobs
have the size of real ones, and are nothing.
"""

import hashlib
import sys
import time

DAY = 86400
HOUR = 3600
ROWS = 200  # in an INSERT


def sha(text):
    return hashlib.sha256(text.encode()).hexdigest()


def quoted(value):
    if value is None:
        return "NULL"
    if isinstance(value, str) and not value.startswith("\0"):
        return "'" + value.replace("'", "''") + "'"
    return str(value).lstrip("\0")


class Table:
    def __init__(self, name, columns):
        self.head = f"INSERT INTO {name} ({columns}) VALUES\n"
        self.rows = []

    def add(self, *row):
        self.rows.append("(" + ",".join(map(quoted, row)) + ")")
        if len(self.rows) == ROWS:
            self.flush()

    def flush(self):
        if self.rows:
            sys.stdout.write(self.head + ",\n".join(self.rows) + ";\n")
        self.rows = []


def blob(dialect, size):
    """An expression, not a string."""
    if dialect == "sqlite":
        return f"\0zeroblob({size})"
    return f"\0REPEAT('x',{size})"


def name_of(i):
    return f"host-{i:06d}.dept-{i % 97}.example.org"


def host_of(i):
    return f"node-{i:05d}.rack-{i % 53}.example.net"


class Cert:
    """The I-th name's certificate: 90, 45 days or 160 hours, of some age."""

    def __init__(self, i, now):
        life = (90 * DAY, 90 * DAY, 45 * DAY, 160 * HOUR)[i % 4]
        # as if renewed when a third (half) is left
        used = life * 2 // 3 if life > 10 * DAY else life // 2
        age = i * 7919 % used
        if i % 500 == 7:
            age = life + DAY  # expired
        elif i % 400 == 5:
            age = used + (life - used) // 4  # due
        self.not_before = now - age
        self.not_after = self.not_before + life
        self.stored = self.not_before + HOUR
        self.crt = sha(f"crt {i}")
        self.now = sha(f"leaf {i}")
        self.before = sha(f"leaf before {i}")
        self.has = i % 1000 != 3


def names(dialect, n, now):
    certs = Table(
        "certs",
        "name, enable, comment, certbot, csr, ca, crt, md5_modulus, "
        "ts_expire, ts_last_update, count_fail_update, ca_name, key_sha256, "
        "crt_sha256, ts_not_before, ts_expire_seen, ts_due, ts_next_attempt, "
        "held, fail_class, fail_detail, ari_crt, ts_ari, owner",
    )
    for i in range(n):
        c = Cert(i, now)
        held = int(i % 2000 == 11)
        failing = held or i % 250 == 9
        renew = c.not_after - (c.not_after - c.not_before) // 3
        next_attempt = (2**63 - 1) if held else now + HOUR if failing else 0
        certs.add(
            name_of(i),
            "N" if i % 300 == 1 else "Y",
            f"rack {i % 53}",
            "N",
            blob(dialect, 1000),
            blob(dialect, 2000),
            blob(dialect, 1900) if c.has else None,
            sha(f"md5 {i}"),
            c.not_after if c.has else 1,
            c.stored,
            10 if held else 2 if failing else 0,
            None if i % 3 else "letsencrypt",
            sha(f"key {i}"),
            c.crt if c.has else None,
            c.not_before if c.has else 0,
            c.not_after if c.has else 1,
            max(renew, next_attempt) if c.has else 0,
            next_attempt,
            held,
            "unauthorized" if failing else None,
            f"the CA saw another proof at {name_of(i)}" if failing else None,
            c.crt if i % 2 else None,
            renew + HOUR if i % 2 else 0,
            f"team{i % 20}@example.org" if i % 5 == 0 else None,
        )
    certs.flush()
    facts = Table(
        "cert_facts",
        "name, crt_sha256, fingerprint, old_fingerprint, ts_not_before, "
        "ts_not_after, ts_stored, key_type, key_sha256, ts_key, key_certs, "
        "issuer, n_names, names_sha256, client_auth",
    )
    for i in range(n):
        c = Cert(i, now)
        if c.has:
            facts.add(
                name_of(i), c.crt, c.now, c.before, c.not_before, c.not_after,
                c.stored, ("P-256", "rsa2048")[i % 2], sha(f"key {i}"),
                now - 300 * DAY, 5, f"Bench CA R{i % 4}", 1 + i % 3,
                sha(name_of(i)), 0,
            )
    facts.flush()


def receipts(n_names, n_hosts, now):
    hosts = Table("hosts", "host, account, ts_added")
    grants = Table("host_names", "account, name, host")
    t = Table(
        "installs",
        "host, name, service, endpoint, protocol, state, fingerprint, serial, "
        "ts_expire, depth, ts, detail, version, profile, needs, heartbeat, "
        "ts_window",
    )
    for h in range(n_hosts):
        host = host_of(h)
        silent = h % 700 == 13
        seen = now - (5 * DAY if silent else h * 31 % DAY)
        account = f"certrepo-host-{host}"
        if h % 10:
            hosts.add(host, account, now - 200 * DAY)
        t.add(host, "", "", "", None, "alive", None, None, 0, 0, seen, None,
              "0.9", None, None, DAY, 0)
        # some names are on many hosts
        second = h % 50 if h % 5 == 0 else (2 * h + 1) % n_names
        for k, i in enumerate(((2 * h) % n_names, second)):
            if h % 10:
                grants.add(account, name_of(i), host)
            c = Cert(i, now)
            at = (host, name_of(i), ("web", "mail")[k])
            profile = ("nginx", "postfix")[k]
            bad = h % 600 == 17 and k == 0
            t.add(*at, "", None, "failed" if bad else "served", None, None, 0,
                  0, seen, "the key cannot be read" if bad else None, "0.9",
                  profile, "", DAY, 0)
            old = h % 400 == 21
            for e in range(2 - k):
                end = "127.0.0.1:443" if e == 0 else f"{host}:8443"
                t.add(*at, end, "tls", "served", c.before if old else c.now,
                      sha(at[1])[:32], c.not_after, 2, seen, None, "0.9",
                      profile, "", DAY, 0)
    hosts.flush()
    grants.flush()
    t.flush()


def few(now):
    cas = Table("cas", "name, directory, backoff_until, fail_class, fail_detail")
    cas.add("letsencrypt", "https://acme.example/directory", 0, None, None)
    cas.add("other", "https://other.example/directory", now + HOUR, "ca-down",
            "no answer within 30 s")
    cas.flush()
    f = Table("fetchers", "instance, host, version, ts_start, ts_end, ts_ok, "
              "status, n_ok, n_failed")
    f.add("centre-0123", "centre", "0.9", now - 1200, now - 1100, now - 1100,
          0, 40, 1)
    f.flush()
    s = Table("settings", "name, value, ts")
    for name, value in (("default_ca", "other"), ("cas", "letsencrypt other"),
                        ("days_left", "0"), ("count_fail_limit", "10"),
                        ("deliver_within", "0"), ("order_timeout", "900")):
        s.add(name, value, now)
    s.flush()
    t = Table("attempt_totals", "day, ca_name, outcome, n")
    today = now // DAY
    for day in range(today - 400, today + 1):
        for outcome, n in (("ok", 1500), ("dns", 7), ("unauthorized", 30)):
            for ca in ("letsencrypt", "other"):
                t.add(day, ca, outcome, n + day % 13)
    t.flush()


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in ("sqlite", "mariadb"):
        sys.exit(__doc__)
    dialect = sys.argv[1]
    numbers = [int(a) for a in sys.argv[2:]]
    n_names, n_hosts, now = (
        numbers + [100000, 50000, int(time.time())][len(numbers):])
    print("BEGIN;")
    names(dialect, n_names, now)
    receipts(n_names, n_hosts, now)
    few(now)
    print("COMMIT;")


main()
