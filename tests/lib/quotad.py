#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""quotad, the made-up daemon of installer-profiles(5).

quotad.py PORT PEM PIDFILE [DEAF]

Serves TLS on 127.0.0.1 with the certificates and the key in PEM, which it
reads again on SIGHUP, but not while the file DEAF is there. It never says
that something is wrong: with files that do not fit it goes on, and hangs up.
"""
import os
import signal
import socket
import ssl
import sys
import threading

port, pem, pidfile = int(sys.argv[1]), sys.argv[2], sys.argv[3]
deaf = sys.argv[4] if len(sys.argv) > 4 else ""
context = None


def load(*_):
    global context
    if deaf and os.path.exists(deaf):
        return
    new = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        new.load_cert_chain(pem)
        context = new
    except OSError as e:
        print("no TLS:", e, flush=True)
        context = None


def serve(conn, now):
    try:
        conn.settimeout(5)
        if now is not None:
            with now.wrap_socket(conn, server_side=True) as tls:
                tls.sendall(b"QUOTA 1.0\r\n")
    except OSError:
        pass
    finally:
        conn.close()


load()
signal.signal(signal.SIGHUP, load)
with socket.create_server(("127.0.0.1", port)) as listener:
    with open(pidfile, "w", encoding="ascii") as f:
        print(os.getpid(), file=f)
    while True:
        peer = listener.accept()[0]
        threading.Thread(target=serve, args=(peer, context),
                         daemon=True).start()
