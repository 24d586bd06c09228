#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A MariaDB that misbehaves: fake_mariadb.py DIR LOG

Listens on a unix socket DIR/NAME.sock for each NAME below; what it does wrong
there is what NAME says. It speaks enough of the protocol for one statement at
a time: greeting, OK, prepare and execute in one go. To a query for
host_certs it answers with the columns of the host's query, to one of
installs with those of receipts, to schema_version with a newer version. LOG gets
what the client sent, in hex, a line for each packet. "ready" on stdout."""
import os
import socket
import struct
import sys
import threading
import time

LONGLONG, VARCHAR, BLOB, DOUBLE = 8, 253, 252, 5
BULK_OPERATIONS = 4
EOF_MORE = b"\xfe\x00\x00\x0a\x00"
EOF = b"\xfe\x00\x00\x02\x00"
OK = b"\x00\x00\x00\x02\x00\x00\x00"
FOREVER = 1 << 30


def lenenc(data):
    n = len(data)
    if n < 251:
        return bytes([n]) + data
    if n < 1 << 16:
        return b"\xfc" + struct.pack("<H", n) + data
    return b"\xfd" + struct.pack("<I", n)[:3] + data


class Gone(Exception):
    pass


class Peer:
    def __init__(self, name, conn, nth, log):
        self.name, self.conn, self.nth, self.log = name, conn, nth, log
        self.seq = 0

    def recv(self, n):
        data = b""
        while len(data) < n:
            more = self.conn.recv(n - len(data))
            if not more:
                raise Gone
            data += more
        return data

    def packet(self):
        head = self.recv(4)
        data = self.recv(int.from_bytes(head[:3], "little"))
        self.seq = head[3] + 1
        self.log(self.name, data)
        return data

    def raw(self, data):
        if self.name.startswith("drip") and (
            self.name == "drip-greeting" or self.started
        ):
            for i in range(len(data)):
                self.conn.sendall(data[i : i + 1])
                time.sleep(0.3)
        self.conn.sendall(data)

    started = False

    def send(self, data):
        while True:
            part, data = data[:0xFFFFFF], data[0xFFFFFF:]
            self.raw(struct.pack("<I", len(part))[:3] + bytes([self.seq & 255]) + part)
            self.seq += 1
            if len(part) < 0xFFFFFF:
                return

    def column(self, name, kind, flags=0):
        n = lenenc(name.encode())
        return (
            lenenc(b"def") + lenenc(b"d") + lenenc(b"t") + lenenc(b"t") + n + n
            + b"\x0c" + struct.pack("<HIBHB", 63, 20 if kind < 10 else 1 << 20, kind, flags, 0)
            + b"\0\0"
        )

    def row(self, columns, values):
        nulls = bytearray((len(columns) + 9) // 8)
        body = b""
        for i, ((_, kind), v) in enumerate(zip(columns, values)):
            if v is None:
                nulls[(i + 2) // 8] |= 1 << ((i + 2) % 8)
            elif kind == LONGLONG:
                body += struct.pack("<q", v)
            elif kind == DOUBLE:
                body += struct.pack("<d", v)
            else:
                body += lenenc(v)
        return b"\0" + bytes(nulls) + body

    # --- the conversation ---

    def greet(self):
        caps = 0x2 | 0x4 | 0x8 | 0x200 | 0x2000 | 0x8000 | 0x70000 | 0x80000
        plugin = b"mysql_native_password"
        if self.name == "bad-greeting":
            self.raw(b"SSH-2.0-OpenSSH_9.2p1\r\n")
            self.recv(1)
        if self.name == "close-greeting":
            raise Gone
        self.send(
            b"\x0a5.5.5-10.11.19-MariaDB\0" + struct.pack("<I", 7) + b"12345678\0"
            + struct.pack("<HBHHB", caps & 0xFFFF, 45, 2, caps >> 16, 21) + b"\0" * 6
            + struct.pack("<I", BULK_OPERATIONS) + b"abcdefghijkl\0" + plugin + b"\0"
        )
        self.packet()
        asks = {"clear": b"mysql_clear_password\0", "dialog": b"dialog\0\x02Password:"}
        if self.name in asks:
            self.send(b"\xfe" + asks[self.name])
            self.packet()
        if self.name == "denied":
            self.send(b"\xff\x15\x04#28000Access denied")
            raise Gone
        self.send(OK)

    def tables(self, sql):
        text = b"www.example.org"
        if "schema_version" in sql and "host_certs" not in sql:
            return [("version", LONGLONG), ("r", LONGLONG), ("w", LONGLONG)], [99, 1, 1]
        if "FROM installs" in sql:
            columns = [(str(i), VARCHAR) for i in range(8)]
            columns += [(str(i), LONGLONG) for i in range(3)]
            columns += [(str(i), VARCHAR) for i in range(4)]
            columns += [("heartbeat", LONGLONG), ("ts_window", LONGLONG)]
            return columns, (
                [text] * 8 + [1] * 3 + [b"x" * 900] + [b"1"] * 3 + [1] * 2
            )
        columns = [("name", VARCHAR), ("enable", VARCHAR), ("crt", BLOB)]
        columns += [("ca", BLOB), ("min_reader", LONGLONG)]
        values = [text, b"Y", b"CRT", b"CA", 1]
        if self.name == "more-columns":
            columns, values = columns + columns[:1], values + values[:1]
        if self.name == "fewer-columns":
            columns, values = columns[:3], values[:3]
        if self.name == "many-columns":
            columns, values = columns * 900, values * 900
        return columns, values

    def answer(self, columns, values):
        """The packets of a result; some are wrong."""
        name = self.name
        rows = 1
        if name == "null-name":
            values[0] = None
        if name == "nul-name":
            values[0] = b"www\0.example.org"
        if name == "int-for-text":
            columns[1], values[1] = ("enable", LONGLONG), 1
        if name == "text-for-int":
            columns[4], values[4] = ("min_reader", VARCHAR), b"1"
        if name == "double-for-int":
            columns[4], values[4] = ("min_reader", DOUBLE), 1.5
        if name == "unknown-type":
            columns[4], values[4] = ("min_reader", 0x99), b"1"
        if name == "changed-columns":
            columns, values = columns + columns[:1], values + values[:1]
        if name == "large-value":
            values[2] = b"x" * 200000
        if name == "large-row":
            values[2] = b"x" * 3000000
        if name == "huge-row":
            values[2] = b"x" * 20000000
        if name in ("two-rows", "more-rows-than-asked"):
            rows = 2
        if name in ("endless", "endless-receipts"):
            rows = FOREVER
        if name == "no-result":
            yield OK
            return
        if name == "infile":
            yield b"\xfb/etc/hostname"
            self.packet()
            return
        if name == "error":
            yield b"\xff\x7a\x04#42S02Table 'd.t' doesn't exist"
            return
        yield bytes([len(columns)]) if len(columns) < 251 else b"\xfc" + struct.pack(
            "<H", len(columns)
        )
        for c in columns:
            yield self.column(*c)
        yield EOF
        if name == "close-rows" or (name == "flaky" and self.nth == 1):
            raise Gone
        self.started = name == "drip-rows"
        row = self.row(columns, values)
        if name == "short-row":
            row = row[:3]
        if name == "long-length":
            row = row[:2] + b"\xfe\xff\xff\xff\xff\xff\xff\xff\x7f" + row[2:]
        if name == "length-beyond":
            row = row[:2] + b"\xfd\xff\xff\x0f" + row[2:]
        if name == "null-length":
            row = row[:2] + b"\xfb" + row[3:]
        if name == "garbage-row":
            row = bytes(range(1, 255)) * 8
        if name == "silent":
            self.recv(1)
        if name == "progress":
            for _ in range(FOREVER):
                yield b"\xff\xff\xff\x01\x01\x02\x00\x00\x00\x03abc"
        for _ in range(rows):
            yield row
        if name == "more-answers":
            for _ in range(FOREVER):
                yield EOF_MORE
        yield EOF

    def prepared(self, sql):
        columns, values = self.tables(sql)
        params = sql.count("?")
        if self.name == "close-prepare":
            raise Gone
        if self.name == "bad-prepare":
            self.raw(b"\xa5" * 5000)
            self.recv(1)
        if self.name == "more-params":
            params += 9
        if self.name == "no-params":
            params = 0
        n = 300 if self.name == "promises-columns" else len(columns)
        if self.name == "many-params":
            self.send(struct.pack("<BIHHBH", 0, 1, n, 0x8001, 0, 0))
        else:
            self.send(struct.pack("<BIHHBH", 0, 1, n, params, 0, 0))
        if self.name == "endless-params":
            self.flood()
        for described in ([("?", VARCHAR)] * params, columns):
            for c in described:
                self.send(self.column(*c))
            if not described:
                continue
            if self.name == "more-params-to-come" and described is not columns:
                self.send(EOF_MORE)
                raise Gone
            self.send(EOF)

    def flood(self):
        """Descriptions of a column, as large as they get, without end."""
        rest = lenenc(b"t") + lenenc(b"t") + lenenc(b"n") + lenenc(b"n")
        body = (
            lenenc(b"def") + lenenc(b"d" * 60000) + rest
            + b"\x0c" + struct.pack("<HIBHB", 63, 20, VARCHAR, 0, 0) + b"\0\0"
        )
        first = self.seq & 255
        buf = b"".join(
            struct.pack("<I", len(body))[:3] + bytes([(first + i) & 255]) + body
            for i in range(256)
        )
        while True:
            self.conn.sendall(buf)

    def is_right(self, sql):
        """What a scenario is about is not the schema's version."""
        return "schema_version" in sql and "host_certs" not in sql

    def serve(self):
        self.greet()
        sql = ""
        while True:
            data = self.packet()
            self.started = self.name == "drip"
            if data[:1] == b"\x03" and self.name == "endless-init":
                self.send(b"\x05")
                self.flood()
            elif data[:1] == b"\x03":
                self.send(OK)
            elif data[:1] == b"\x16":
                sql = data[1:].decode(errors="replace")
                self.prepared(sql)
            elif data[:1] == b"\x17":
                columns, values = self.tables(sql)
                keep = self.name
                if self.is_right(sql):
                    self.name = "good"
                for p in self.answer(columns, values):
                    self.send(p)
                self.name = keep
            elif data[:1] == b"\x01":
                return
            elif data[:1] != b"\x19":
                self.send(OK)


NAMES = """good denied clear dialog infile error no-result bad-greeting
close-greeting close-prepare close-rows bad-prepare more-params no-params
promises-columns null-name nul-name int-for-text text-for-int double-for-int
unknown-type more-columns changed-columns fewer-columns many-columns large-value large-row
huge-row two-rows endless endless-receipts flaky short-row long-length
length-beyond null-length garbage-row silent progress more-answers drip
drip-rows drip-greeting many-params more-params-to-come endless-params
endless-init""".split()


def talk(peer):
    try:
        peer.serve()
    except (Gone, OSError):
        pass
    finally:
        peer.conn.close()


def listen(name, folder, log):
    s = socket.socket(socket.AF_UNIX)
    s.bind(os.path.join(folder, name + ".sock"))
    s.listen(20)
    nth = 0
    while True:
        conn, _ = s.accept()
        nth += 1
        peer = Peer(name, conn, nth, log)
        threading.Thread(target=talk, args=(peer,), daemon=True).start()


def main():
    folder, path = sys.argv[1:]
    lock = threading.Lock()

    def log(name, data):
        with lock, open(path, "a") as f:
            f.write("%s %s\n" % (name, data.hex()))

    for name in NAMES:
        threading.Thread(target=listen, args=(name, folder, log), daemon=True).start()
    while sum(n.endswith(".sock") for n in os.listdir(folder)) < len(NAMES):
        time.sleep(0.02)
    print("ready", flush=True)
    time.sleep(600)


main()
