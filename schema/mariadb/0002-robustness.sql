-- SPDX-License-Identifier: MIT
-- Version 2: programs of version 1 go on with it, to the full.

ALTER TABLE orders
  -- when the order came into its state; NULL: a program of version 1 wrote it
  ADD COLUMN IF NOT EXISTS ts_state bigint DEFAULT NULL,
  -- until when the CA keeps it (RFC 8555 section 7.1.3); NULL: it did not say
  ADD COLUMN IF NOT EXISTS ts_expires bigint DEFAULT NULL;

-- Instants that lie further ahead than they may are found by it.
ALTER TABLE certs
  ADD INDEX IF NOT EXISTS certs_next (enable, ts_next_attempt);
