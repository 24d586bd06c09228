#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# What a host that has gone over to the enemy says to MariaDB, for a client that
# goes on after errors: hostile.py N DIR makes N files of it. Each line of what was found to
# block a fetcher by a view, and all that a session can set, before and around
# the procedures that it may call. Its account is h1, its host h1.example.org,
# its names n1 and n2.
import json
import random
import sys

HOST = "h1.example.org"
ROUNDS = 2000
rnd = random.Random(7)


def text(s):
    """It, or the variable that holds it: each is sent to the server once."""
    if s in VARIABLES:
        return "@v%d" % VARIABLES.index(s)
    return "'" + s.replace("\\", "\\\\").replace("'", "\\'") + "'"


def receipts(n, name="n1"):
    return json.dumps([{"name": name, "service": "s%d" % rnd.randrange(40),
                        "endpoint": "e%d" % i, "state": "served", "ts": i,
                        "detail": "x" * 400} for i in range(n)])


VARIABLES = []
RECEIPTS = [receipts(1), receipts(9), receipts(500), receipts(500),
            receipts(600), receipts(3, "n3")]
NAMES = [
    json.dumps(["n1", "n2"]),
    json.dumps(["n%d" % i for i in range(500)]),
    json.dumps(["n1"] * 500),
    json.dumps([["n1"] * 9] * 9),
    json.dumps(["n1"] * 100000),
    "[" * 60 + "]" * 60,
    '["n1\\u0000", "\\u00e9", "%", "n_", "n1 ", "N1", "*"]',
    "[", "", "7",
]
SESSION = [
    "SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "SET SESSION TRANSACTION READ ONLY", "SET SESSION TRANSACTION READ WRITE",
    "SET autocommit=0", "SET autocommit=1", "SET completion_type=0",
    "SET completion_type=1", "SET completion_type=2",
    "SET SESSION max_statement_time=0", "SET SESSION idle_transaction_timeout=0",
    # cut off in the middle of a call, and on with what that left open
    "SET SESSION max_statement_time=0.0003", "SET SESSION max_statement_time=0.002",
    "SET SESSION innodb_lock_wait_timeout=1000", "SET SESSION lock_wait_timeout=1000",
    "SET SESSION sql_mode=''", "SET SESSION sql_mode='ANSI,ORACLE'",
    "SET SESSION foreign_key_checks=0", "SET SESSION tmp_memory_table_size=0",
    "SET SESSION optimizer_switch='semijoin=off,materialization=off'",
    "SET SESSION join_buffer_size=1024", "SET NAMES latin1", "SET NAMES utf8mb4",
]
TX = [
    "START TRANSACTION", "START TRANSACTION WITH CONSISTENT SNAPSHOT",
    "START TRANSACTION READ ONLY", "BEGIN", "COMMIT", "ROLLBACK",
    "COMMIT AND CHAIN", "SAVEPOINT a", "XA START 'x%d'" % rnd.randrange(9),
    "XA END 'x1'", "XA PREPARE 'x1'", "XA ROLLBACK 'x1'",
]
# By the view, the tables, or the server: refused, one and all.
REFUSED = [
    "SELECT * FROM host_certs WHERE name='n1' FOR UPDATE",
    "SELECT * FROM host_certs WHERE name='n3' FOR UPDATE",
    "SELECT * FROM host_certs LOCK IN SHARE MODE",
    "SELECT * FROM certs FOR UPDATE", "SELECT COUNT(*) FROM certs",
    "SELECT * FROM host_names", "SELECT * FROM installs FOR UPDATE",
    "INSERT INTO host_installs SELECT * FROM host_installs",
    "INSERT INTO installs (host, name, service, endpoint, state, ts) "
    "SELECT 'h1.example.org', name, 's', 'e', 'x', 1 FROM certs",
    "LOCK TABLES certs WRITE", "LOCK TABLES host_certs READ",
    "FLUSH TABLES WITH READ LOCK", "FLUSH TABLES", "HANDLER host_certs OPEN",
    "HANDLER certs OPEN", "TRUNCATE installs", "DELETE FROM installs",
    "UPDATE certs SET enable='N'", "DROP PROCEDURE host_certs_get",
    "ALTER TABLE certs ADD COLUMN x int", "CREATE TEMPORARY TABLE certs (x int)",
    "CREATE TEMPORARY TABLE host_names (account int)", "CREATE TABLE x (x int)",
    "BACKUP STAGE START", "SET GLOBAL read_only=1", "SHOW CREATE VIEW host_certs",
    "SHOW CREATE PROCEDURE host_certs_get", "KILL 1", "SHUTDOWN",
    "SELECT GET_LOCK('certrepo', 0)", "DO SLEEP(0.2)",
    "CREATE PROCEDURE p() CALL host_certs_get('[]')",
]


def call():
    k = rnd.randrange(8)
    if k < 3:
        return "CALL host_certs_get(%s)" % text(rnd.choice(NAMES))
    if k < 6:
        return "CALL host_receipts_put(%s, %s, %s)" % (
            text(rnd.choice([HOST, HOST, HOST, "h2.example.org", "h1", "*"])),
            text(rnd.choice(RECEIPTS + NAMES)),
            rnd.choice(["NULL", "'[]'", text(rnd.choice(NAMES))]))
    if k == 6:
        return ("CALL host_requests_put(%s, 'new%d.example.org', REPEAT('c', %d)"
                ", SHA2('%d', 256), 0, 1)" % (
                    text(HOST), rnd.randrange(300), rnd.choice([9, 60000, 70000]),
                    rnd.randrange(9)))
    return "CALL host_requests_mine(%s)" % text(HOST)


for n in range(int(sys.argv[1])):
    with open("%s/hostile.%d" % (sys.argv[2], n), "w", encoding="utf-8") as f:
        VARIABLES = []
        for i, v in enumerate(RECEIPTS + NAMES):
            print("SET @v%d = %s;" % (i, text(v)), file=f)
        VARIABLES = RECEIPTS + NAMES
        for _ in range(ROUNDS):
            for kind in (SESSION, TX, REFUSED):
                print(rnd.choice(kind) + ";", file=f)
            for _ in range(3):
                print(call() + ";", file=f)
            if rnd.randrange(9) == 0:
                print("DO SLEEP(0.3);", file=f)  # with what is open
