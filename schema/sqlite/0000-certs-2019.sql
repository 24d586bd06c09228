-- SPDX-License-Identifier: MIT
-- Version 0: the table of the system of 2019, its columns by the same names.
CREATE TABLE certs (
  name TEXT NOT NULL PRIMARY KEY CHECK (length(name) <= 250),
  enable TEXT DEFAULT 'Y' CHECK (enable IN ('Y', 'N')),
  comment TEXT,
  certbot TEXT DEFAULT 'N' CHECK (certbot IN ('Y', 'N')),
  csr BLOB NOT NULL,
  ca BLOB,
  crt BLOB,
  md5_modulus TEXT NOT NULL,
  md5_ca TEXT DEFAULT NULL,
  ts_expire INTEGER DEFAULT NULL,
  ts_last_update INTEGER DEFAULT NULL,
  count_fail_update INTEGER DEFAULT NULL,
  old_ca BLOB,
  old_crt BLOB,
  webroot_path TEXT
);
