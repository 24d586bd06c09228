-- SPDX-License-Identifier: MIT
-- Version 4: the fleet. Programs of the versions before go on with it, to the
-- full; what they write leaves rows of cert_facts behind, which is seen by
-- crt_sha256 and mended by init and by the fetcher.

ALTER TABLE certs
  -- notices about it go there, too: a mail address
  ADD COLUMN IF NOT EXISTS owner varchar(254) COLLATE ascii_bin DEFAULT NULL,
  -- The CSR before this one, until there is a certificate by this one: when the
  -- CA does not take the new key, renewal goes on with the old one.
  ADD COLUMN IF NOT EXISTS old_csr blob DEFAULT NULL;

-- A status reads every row, and none of its blobs: all it wants is in here.
ALTER TABLE certs
  ADD INDEX IF NOT EXISTS certs_glance (name, enable, ca_name, ts_expire,
    ts_expire_seen, ts_not_before, ts_due, ts_next_attempt, ts_last_update,
    count_fail_update, renew, held, fail_class, lease_until, crt_sha256,
    ari_crt, ts_ari, owner);

-- What the certificate of a row says, one row for each that has one.
CREATE TABLE IF NOT EXISTS cert_facts (
  name varchar(250) NOT NULL PRIMARY KEY,
  -- of the bytes of crt that all of this is from; another one: stale
  crt_sha256 char(64) NOT NULL,
  -- SHA-256 of the leaf, and of that before it (NULL: there was none)
  fingerprint char(64) NOT NULL,
  old_fingerprint char(64) DEFAULT NULL,
  ts_not_before bigint NOT NULL,
  ts_not_after bigint NOT NULL,
  -- when it came into the store; 0: not known
  ts_stored bigint NOT NULL DEFAULT 0,
  -- "rsa2048", "P-256", ...; its key (SubjectPublicKeyInfo), since when that
  -- was seen, and how many certificates on it were
  key_type varchar(32) NOT NULL,
  key_sha256 char(64) NOT NULL,
  ts_key bigint NOT NULL DEFAULT 0,
  key_certs int NOT NULL DEFAULT 1,
  -- the issuer's common name, or all of its name
  issuer varchar(255) NOT NULL,
  -- how many names it has, and SHA-256 of them, sorted, a newline behind each
  n_names int NOT NULL,
  names_sha256 char(64) NOT NULL,
  -- 1: a client may show it (extended key usage clientAuth, or none at all)
  client_auth tinyint NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin;

-- Hosts with an account of their own.
CREATE TABLE IF NOT EXISTS hosts (
  host varchar(255) NOT NULL PRIMARY KEY,
  -- of MariaDB; without the part behind @
  account varchar(128) NOT NULL,
  ts_added bigint NOT NULL,
  comment varchar(255) DEFAULT NULL,
  UNIQUE KEY hosts_account (account)
) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin;

-- What an account may read, and as which host it may speak of it. An account
-- that all hosts share has ('certrepo-host', '*', '*').
CREATE TABLE IF NOT EXISTS host_names (
  account varchar(128) NOT NULL,
  name varchar(250) NOT NULL,
  host varchar(255) NOT NULL,
  PRIMARY KEY (account, name, host),
  KEY host_names_name (name)
) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin;

-- Requests that hosts sent, until a person or a rule decides, and what was
-- decided.
CREATE TABLE IF NOT EXISTS host_requests (
  id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
  -- by which account it came; '': SQLite, which knows none
  account varchar(128) NOT NULL,
  host varchar(255) NOT NULL,
  -- as the host's configuration has it
  name varchar(250) NOT NULL,
  csr blob NOT NULL,
  key_sha256 char(64) NOT NULL,
  -- 1: the host has a key for it, and asks for another
  new_key tinyint NOT NULL DEFAULT 0,
  -- pending, approved, rejected
  state varchar(16) NOT NULL,
  -- to the host: why it was rejected, or under which name it was approved
  reason varchar(500) DEFAULT NULL,
  as_name varchar(250) DEFAULT NULL,
  -- by the host's clock; and when it was decided, 0: it was not
  ts bigint NOT NULL,
  ts_decided bigint NOT NULL DEFAULT 0,
  UNIQUE KEY host_requests_one (account, host, name, key_sha256),
  KEY host_requests_state (state, id)
) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin;

-- Instances of the fetcher, and their last runs.
CREATE TABLE IF NOT EXISTS fetchers (
  -- as leases have it
  instance varchar(128) NOT NULL PRIMARY KEY,
  host varchar(255) NOT NULL,
  version varchar(32) NOT NULL,
  ts_start bigint NOT NULL,
  -- 0: it is at it, or was killed
  ts_end bigint NOT NULL DEFAULT 0,
  -- the last one that came to its end with the store and its CAs at hand
  ts_ok bigint NOT NULL DEFAULT 0,
  -- of the last run that ended: its exit status, orders that went well and not
  status int NOT NULL DEFAULT 0,
  n_ok int NOT NULL DEFAULT 0,
  n_failed int NOT NULL DEFAULT 0,
  detail varchar(500) DEFAULT NULL
) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin;

-- How many attempts ended so, each day (ts_end / 86400); those of days long
-- past are added up as day 0. Attempts are deleted, these are not.
CREATE TABLE IF NOT EXISTS attempt_totals (
  day int NOT NULL,
  ca_name varchar(64) NOT NULL,
  outcome varchar(32) NOT NULL,
  -- whose count it is: no fetcher waits for another's; '': nobody's
  instance varchar(128) NOT NULL DEFAULT '',
  n bigint NOT NULL,
  PRIMARY KEY (day, ca_name, outcome, instance)
) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin;

-- So far nobody has counted; repeated, it gives the same.
REPLACE INTO attempt_totals (day, ca_name, outcome, instance, n)
  SELECT ts_end DIV 86400, ca_name, outcome, '', COUNT(*) FROM attempts
  WHERE ts_end BETWEEN 86400 AND 99999999999999 GROUP BY 1, 2, 3;

-- What the fetcher's configuration says that a status must know, and has not
-- where only `store` is configured.
CREATE TABLE IF NOT EXISTS settings (
  name varchar(64) NOT NULL PRIMARY KEY,
  value varchar(7000) NOT NULL,
  ts bigint NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin;

-- What the owner of a name was told of it, and when, by whichever fetcher; no
-- row: nothing, or that it is over. told: a hash of what.
CREATE TABLE IF NOT EXISTS owner_notices (
  name varchar(250) NOT NULL PRIMARY KEY,
  owner varchar(254) NOT NULL,
  ts bigint NOT NULL,
  told char(16) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=ascii COLLATE=ascii_bin;

-- NULL: an installer of a version before wrote it.
ALTER TABLE installs
  ADD COLUMN IF NOT EXISTS profile varchar(64) DEFAULT NULL,
  -- what the service needs of a certificate: "clientAuth", or ''
  ADD COLUMN IF NOT EXISTS needs varchar(64) DEFAULT NULL,
  -- of the host: seconds between two signs of life
  ADD COLUMN IF NOT EXISTS heartbeat bigint DEFAULT NULL,
  -- when its next window begins, 0: it has none and waits for nothing
  ADD COLUMN IF NOT EXISTS ts_window bigint DEFAULT NULL;
