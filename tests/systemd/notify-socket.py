# SPDX-License-Identifier: GPL-3.0-or-later
"""notify-socket.py SOCKET FILE: what a service manager is told, one message a line, as it comes."""
import socket
import sys

path, file = sys.argv[1:]
sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
sock.bind("\0" + path[1:] if path.startswith("@") else path)
with open(file, "a", buffering=1, encoding="utf-8") as out:
    print("listening", file=out)
    while True:
        print(sock.recv(65536).decode().replace("\n", " | "), file=out)
