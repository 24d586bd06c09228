#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A TCP proxy that loses an answer when told.

cutproxy.py LISTEN_PORT TARGET_PORT CONTROL: connections to 127.0.0.1:LISTEN_PORT
go to 127.0.0.1:TARGET_PORT. A new connection reads the file CONTROL: "s5"
means that its fifth piece from server to client is thrown away and the
connection closed (what the server did is done, the client does not know);
"c5" the same for the fifth piece from client to server (the server never
heard). The file then says "cut"; anything else in it lets connections pass.
"""
import os
import select
import socket
import sys


def told(control):
    try:
        with open(control) as f:
            text = f.read().strip()
    except OSError:
        return None, 0
    if text[:1] in ("s", "c") and text[1:].isdigit():
        return text[0], int(text[1:])
    return None, 0


def write(control, text):
    with open(control + ".new", "w") as f:
        f.write(text)
    os.rename(control + ".new", control)


def main():
    listen, target, control = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("127.0.0.1", listen))
    server.listen(64)
    peers, plans = {}, {}

    def close(a):
        b = peers.pop(a)
        peers.pop(b)
        plans.pop(a, None)
        plans.pop(b, None)
        a.close()
        b.close()

    while True:
        ready, _, _ = select.select([server, *peers], [], [])
        for a in ready:
            if a is server:
                client, _ = server.accept()
                try:
                    upstream = socket.create_connection(("127.0.0.1", target))
                except OSError:
                    client.close()
                    continue
                side, n = told(control)
                for x in (client, upstream):
                    x.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                peers[client], peers[upstream] = upstream, client
                if side:
                    plans[upstream if side == "s" else client] = n
                continue
            if a not in peers:
                continue
            try:
                data = a.recv(65536)
            except OSError:
                data = b""
            if a in plans and data:
                plans[a] -= 1
                if plans[a] == 0:
                    write(control, "cut")
                    data = b""
            try:
                if data:
                    peers[a].sendall(data)
            except OSError:
                data = b""
            if not data:
                close(a)


main()
