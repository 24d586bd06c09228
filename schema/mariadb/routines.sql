-- SPDX-License-Identifier: MIT
-- What hosts call. Not a migration: each certrepo-populate init makes these
-- anew where they are not as here, on a server that can (MariaDB 10.6 and later,
-- for JSON_TABLE), or prints them for an administrator where its account may
-- not. A statement of one line ends in ; one of several in //.
--
-- They belong to 'certrepo-owner'@'localhost', which is locked, and run with
-- its rights. Whom they serve is the session's account, without the part
-- behind @ (of several, the last one: an account may be named h2@x), and what
-- that may, the tables hosts and host_names say. An account that all hosts
-- share has the name '*' of the host '*' there, and may all. One that is in
-- neither, but may call (by a right on the whole database, say), is told what
-- the server says where it may not (1370): it goes on by the views, as ever.
--
-- A session may be as hostile as it likes: with a transaction open,
-- SERIALIZABLE, read only, chaining. And each call may be cut off between any
-- two statements (SET max_statement_time, KILL QUERY), past all its handlers:
-- what is open then, stays open, with its locks, as long as the session likes.
-- So each begins with COMMIT, and has no transaction of more than one statement:
-- with autocommit, a statement that is cut off is undone, and its locks are
-- gone with it. What must not come apart is one statement. At READ COMMITTED,
-- with unique keys given in full, that reads certs and host_names without a
-- lock, and locks no rows of others and no gaps (REPEATABLE READ would). Counts
-- that are a limit are taken before: sessions at once may go beyond it by what
-- they send. No result is sent while a lock is held: a client that does not
-- read would keep it. What comes in has a length, and lists have a number of
-- elements. (What this does not hold for: an account that may write the view
-- host_installs, or lock host_certs by SELECT, as versions before had it.)
--
-- Trailing blanks do not count where strings are compared; so what has any is
-- turned away, and what is stored is what was compared.

SET sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO';
DELIMITER //

-- The rows of names, a JSON list of strings, as far as this account may read
-- them: name, enable, crt, ca, min_reader. (A table of 2019 may be ascii_bin or
-- ascii_general_ci: of a bin and another one MariaDB compares by bin, so that
-- its index serves either.)
CREATE OR REPLACE DEFINER = 'certrepo-owner'@'localhost'
PROCEDURE host_certs_get(IN p_names mediumtext CHARACTER SET utf8mb4)
READS SQL DATA SQL SECURITY DEFINER COMMENT '@VERSION@'
BEGIN
  DECLARE me varchar(128) CHARACTER SET ascii COLLATE ascii_bin DEFAULT
    LEFT(SESSION_USER(), CHAR_LENGTH(SESSION_USER()) -
      LOCATE('@', REVERSE(SESSION_USER())));
  DECLARE everything int DEFAULT 0;

  COMMIT AND NO CHAIN NO RELEASE;
  SET SESSION autocommit = 1;
  SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE;
  IF LENGTH(p_names) > 200000 OR NOT JSON_VALID(p_names) OR
      JSON_LENGTH(p_names) > 500 THEN
    SIGNAL SQLSTATE '22023' SET MYSQL_ERRNO = 1406,
      MESSAGE_TEXT = 'host_certs_get takes a list of at most 500 names';
  END IF;
  SELECT COUNT(*) INTO everything FROM host_names h
    WHERE h.account = me AND h.name = '*' AND h.host = '*';
  IF NOT EXISTS (SELECT 1 FROM hosts h WHERE h.account = me) AND
      NOT EXISTS (SELECT 1 FROM host_names h WHERE h.account = me) THEN
    SIGNAL SQLSTATE '42000' SET MYSQL_ERRNO = 1370, MESSAGE_TEXT =
      'this account is none that host add made: it may read the views';
  END IF;
  SELECT c.name, c.enable, c.crt, c.ca,
      (SELECT MAX(v.min_reader) FROM schema_version v) AS min_reader
    FROM (SELECT DISTINCT t.name FROM JSON_TABLE(p_names, '$[*]' COLUMNS (
        name varchar(250) CHARACTER SET ascii COLLATE ascii_general_ci
          PATH '$')) t WHERE t.name IS NOT NULL) j
    JOIN certs c ON c.name = j.name
    WHERE everything > 0 OR EXISTS (SELECT 1 FROM host_names h
      WHERE h.account = me AND h.name = c.name);
END//

-- What a host says of itself, all at once. p_receipts: a JSON list of objects
-- with the columns of installs as keys (but host; those left out are NULL,
-- numbers 0); each takes the place of what was said of the same. p_keep: a JSON
-- list of objects name, service, endpoint: what was said of anything else goes;
-- NULL: nothing goes. The result: the names of receipts that were not taken,
-- since this account may not speak of them.
CREATE OR REPLACE DEFINER = 'certrepo-owner'@'localhost'
PROCEDURE host_receipts_put(
  IN p_host varchar(255) CHARACTER SET ascii COLLATE ascii_bin,
  IN p_receipts mediumtext CHARACTER SET utf8mb4,
  IN p_keep mediumtext CHARACTER SET utf8mb4)
MODIFIES SQL DATA SQL SECURITY DEFINER COMMENT '@VERSION@'
BEGIN
  DECLARE me varchar(128) CHARACTER SET ascii COLLATE ascii_bin DEFAULT
    LEFT(SESSION_USER(), CHAR_LENGTH(SESSION_USER()) -
      LOCATE('@', REVERSE(SESSION_USER())));
  DECLARE everything, its, n int DEFAULT 0;

  COMMIT AND NO CHAIN NO RELEASE;
  SET SESSION autocommit = 1;
  SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE;
  -- What a blank or a dollar means is not the session's to say.
  SET SESSION default_regex_flags = '';
  IF LENGTH(p_receipts) > 2000000 OR NOT JSON_VALID(p_receipts) OR
      JSON_LENGTH(p_receipts) > 500 OR LENGTH(p_keep) > 2000000 OR
      NOT JSON_VALID(p_keep) OR JSON_LENGTH(p_keep) > 2000 THEN
    SIGNAL SQLSTATE '22023' SET MYSQL_ERRNO = 1406, MESSAGE_TEXT =
      'host_receipts_put takes a list of at most 500 receipts, to keep 2000';
  END IF;
  SELECT COUNT(*) INTO everything FROM host_names h
    WHERE h.account = me AND h.name = '*' AND h.host = '*';
  SELECT COUNT(*) INTO its FROM (
    SELECT 1 FROM hosts h WHERE h.account = me AND h.host = p_host
    UNION ALL
    SELECT 1 FROM host_names h WHERE h.account = me AND h.host = p_host) t;
  IF NOT EXISTS (SELECT 1 FROM hosts h WHERE h.account = me) AND
      NOT EXISTS (SELECT 1 FROM host_names h WHERE h.account = me) THEN
    SIGNAL SQLSTATE '42000' SET MYSQL_ERRNO = 1370, MESSAGE_TEXT =
      'this account is none that host add made: it may read the views';
  END IF;
  IF everything + its = 0 OR p_host IS NULL OR p_host IN ('', '*') OR
      p_host RLIKE '[^!-~]' THEN
    SIGNAL SQLSTATE '42000' SET MYSQL_ERRNO = 1644, MESSAGE_TEXT =
      'this account may not speak for that host: host in installer.conf has to be the name that host add was given';
  END IF;
  SELECT COUNT(*) INTO n FROM JSON_TABLE(p_receipts, '$[*]' COLUMNS (
      name varchar(250) CHARACTER SET ascii PATH '$.name',
      service varchar(64) CHARACTER SET ascii PATH '$.service',
      endpoint varchar(255) CHARACTER SET ascii PATH '$.endpoint',
      state varchar(16) CHARACTER SET ascii PATH '$.state')) j
    WHERE j.name RLIKE '[^!-~]' OR
      CONCAT(j.service, j.endpoint, j.state) RLIKE '[^ -~]';
  IF n > 0 THEN
    SIGNAL SQLSTATE '22023' SET MYSQL_ERRNO = 1644, MESSAGE_TEXT =
      'a receipt has a name, service, endpoint or state with odd characters';
  END IF;
  -- What there will be; of what is not kept, nothing.
  SELECT COUNT(*) INTO n FROM (
    SELECT i.name, i.service, i.endpoint FROM installs i
      WHERE i.host = p_host AND p_keep IS NULL
    UNION
    SELECT i.name, i.service, i.endpoint FROM installs i
      JOIN JSON_TABLE(p_keep, '$[*]' COLUMNS (
        name varchar(250) CHARACTER SET ascii COLLATE ascii_bin PATH '$.name',
        service varchar(64) CHARACTER SET ascii COLLATE ascii_bin
          PATH '$.service',
        endpoint varchar(255) CHARACTER SET ascii COLLATE ascii_bin
          PATH '$.endpoint')) k ON k.name = i.name AND
        k.service = i.service AND k.endpoint = i.endpoint
      WHERE i.host = p_host
    UNION
    SELECT j.name, j.service, j.endpoint
      FROM JSON_TABLE(p_receipts, '$[*]' COLUMNS (
        name varchar(250) CHARACTER SET ascii COLLATE ascii_bin PATH '$.name',
        service varchar(64) CHARACTER SET ascii COLLATE ascii_bin
          PATH '$.service',
        endpoint varchar(255) CHARACTER SET ascii COLLATE ascii_bin
          PATH '$.endpoint')) j) t;
  IF n > 4000 AND everything = 0 THEN
    SIGNAL SQLSTATE '22023' SET MYSQL_ERRNO = 1406, MESSAGE_TEXT =
      'of one host at most 4000 receipts are kept';
  END IF;
  INSERT INTO installs (host, name, service, endpoint, protocol, state,
      fingerprint, serial, ts_expire, depth, ts, detail, version, profile,
      needs, heartbeat, ts_window)
    SELECT p_host, j.name, j.service, j.endpoint, j.protocol, j.state,
        j.fingerprint, j.serial, COALESCE(j.ts_expire, 0),
        COALESCE(j.depth, 0), COALESCE(j.ts, 0), j.detail, j.version,
        j.profile, j.needs, j.heartbeat, j.ts_window
      FROM JSON_TABLE(p_receipts, '$[*]' COLUMNS (
        name varchar(250) CHARACTER SET ascii COLLATE ascii_bin
          PATH '$.name' ERROR ON ERROR,
        service varchar(64) CHARACTER SET ascii COLLATE ascii_bin
          PATH '$.service' ERROR ON ERROR,
        endpoint varchar(255) CHARACTER SET ascii COLLATE ascii_bin
          PATH '$.endpoint' ERROR ON ERROR,
        protocol varchar(32) CHARACTER SET ascii COLLATE ascii_bin
          PATH '$.protocol',
        state varchar(16) CHARACTER SET ascii COLLATE ascii_bin
          PATH '$.state' ERROR ON ERROR,
        fingerprint char(64) CHARACTER SET ascii COLLATE ascii_bin
          PATH '$.fingerprint',
        serial varchar(64) CHARACTER SET ascii COLLATE ascii_bin
          PATH '$.serial',
        ts_expire bigint PATH '$.ts_expire',
        depth int PATH '$.depth',
        ts bigint PATH '$.ts',
        detail varchar(500) CHARACTER SET ascii COLLATE ascii_bin
          PATH '$.detail',
        version varchar(32) CHARACTER SET ascii COLLATE ascii_bin
          PATH '$.version',
        profile varchar(64) CHARACTER SET ascii COLLATE ascii_bin
          PATH '$.profile',
        needs varchar(64) CHARACTER SET ascii COLLATE ascii_bin
          PATH '$.needs',
        heartbeat bigint PATH '$.heartbeat',
        ts_window bigint PATH '$.ts_window')) j
      WHERE everything > 0 OR j.name = '' OR EXISTS (SELECT 1
        FROM host_names h WHERE h.account = me AND h.name = j.name AND
          h.host = p_host)
    ON DUPLICATE KEY UPDATE protocol = VALUES(protocol),
      state = VALUES(state), fingerprint = VALUES(fingerprint),
      serial = VALUES(serial), ts_expire = VALUES(ts_expire),
      depth = VALUES(depth), ts = VALUES(ts), detail = VALUES(detail),
      version = VALUES(version), profile = VALUES(profile),
      needs = VALUES(needs), heartbeat = VALUES(heartbeat),
      ts_window = VALUES(ts_window);
  IF p_keep IS NOT NULL THEN
    DELETE i FROM installs i LEFT JOIN (SELECT DISTINCT t.* FROM
      JSON_TABLE(p_keep, '$[*]' COLUMNS (
        name varchar(250) CHARACTER SET ascii COLLATE ascii_bin PATH '$.name',
        service varchar(64) CHARACTER SET ascii COLLATE ascii_bin
          PATH '$.service',
        endpoint varchar(255) CHARACTER SET ascii COLLATE ascii_bin
          PATH '$.endpoint')) t) k ON k.name = i.name AND
        k.service = i.service AND k.endpoint = i.endpoint
      WHERE i.host = p_host AND k.name IS NULL;
  END IF;

  SELECT DISTINCT j.name FROM JSON_TABLE(p_receipts, '$[*]' COLUMNS (
      name varchar(250) CHARACTER SET ascii COLLATE ascii_bin
        PATH '$.name')) j
    WHERE everything = 0 AND j.name <> '' AND NOT EXISTS (SELECT 1
      FROM host_names h WHERE h.account = me AND h.name = j.name AND
        h.host = p_host);
END//

-- What it said, as it is here: for who sends it until it has arrived.
CREATE OR REPLACE DEFINER = 'certrepo-owner'@'localhost'
PROCEDURE host_receipts_mine(
  IN p_host varchar(255) CHARACTER SET ascii COLLATE ascii_bin)
READS SQL DATA SQL SECURITY DEFINER COMMENT '@VERSION@'
BEGIN
  DECLARE me varchar(128) CHARACTER SET ascii COLLATE ascii_bin DEFAULT
    LEFT(SESSION_USER(), CHAR_LENGTH(SESSION_USER()) -
      LOCATE('@', REVERSE(SESSION_USER())));

  COMMIT AND NO CHAIN NO RELEASE;
  SET SESSION autocommit = 1;
  SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE;
  IF NOT EXISTS (SELECT 1 FROM hosts h WHERE h.account = me) AND
      NOT EXISTS (SELECT 1 FROM host_names h WHERE h.account = me) THEN
    SIGNAL SQLSTATE '42000' SET MYSQL_ERRNO = 1370, MESSAGE_TEXT =
      'this account is none that host add made: it may read the views';
  END IF;
  SELECT i.name, i.service, i.endpoint, i.state, i.fingerprint, i.ts
    FROM installs i WHERE i.host = p_host AND (
      EXISTS (SELECT 1 FROM hosts h
        WHERE h.account = me AND h.host = p_host) OR
      EXISTS (SELECT 1 FROM host_names h
        WHERE h.account = me AND (h.host = p_host OR
          h.name = '*' AND h.host = '*')))
    ORDER BY i.name, i.service, i.endpoint LIMIT 5000;
END//

-- A request. Of an account, host, name and key there is one, and an id stands
-- for one CSR for ever. The very same CSR changes nothing while it is pending,
-- or was approved and that still holds: the row it was approved as has its key,
-- and this host may read it. Anything else takes its place, pending, as a row
-- of its own, which keeps as what and when the key was approved before. The
-- result is one row: how it is now; state 'full': this host, or this account,
-- has 100 that are pending, 'refused': it may not speak for that host.
CREATE OR REPLACE DEFINER = 'certrepo-owner'@'localhost'
PROCEDURE host_requests_put(
  IN p_host varchar(255) CHARACTER SET ascii COLLATE ascii_bin,
  IN p_name varchar(250) CHARACTER SET ascii COLLATE ascii_bin,
  IN p_csr mediumblob,
  IN p_key_sha256 varchar(64) CHARACTER SET ascii COLLATE ascii_bin,
  IN p_new_key int,
  IN p_ts bigint)
MODIFIES SQL DATA SQL SECURITY DEFINER COMMENT '@VERSION@'
BEGIN
  DECLARE me varchar(128) CHARACTER SET ascii COLLATE ascii_bin DEFAULT
    LEFT(SESSION_USER(), CHAR_LENGTH(SESSION_USER()) -
      LOCATE('@', REVERSE(SESSION_USER())));
  DECLARE everything, its, same, full int DEFAULT 0;
  DECLARE old, before_ts bigint DEFAULT 0;
  DECLARE refusal, was varchar(16) CHARACTER SET ascii COLLATE ascii_bin
    DEFAULT NULL;
  DECLARE before_as varchar(250) CHARACTER SET ascii COLLATE ascii_bin
    DEFAULT NULL;
  -- Another session of this host sent it meanwhile.
  DECLARE CONTINUE HANDLER FOR 1062 BEGIN END;

  COMMIT AND NO CHAIN NO RELEASE;
  SET SESSION autocommit = 1;
  SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE;
  -- Which id is next, whether a key is unique and what an expression means is
  -- not the session's to say.
  SET SESSION insert_id = 0, unique_checks = 1, foreign_key_checks = 1,
    auto_increment_increment = @@GLOBAL.auto_increment_increment,
    auto_increment_offset = @@GLOBAL.auto_increment_offset,
    default_regex_flags = '';
  IF COALESCE(LENGTH(p_csr), 0) NOT BETWEEN 1 AND 65535 OR p_ts IS NULL OR
      p_ts < 0 OR COALESCE(p_new_key, 2) NOT IN (0, 1) OR
      COALESCE(p_name, '') = '' OR p_name RLIKE '[^a-z0-9*_.+-]' OR
      p_name RLIKE '^[.+-]' OR COALESCE(LENGTH(p_key_sha256), 0) <> 64 OR
      p_key_sha256 RLIKE '[^0-9a-f]' THEN
    SIGNAL SQLSTATE '22023' SET MYSQL_ERRNO = 1406, MESSAGE_TEXT =
      'host_requests_put: a name, a CSR or a number is none, or too long';
  END IF;
  SELECT COUNT(*) INTO everything FROM host_names h
    WHERE h.account = me AND h.name = '*' AND h.host = '*';
  SELECT COUNT(*) INTO its FROM hosts h
    WHERE h.account = me AND h.host = p_host;
  IF everything + its = 0 OR p_host IS NULL OR p_host IN ('', '*') OR
      p_host RLIKE '[^!-~]' THEN
    SET refusal = 'refused';
  END IF;
  IF refusal IS NULL THEN
    SELECT COALESCE(MAX(r.id), 0), MAX(r.state),
        COALESCE(MAX(r.csr = p_csr AND (r.state = 'pending' OR
          r.state = 'approved' AND EXISTS (SELECT 1 FROM certs c
            WHERE c.name = r.as_name AND c.key_sha256 = r.key_sha256) AND
          (everything > 0 OR EXISTS (SELECT 1 FROM host_names h
            WHERE h.account = me AND h.name = r.as_name AND
              h.host = p_host)))), 0),
        COALESCE(MAX(r.state = 'pending'), 0),
        MAX(IF(r.state = 'rejected', NULL, r.as_name)),
        COALESCE(MAX(IF(r.state = 'rejected', 0, r.ts_decided)), 0)
      INTO old, was, same, full, before_as, before_ts FROM host_requests r
      WHERE r.account = me AND r.host = p_host AND r.name = p_name AND
        r.key_sha256 = p_key_sha256;
    IF full = 0 AND same = 0 THEN
      SELECT COUNT(*) >= 100 INTO full FROM host_requests r
        WHERE r.account = me AND r.state = 'pending' AND
          (everything = 0 OR r.host = p_host);
      IF full > 0 THEN
        SET refusal = 'full';
      END IF;
    END IF;
  END IF;
  IF refusal IS NULL AND same = 0 THEN
    -- One statement each: cut off between a DELETE and an INSERT, what was
    -- approved before would be forgotten. What became of the row meanwhile
    -- stays.
    IF old = 0 THEN
      INSERT INTO host_requests (account, host, name, csr, key_sha256, new_key,
          state, as_name, ts, ts_decided)
        VALUES (me, p_host, p_name, p_csr, p_key_sha256, p_new_key, 'pending',
          NULL, p_ts, 0);
    ELSE
      REPLACE INTO host_requests (account, host, name, csr, key_sha256,
          new_key, state, as_name, ts, ts_decided)
        SELECT me, p_host, p_name, p_csr, p_key_sha256, p_new_key, 'pending',
            before_as, p_ts, before_ts
          FROM host_requests r WHERE r.id = old AND r.state = was FOR UPDATE;
    END IF;
  END IF;

  SELECT r.id, r.account, r.new_key, r.state, r.reason, r.as_name, r.ts,
      r.ts_decided
    FROM host_requests r WHERE refusal IS NULL AND r.account = me AND
      r.host = p_host AND r.name = p_name AND r.key_sha256 = p_key_sha256
    UNION ALL
    SELECT 0, '', 0, refusal, NULL, NULL, 0, 0 FROM DUAL
      WHERE refusal IS NOT NULL;
END//

-- What became of the requests of a host by this account, oldest first.
CREATE OR REPLACE DEFINER = 'certrepo-owner'@'localhost'
PROCEDURE host_requests_mine(
  IN p_host varchar(255) CHARACTER SET ascii COLLATE ascii_bin)
READS SQL DATA SQL SECURITY DEFINER COMMENT '@VERSION@'
BEGIN
  DECLARE me varchar(128) CHARACTER SET ascii COLLATE ascii_bin DEFAULT
    LEFT(SESSION_USER(), CHAR_LENGTH(SESSION_USER()) -
      LOCATE('@', REVERSE(SESSION_USER())));

  COMMIT AND NO CHAIN NO RELEASE;
  SET SESSION autocommit = 1;
  SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE;
  SELECT r.id, r.account, r.name, r.key_sha256, r.new_key, r.state, r.reason,
      r.as_name, r.ts, r.ts_decided
    FROM host_requests r WHERE r.account = me AND r.host = p_host
    ORDER BY r.ts, r.id LIMIT 1000;
END//

DELIMITER ;

GRANT EXECUTE ON PROCEDURE host_certs_get TO 'certrepo-owner'@'localhost';
GRANT EXECUTE ON PROCEDURE host_receipts_put TO 'certrepo-owner'@'localhost';
GRANT EXECUTE ON PROCEDURE host_receipts_mine TO 'certrepo-owner'@'localhost';
GRANT EXECUTE ON PROCEDURE host_requests_put TO 'certrepo-owner'@'localhost';
GRANT EXECUTE ON PROCEDURE host_requests_mine TO 'certrepo-owner'@'localhost';
