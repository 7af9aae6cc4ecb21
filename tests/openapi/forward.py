#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A port of 127.0.0.1 that leads to a Unix socket, for clients that know TCP alone:

    forward.py SOCKET PORT-FILE
"""
import os
import select
import socket
import sys
import threading


def pump(client, path):
    """Both ways, until both have ended."""
    server = socket.socket(socket.AF_UNIX)
    with client, server:
        server.connect(path)
        other = {client: server, server: client}
        while other:
            for side in select.select(list(other), [], [])[0]:
                try:
                    data = side.recv(65536)
                    other[side].sendall(data)
                    if not data:
                        other.pop(side).shutdown(socket.SHUT_WR)
                except OSError:
                    return


def main():
    path, port_file = sys.argv[1:]
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    with open(port_file + ".new", "w", encoding="ascii") as file:
        file.write(str(listener.getsockname()[1]))
    os.rename(port_file + ".new", port_file)
    while True:
        client = listener.accept()[0]
        threading.Thread(target=pump, args=(client, path), daemon=True).start()


main()
