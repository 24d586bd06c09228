-- SPDX-License-Identifier: MIT
-- Version 4: see schema/mariadb/0004-fleet.sql for what the columns mean.
ALTER TABLE certs ADD COLUMN owner TEXT DEFAULT NULL;
ALTER TABLE certs ADD COLUMN old_csr BLOB DEFAULT NULL;

CREATE INDEX certs_glance ON certs (name, enable, ca_name, ts_expire,
  ts_expire_seen, ts_not_before, ts_due, ts_next_attempt, ts_last_update,
  count_fail_update, renew, held, fail_class, lease_until, crt_sha256,
  ari_crt, ts_ari, owner);

CREATE TABLE cert_facts (
  name TEXT NOT NULL PRIMARY KEY,
  crt_sha256 TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  old_fingerprint TEXT DEFAULT NULL,
  ts_not_before INTEGER NOT NULL,
  ts_not_after INTEGER NOT NULL,
  ts_stored INTEGER NOT NULL DEFAULT 0,
  key_type TEXT NOT NULL,
  key_sha256 TEXT NOT NULL,
  ts_key INTEGER NOT NULL DEFAULT 0,
  key_certs INTEGER NOT NULL DEFAULT 1,
  issuer TEXT NOT NULL,
  n_names INTEGER NOT NULL,
  names_sha256 TEXT NOT NULL,
  client_auth INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE hosts (
  host TEXT NOT NULL PRIMARY KEY,
  account TEXT NOT NULL UNIQUE,
  ts_added INTEGER NOT NULL,
  comment TEXT DEFAULT NULL
);

CREATE TABLE host_names (
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  host TEXT NOT NULL,
  PRIMARY KEY (account, name, host)
);
CREATE INDEX host_names_name ON host_names (name);

CREATE TABLE host_requests (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  account TEXT NOT NULL,
  host TEXT NOT NULL,
  name TEXT NOT NULL,
  csr BLOB NOT NULL,
  key_sha256 TEXT NOT NULL,
  new_key INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL,
  reason TEXT DEFAULT NULL,
  as_name TEXT DEFAULT NULL,
  ts INTEGER NOT NULL,
  ts_decided INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX host_requests_one
  ON host_requests (account, host, name, key_sha256);
CREATE INDEX host_requests_state ON host_requests (state, id);

CREATE TABLE fetchers (
  instance TEXT NOT NULL PRIMARY KEY,
  host TEXT NOT NULL,
  version TEXT NOT NULL,
  ts_start INTEGER NOT NULL,
  ts_end INTEGER NOT NULL DEFAULT 0,
  ts_ok INTEGER NOT NULL DEFAULT 0,
  status INTEGER NOT NULL DEFAULT 0,
  n_ok INTEGER NOT NULL DEFAULT 0,
  n_failed INTEGER NOT NULL DEFAULT 0,
  detail TEXT DEFAULT NULL
);

CREATE TABLE attempt_totals (
  day INTEGER NOT NULL,
  ca_name TEXT NOT NULL,
  outcome TEXT NOT NULL,
  instance TEXT NOT NULL DEFAULT '',
  n INTEGER NOT NULL,
  PRIMARY KEY (day, ca_name, outcome, instance)
);
INSERT INTO attempt_totals (day, ca_name, outcome, instance, n)
  SELECT CAST(ts_end AS INTEGER) / 86400, ca_name, outcome, '', COUNT(*)
  FROM attempts WHERE ts_end BETWEEN 86400 AND 99999999999999
  GROUP BY 1, 2, 3;

CREATE TABLE settings (
  name TEXT NOT NULL PRIMARY KEY,
  value TEXT NOT NULL,
  ts INTEGER NOT NULL
);

CREATE TABLE owner_notices (
  name TEXT NOT NULL PRIMARY KEY,
  owner TEXT NOT NULL,
  ts INTEGER NOT NULL,
  told TEXT NOT NULL
);

ALTER TABLE installs ADD COLUMN profile TEXT DEFAULT NULL;
ALTER TABLE installs ADD COLUMN needs TEXT DEFAULT NULL;
ALTER TABLE installs ADD COLUMN heartbeat INTEGER DEFAULT NULL;
ALTER TABLE installs ADD COLUMN ts_window INTEGER DEFAULT NULL;
