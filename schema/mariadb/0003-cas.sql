-- SPDX-License-Identifier: MIT
-- Version 3: what CAs offer, and when they want a certificate renewed.
-- Programs of versions 1 and 2 go on with it, to the full.

ALTER TABLE certs
  -- asked for in the order; NULL: what the configuration says for the CA
  ADD COLUMN IF NOT EXISTS ca_profile varchar(64) COLLATE ascii_bin DEFAULT NULL,
  -- Renewal information (RFC 9773) of the certificate whose crt_sha256 is
  -- ari_crt: of another one it says nothing. The instant that was chosen in
  -- the window from ari_start to ari_end, 0: there is none.
  ADD COLUMN IF NOT EXISTS ari_crt char(64) COLLATE ascii_bin DEFAULT NULL,
  ADD COLUMN IF NOT EXISTS ts_ari bigint NOT NULL DEFAULT 0,
  ADD COLUMN IF NOT EXISTS ari_start bigint NOT NULL DEFAULT 0,
  ADD COLUMN IF NOT EXISTS ari_end bigint NOT NULL DEFAULT 0,
  -- where the CA explains it
  ADD COLUMN IF NOT EXISTS ari_url varchar(500) COLLATE ascii_bin DEFAULT NULL,
  -- when the CA is asked again
  ADD COLUMN IF NOT EXISTS ts_ari_poll bigint NOT NULL DEFAULT 0;

ALTER TABLE certs
  ADD INDEX IF NOT EXISTS certs_ari (enable, ca_name, ts_ari_poll);

ALTER TABLE orders
  -- where the CA was found
  ADD COLUMN IF NOT EXISTS directory varchar(1000) DEFAULT NULL;

ALTER TABLE attempts
  ADD INDEX IF NOT EXISTS attempts_end (ts_end);

ALTER TABLE cas
  -- of the customer's account that ours is bound to
  ADD COLUMN IF NOT EXISTS eab_kid varchar(255) DEFAULT NULL,
  -- What the directory offered at ts_offer; NULL: not known. renewalInfo's
  -- URL, '' when it has none;
  ADD COLUMN IF NOT EXISTS renewal_info varchar(1000) DEFAULT NULL,
  -- lines of a profile's name, a tab, and what is said of it;
  ADD COLUMN IF NOT EXISTS profiles text DEFAULT NULL,
  -- the domains that CAA records name it by, blanks between them.
  ADD COLUMN IF NOT EXISTS caa varchar(1000) DEFAULT NULL,
  ADD COLUMN IF NOT EXISTS ts_offer bigint NOT NULL DEFAULT 0,
  -- Chains that came with certificates: lines of the issuer of the topmost
  -- certificate, a tab, and that certificate's SHA-256.
  ADD COLUMN IF NOT EXISTS chains text DEFAULT NULL,
  -- how its directory was found, when, and since when that fails
  ADD COLUMN IF NOT EXISTS discovered varchar(500) DEFAULT NULL,
  ADD COLUMN IF NOT EXISTS ts_discovered bigint NOT NULL DEFAULT 0,
  ADD COLUMN IF NOT EXISTS ts_down bigint NOT NULL DEFAULT 0;
