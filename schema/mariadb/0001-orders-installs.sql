-- SPDX-License-Identifier: MIT
-- Version 1. MariaDB commits each of these statements on its own, so that
-- each can be repeated after a kill. New columns of certs are NULL or have a
-- default: what the scripts of 2019 insert and update, by column name, goes
-- on working, and a row they insert (ts_due 0) is looked at by the next run.

ALTER TABLE certs
  -- of the configuration's list of CAs; NULL: the default one
  ADD COLUMN IF NOT EXISTS ca_name varchar(64) COLLATE ascii_bin DEFAULT NULL,
  -- NULL: by certbot
  ADD COLUMN IF NOT EXISTS challenge varchar(16) COLLATE ascii_bin DEFAULT NULL,
  -- of the CSR's key (SubjectPublicKeyInfo)
  ADD COLUMN IF NOT EXISTS key_sha256 char(64) COLLATE ascii_bin DEFAULT NULL,
  -- of the bytes of crt when the columns derived from it were computed, and
  -- ts_expire at that time: where it differs from ts_expire now, another
  -- program has replaced crt since
  ADD COLUMN IF NOT EXISTS crt_sha256 char(64) COLLATE ascii_bin DEFAULT NULL,
  ADD COLUMN IF NOT EXISTS ts_not_before bigint NOT NULL DEFAULT 0,
  ADD COLUMN IF NOT EXISTS ts_expire_seen bigint NOT NULL DEFAULT 0,
  -- when the row next wants the fetcher
  ADD COLUMN IF NOT EXISTS ts_due bigint NOT NULL DEFAULT 0,
  ADD COLUMN IF NOT EXISTS ts_next_attempt bigint NOT NULL DEFAULT 0,
  -- 1: order another certificate whatever life this one has left
  ADD COLUMN IF NOT EXISTS renew tinyint NOT NULL DEFAULT 0,
  -- 1: waits for a person
  ADD COLUMN IF NOT EXISTS held tinyint NOT NULL DEFAULT 0,
  ADD COLUMN IF NOT EXISTS fail_class varchar(32) COLLATE ascii_bin DEFAULT NULL,
  ADD COLUMN IF NOT EXISTS fail_detail varchar(500) COLLATE ascii_bin DEFAULT NULL,
  ADD COLUMN IF NOT EXISTS lease_owner varchar(128) COLLATE ascii_bin DEFAULT NULL,
  ADD COLUMN IF NOT EXISTS lease_until bigint NOT NULL DEFAULT 0;

ALTER TABLE certs
  ADD INDEX IF NOT EXISTS certs_due (enable, ts_due),
  ADD INDEX IF NOT EXISTS certs_lease (lease_owner),
  ADD INDEX IF NOT EXISTS certs_key (key_sha256);

-- One row per migration applied; the newest speaks: a program that reads
-- (writes) must know at least the version min_reader (min_writer).
CREATE TABLE IF NOT EXISTS schema_version (
  version int NOT NULL PRIMARY KEY,
  min_reader int NOT NULL,
  min_writer int NOT NULL,
  ts_applied bigint NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin;

-- What a restart resumes. Slots leave room for a next key and a second CA.
CREATE TABLE IF NOT EXISTS orders (
  name varchar(250) NOT NULL,
  slot int NOT NULL,
  ca_name varchar(64) NOT NULL,
  account varchar(1000),
  key_sha256 char(64),
  url varchar(1000),
  state varchar(16) NOT NULL,
  ts_created bigint NOT NULL,
  PRIMARY KEY (name, slot)
) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin;

-- Proofs of control that lie, or may lie, somewhere: written before the
-- change, removed after its removal.
CREATE TABLE IF NOT EXISTS proofs (
  id char(64) NOT NULL PRIMARY KEY,
  name varchar(250) NOT NULL,
  slot int NOT NULL,
  lease_owner varchar(128) NOT NULL,
  type varchar(16) NOT NULL,
  zone varchar(255),
  server varchar(255),
  owner varchar(1000) NOT NULL,
  value varchar(1000) NOT NULL,
  ts_created bigint NOT NULL,
  KEY proofs_lease (lease_owner, ts_created)
) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin;

-- Every order tried, and its outcome: "ok" or a class of failure.
CREATE TABLE IF NOT EXISTS attempts (
  id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name varchar(250) NOT NULL,
  ca_name varchar(64) NOT NULL,
  account varchar(1000),
  order_url varchar(1000),
  outcome varchar(32) NOT NULL,
  detail varchar(500),
  ts_start bigint NOT NULL,
  ts_end bigint NOT NULL,
  KEY attempts_name (name, ts_start),
  KEY attempts_account (ca_name, account, ts_start)
) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin;

-- A CA as a whole: its account and its backoff.
CREATE TABLE IF NOT EXISTS cas (
  name varchar(64) NOT NULL PRIMARY KEY,
  directory varchar(1000) NOT NULL,
  account varchar(1000),
  account_key varchar(64),
  backoff_until bigint NOT NULL DEFAULT 0,
  count_fail int NOT NULL DEFAULT 0,
  fail_class varchar(32),
  fail_detail varchar(500)
) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin;

-- Receipts: what a host says of one endpoint of one service.
CREATE TABLE IF NOT EXISTS installs (
  host varchar(255) NOT NULL,
  name varchar(250) NOT NULL,
  service varchar(64) NOT NULL,
  endpoint varchar(255) NOT NULL,
  protocol varchar(32),
  state varchar(16) NOT NULL,
  fingerprint char(64),
  serial varchar(64),
  ts_expire bigint NOT NULL DEFAULT 0,
  depth int NOT NULL DEFAULT 0,
  ts bigint NOT NULL,
  detail varchar(500),
  version varchar(32),
  PRIMARY KEY (host, name, service, endpoint),
  KEY installs_name (name)
) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin;

-- What hosts read and write. Later versions put the limits of each host
-- here; no installer changes.
CREATE OR REPLACE SQL SECURITY DEFINER VIEW host_certs AS
  SELECT name, enable, crt, ca, md5_ca, ts_expire,
    (SELECT MAX(min_reader) FROM schema_version) AS min_reader
  FROM certs;

CREATE OR REPLACE SQL SECURITY DEFINER VIEW host_installs AS
  SELECT host, name, service, endpoint, protocol, state, fingerprint, serial,
    ts_expire, depth, ts, detail, version
  FROM installs;
