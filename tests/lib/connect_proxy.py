#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""An HTTPS proxy (CONNECT) that leads every name to 127.0.0.1, so that tests
have servers of names that no resolver of this machine knows.

    connect_proxy.py PORT LOG

A line "NAME:PORT" in LOG for each that was asked for; names that begin with
"gone." are refused.
"""
import socket
import sys
import threading


def copy(a, b):
    try:
        while True:
            data = a.recv(65536)
            if not data:
                break
            b.sendall(data)
    except OSError:
        pass
    for s in (a, b):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(conn, log):
    head = b""
    while b"\r\n\r\n" not in head and len(head) < 65536:
        data = conn.recv(4096)
        if not data:
            return
        head += data
    name, port = head.split()[1].decode("ascii").rsplit(":", 1)
    log.write("%s:%s\n" % (name, port))
    log.flush()
    try:
        if name.startswith("gone."):
            raise OSError
        to = socket.create_connection(("127.0.0.1", int(port)), 5)
    except OSError:
        conn.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
        conn.close()
        return
    to.settimeout(None)
    conn.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    threading.Thread(target=copy, args=(conn, to), daemon=True).start()
    copy(to, conn)


def main():
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
    with open(sys.argv[2], "a", encoding="ascii") as log:
        while True:
            conn, _ = listener.accept()
            threading.Thread(target=serve, args=(conn, log),
                             daemon=True).start()


main()
