-- SPDX-License-Identifier: MIT
-- Who may do what on MariaDB, for a database named certrepo. Put a password,
-- another one for each, in the place of @PASSWORD@, in quotes ('...'); without,
-- the server takes it for an error. Then, as an administrator and after
-- certrepo-populate init:
--
--	mariadb < grants.sql
--
-- certrepo-populate init is run with an account that has all rights on the
-- database (or by the server's root over its socket), and nothing else is:
--
--	CREATE DATABASE certrepo CHARACTER SET ascii COLLATE ascii_bin;
--	CREATE USER 'certrepo-admin'@'%' IDENTIFIED BY '...' REQUIRE SSL;
--	GRANT ALL ON certrepo.* TO 'certrepo-admin'@'%';
--
-- The views and procedures belong to 'certrepo-owner'@'localhost', which init
-- makes, or says how. Nobody but an administrator may CREATE TEMPORARY TABLES
-- here: one that is named as a table of ours is read in its place.

-- certrepo-populate by hand, all but init, on the central host (admin.conf).
CREATE USER IF NOT EXISTS 'certrepo-populate'@'%'
  IDENTIFIED BY @PASSWORD@ REQUIRE SSL;
GRANT SELECT, INSERT, UPDATE, DELETE ON certrepo.certs
  TO 'certrepo-populate'@'%';
GRANT SELECT, DELETE ON certrepo.orders TO 'certrepo-populate'@'%';
GRANT SELECT, DELETE ON certrepo.installs TO 'certrepo-populate'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON certrepo.cert_facts
  TO 'certrepo-populate'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON certrepo.hosts
  TO 'certrepo-populate'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON certrepo.host_names
  TO 'certrepo-populate'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON certrepo.host_requests
  TO 'certrepo-populate'@'%';
GRANT SELECT ON certrepo.settings TO 'certrepo-populate'@'%';
GRANT SELECT ON certrepo.fetchers TO 'certrepo-populate'@'%';
GRANT SELECT ON certrepo.attempts TO 'certrepo-populate'@'%';
GRANT SELECT ON certrepo.cas TO 'certrepo-populate'@'%';
GRANT SELECT ON certrepo.schema_version TO 'certrepo-populate'@'%';

-- certrepo-fetcher, on each central host. It cannot add or remove a name.
CREATE USER IF NOT EXISTS 'certrepo-fetcher'@'%'
  IDENTIFIED BY @PASSWORD@ REQUIRE SSL;
GRANT SELECT, UPDATE ON certrepo.certs TO 'certrepo-fetcher'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON certrepo.orders
  TO 'certrepo-fetcher'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON certrepo.proofs
  TO 'certrepo-fetcher'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON certrepo.cas
  TO 'certrepo-fetcher'@'%';
-- (DELETE, because it deletes what is older than 400 days.)
GRANT SELECT, INSERT, DELETE ON certrepo.attempts TO 'certrepo-fetcher'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON certrepo.attempt_totals
  TO 'certrepo-fetcher'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON certrepo.cert_facts
  TO 'certrepo-fetcher'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON certrepo.fetchers
  TO 'certrepo-fetcher'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON certrepo.settings
  TO 'certrepo-fetcher'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON certrepo.owner_notices
  TO 'certrepo-fetcher'@'%';
GRANT SELECT ON certrepo.host_requests TO 'certrepo-fetcher'@'%';
GRANT SELECT ON certrepo.schema_version TO 'certrepo-fetcher'@'%';

-- certrepo-status, wherever somebody looks. It changes nothing.
CREATE USER IF NOT EXISTS 'certrepo-status'@'%'
  IDENTIFIED BY @PASSWORD@ REQUIRE SSL;
GRANT SELECT ON certrepo.certs TO 'certrepo-status'@'%';
GRANT SELECT ON certrepo.cert_facts TO 'certrepo-status'@'%';
GRANT SELECT ON certrepo.installs TO 'certrepo-status'@'%';
GRANT SELECT ON certrepo.hosts TO 'certrepo-status'@'%';
GRANT SELECT ON certrepo.host_names TO 'certrepo-status'@'%';
GRANT SELECT ON certrepo.host_requests TO 'certrepo-status'@'%';
GRANT SELECT ON certrepo.cas TO 'certrepo-status'@'%';
GRANT SELECT ON certrepo.orders TO 'certrepo-status'@'%';
GRANT SELECT ON certrepo.attempts TO 'certrepo-status'@'%';
GRANT SELECT ON certrepo.attempt_totals TO 'certrepo-status'@'%';
GRANT SELECT ON certrepo.fetchers TO 'certrepo-status'@'%';
GRANT SELECT ON certrepo.settings TO 'certrepo-status'@'%';
GRANT SELECT ON certrepo.schema_version TO 'certrepo-status'@'%';

-- certrepo-installer, on the hosts. An account for each host is better
-- (certrepo-populate host add makes it): it reads the certificates of its host
-- alone, and speaks for that alone. This one may be shared by all, and whoever
-- has it reads every certificate, and may speak for every host; by its right
-- to SELECT from the views, which hosts of the version before need, it could
-- keep rows locked that the fetcher wants. (DELETE, because a receipt replaces
-- the one before.)
CREATE USER IF NOT EXISTS 'certrepo-host'@'%'
  IDENTIFIED BY @PASSWORD@ REQUIRE SSL;
GRANT SELECT ON certrepo.host_certs TO 'certrepo-host'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON certrepo.host_installs
  TO 'certrepo-host'@'%';
-- That it is shared: all names, all hosts.
INSERT IGNORE INTO certrepo.host_names (account, name, host)
  VALUES ('certrepo-host', '*', '*');
-- (A server older than MariaDB 10.6 has none of these: leave them out.)
GRANT EXECUTE ON PROCEDURE certrepo.host_certs_get TO 'certrepo-host'@'%';
GRANT EXECUTE ON PROCEDURE certrepo.host_receipts_put TO 'certrepo-host'@'%';
GRANT EXECUTE ON PROCEDURE certrepo.host_receipts_mine TO 'certrepo-host'@'%';
GRANT EXECUTE ON PROCEDURE certrepo.host_requests_put TO 'certrepo-host'@'%';
GRANT EXECUTE ON PROCEDURE certrepo.host_requests_mine TO 'certrepo-host'@'%';
