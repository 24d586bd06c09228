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
-- The two views belong to 'certrepo-owner'@'localhost', which init makes, or
-- says how.

-- certrepo-populate by hand, all but init, on the central host (admin.conf).
CREATE USER IF NOT EXISTS 'certrepo-populate'@'%'
  IDENTIFIED BY @PASSWORD@ REQUIRE SSL;
GRANT SELECT, INSERT, UPDATE, DELETE ON certrepo.certs
  TO 'certrepo-populate'@'%';
GRANT SELECT, DELETE ON certrepo.orders TO 'certrepo-populate'@'%';
GRANT SELECT, DELETE ON certrepo.installs TO 'certrepo-populate'@'%';
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
GRANT SELECT ON certrepo.schema_version TO 'certrepo-fetcher'@'%';

-- certrepo-installer, on the hosts: certificates are public, so one account
-- may do for all; an account for each host tells them apart. It sees nothing
-- but the two views. (DELETE, because a receipt replaces the one before.)
CREATE USER IF NOT EXISTS 'certrepo-host'@'%'
  IDENTIFIED BY @PASSWORD@ REQUIRE SSL;
GRANT SELECT ON certrepo.host_certs TO 'certrepo-host'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE ON certrepo.host_installs
  TO 'certrepo-host'@'%';
