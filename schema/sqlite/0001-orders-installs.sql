-- SPDX-License-Identifier: MIT
-- Version 1: see schema/mariadb/0001-orders-installs.sql for what the
-- columns mean. SQLite applies it as one transaction.
ALTER TABLE certs ADD COLUMN ca_name TEXT DEFAULT NULL;
ALTER TABLE certs ADD COLUMN challenge TEXT DEFAULT NULL;
ALTER TABLE certs ADD COLUMN key_sha256 TEXT DEFAULT NULL;
ALTER TABLE certs ADD COLUMN crt_sha256 TEXT DEFAULT NULL;
ALTER TABLE certs ADD COLUMN ts_not_before INTEGER NOT NULL DEFAULT 0;
ALTER TABLE certs ADD COLUMN ts_expire_seen INTEGER NOT NULL DEFAULT 0;
ALTER TABLE certs ADD COLUMN ts_due INTEGER NOT NULL DEFAULT 0;
ALTER TABLE certs ADD COLUMN ts_next_attempt INTEGER NOT NULL DEFAULT 0;
ALTER TABLE certs ADD COLUMN renew INTEGER NOT NULL DEFAULT 0;
ALTER TABLE certs ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
ALTER TABLE certs ADD COLUMN fail_class TEXT DEFAULT NULL;
ALTER TABLE certs ADD COLUMN fail_detail TEXT DEFAULT NULL;
ALTER TABLE certs ADD COLUMN lease_owner TEXT DEFAULT NULL;
ALTER TABLE certs ADD COLUMN lease_until INTEGER NOT NULL DEFAULT 0;

CREATE INDEX certs_due ON certs (enable, ts_due);
CREATE INDEX certs_lease ON certs (lease_owner);
CREATE INDEX certs_key ON certs (key_sha256);

CREATE TABLE schema_version (
  version INTEGER NOT NULL PRIMARY KEY,
  min_reader INTEGER NOT NULL,
  min_writer INTEGER NOT NULL,
  ts_applied INTEGER NOT NULL
);

CREATE TABLE orders (
  name TEXT NOT NULL,
  slot INTEGER NOT NULL,
  ca_name TEXT NOT NULL,
  account TEXT,
  key_sha256 TEXT,
  url TEXT,
  state TEXT NOT NULL,
  ts_created INTEGER NOT NULL,
  PRIMARY KEY (name, slot)
);

CREATE TABLE proofs (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL,
  slot INTEGER NOT NULL,
  lease_owner TEXT NOT NULL,
  type TEXT NOT NULL,
  zone TEXT,
  server TEXT,
  owner TEXT NOT NULL,
  value TEXT NOT NULL,
  ts_created INTEGER NOT NULL
);
CREATE INDEX proofs_lease ON proofs (lease_owner, ts_created);

CREATE TABLE attempts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  ca_name TEXT NOT NULL,
  account TEXT,
  order_url TEXT,
  outcome TEXT NOT NULL,
  detail TEXT,
  ts_start INTEGER NOT NULL,
  ts_end INTEGER NOT NULL
);
CREATE INDEX attempts_name ON attempts (name, ts_start);
CREATE INDEX attempts_account ON attempts (ca_name, account, ts_start);

CREATE TABLE cas (
  name TEXT NOT NULL PRIMARY KEY,
  directory TEXT NOT NULL,
  account TEXT,
  account_key TEXT,
  backoff_until INTEGER NOT NULL DEFAULT 0,
  count_fail INTEGER NOT NULL DEFAULT 0,
  fail_class TEXT,
  fail_detail TEXT
);

CREATE TABLE installs (
  host TEXT NOT NULL,
  name TEXT NOT NULL,
  service TEXT NOT NULL,
  endpoint TEXT NOT NULL,
  protocol TEXT,
  state TEXT NOT NULL,
  fingerprint TEXT,
  serial TEXT,
  ts_expire INTEGER NOT NULL DEFAULT 0,
  depth INTEGER NOT NULL DEFAULT 0,
  ts INTEGER NOT NULL,
  detail TEXT,
  version TEXT,
  PRIMARY KEY (host, name, service, endpoint)
);
CREATE INDEX installs_name ON installs (name);

CREATE VIEW host_certs AS
  SELECT name, enable, crt, ca, md5_ca, ts_expire,
    (SELECT MAX(min_reader) FROM schema_version) AS min_reader
  FROM certs;

CREATE VIEW host_installs AS
  SELECT host, name, service, endpoint, protocol, state, fingerprint, serial,
    ts_expire, depth, ts, detail, version
  FROM installs;
CREATE TRIGGER host_installs_insert INSTEAD OF INSERT ON host_installs
BEGIN
  INSERT OR REPLACE INTO installs (host, name, service, endpoint, protocol,
    state, fingerprint, serial, ts_expire, depth, ts, detail, version)
  VALUES (NEW.host, NEW.name, NEW.service, NEW.endpoint, NEW.protocol,
    NEW.state, NEW.fingerprint, NEW.serial, NEW.ts_expire, NEW.depth, NEW.ts,
    NEW.detail, NEW.version);
END;
CREATE TRIGGER host_installs_delete INSTEAD OF DELETE ON host_installs
BEGIN
  DELETE FROM installs WHERE host = OLD.host AND name = OLD.name
    AND service = OLD.service AND endpoint = OLD.endpoint;
END;
