# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy on loopback that stalls, cuts and garbles what a server sends.

fault-proxy.py PORTFILE MODE [N] PORT: listens on a free port (written to
PORTFILE) and passes on to 127.0.0.1:PORT. N counts the bytes sent to the
client over one connection.

pass     does nothing              accept   takes connections, says nothing
closed   closes at once            rst      resets at once
garbage  answers with noise        cut N    closes after N bytes
hang N   is silent after N bytes   drip N   sends one byte a second after N
flip N   turns a bit of byte N
tunnel   is an HTTP proxy that knows CONNECT, and passes on
locked   is an HTTP proxy that wants a password

MODE may be @FILE: "MODE [N]" is read from there for each connection, so that a
fault can begin and end while the way stays the same.
"""
import os
import socket
import struct
import sys
import threading
import time


def close(*sockets):
    for s in sockets:
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def up(client, server):
    try:
        while data := client.recv(65536):
            server.sendall(data)
    except OSError:
        pass
    try:
        server.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def fault(mode, n, total, data, client):
    """What is to be sent of data; None: no more."""
    end = total + len(data)
    if mode == "cut" and end > n:
        client.sendall(data[: max(0, n - total)])
        return None
    if mode == "hang" and end > n:
        client.sendall(data[: max(0, n - total)])
        time.sleep(3600)
    if mode == "drip" and end > n:
        client.sendall(data[: max(0, n - total)])
        for byte in data[max(0, n - total):]:
            client.sendall(bytes([byte]))
            time.sleep(1)
        return b""
    if mode == "flip" and total <= n < end:
        changed = bytearray(data)
        changed[n - total] ^= 0x20
        return bytes(changed)
    return data


def down(mode, n, server, client):
    total = 0
    try:
        while data := server.recv(4096):
            sent = fault(mode, n, total, data, client)
            if sent is None:
                break
            client.sendall(sent)
            total += len(data)
    except OSError:
        pass
    close(client, server)


def tunnel(client, mode):
    """Reads the head of a request; true when the way shall be open."""
    head = b""
    while b"\r\n\r\n" not in head:
        data = client.recv(4096)
        if not data:
            return False
        head += data
    if mode == "locked":
        client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                       b"Proxy-Authenticate: Basic realm=\"proxy\"\r\n"
                       b"Content-Length: 0\r\nConnection: close\r\n\r\n")
        return False
    if not head.startswith(b"CONNECT "):
        client.sendall(b"HTTP/1.1 405 Method Not Allowed\r\nContent-Length: 0\r\n\r\n")
        return False
    client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
    return True


def serve(client, mode, n, port):
    if mode == "accept":
        time.sleep(3600)
    if mode == "closed":
        client.close()
        return
    if mode == "rst":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        return
    if mode == "garbage":
        client.recv(4096)
        client.sendall(os.urandom(4096))
        close(client)
        return
    if mode in ("tunnel", "locked") and not tunnel(client, mode):
        close(client)
        return
    server = socket.create_connection(("127.0.0.1", port))
    threading.Thread(target=up, args=(client, server), daemon=True).start()
    down(mode, n, server, client)


def chosen(mode, n):
    if not mode.startswith("@"):
        return mode, n
    with open(mode[1:], encoding="ascii") as f:
        words = f.read().split()
    return words[0], int(words[1]) if len(words) > 1 else 0


def main():
    portfile, mode = sys.argv[1:3]
    n = int(sys.argv[3]) if len(sys.argv) > 4 else 0
    port = int(sys.argv[-1])
    listener = socket.create_server(("127.0.0.1", 0))
    with open(portfile + ".new", "w", encoding="ascii") as f:
        f.write(str(listener.getsockname()[1]))
    os.rename(portfile + ".new", portfile)
    while True:
        client, _ = listener.accept()
        threading.Thread(
            target=serve, args=(client, *chosen(mode, n), port), daemon=True
        ).start()


main()
