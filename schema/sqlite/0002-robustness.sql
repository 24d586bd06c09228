-- SPDX-License-Identifier: MIT
-- Version 2: see schema/mariadb/0002-robustness.sql.
ALTER TABLE orders ADD COLUMN ts_state INTEGER DEFAULT NULL;
ALTER TABLE orders ADD COLUMN ts_expires INTEGER DEFAULT NULL;

CREATE INDEX certs_next ON certs (enable, ts_next_attempt);
