#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TCP proxy on loopback that spoils what the server answers.

faulty-proxy.py HOST:PORT FAULT PORTFILE

PORTFILE receives the port it listens on. FAULT is a file that holds one line and is read anew
for each connection, so that a fault can begin and end while the proxy runs:

  none        hand everything over
  close       close at once           reset       close with a TCP reset
  silent      accept, never answer    noise       answer with bytes of no protocol
  cut N       close after N bytes     stall N     hand over N bytes, then nothing
  flip N      turn one bit of byte N  drip N      N bytes a tenth of a second
"""
import os
import random
import socket
import struct
import sys
import threading
import time

BOUND = 600  # seconds that a connection may hang, so that nothing outlives a test for long


class Fault:
    def __init__(self, line):
        words = line.split() or ["none"]
        self.kind = words[0]
        self.number = int(words[1]) if len(words) > 1 else 0

    def spoil(self, data, before):
        """The bytes to hand over of data, which follows `before` bytes; None ends."""
        left = self.number - before
        if self.kind in ("cut", "stall") and left < len(data):
            return data[: max(left, 0)], True
        if self.kind == "flip" and 0 <= left < len(data):
            return data[:left] + bytes([data[left] ^ 0x20]) + data[left + 1 :], False
        return data, False


def shut(*ends):
    for end in ends:
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def hand_over(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    shut(source, target)


def drip(data, target, size):
    for start in range(0, len(data), size):
        target.sendall(data[start : start + size])
        time.sleep(0.1)


def answer(source, target, fault):
    total = 0
    try:
        while data := source.recv(4096):
            part, last = fault.spoil(data, total)
            if fault.kind == "drip":
                drip(part, target, max(fault.number, 1))
            else:
                target.sendall(part)
            total += len(data)
            if last:
                if fault.kind == "stall":
                    time.sleep(BOUND)
                break
    except OSError:
        pass
    shut(source, target)


def serve(client, upstream, fault):
    if fault.kind == "close":
        client.close()
        return
    if fault.kind == "reset":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        return
    if fault.kind == "silent":
        time.sleep(BOUND)
        client.close()
        return
    if fault.kind == "noise":
        client.recv(4096)
        client.sendall(random.Random(1).randbytes(4096))
        client.close()
        return
    server = socket.create_connection(upstream)
    threading.Thread(target=hand_over, args=(client, server), daemon=True).start()
    answer(server, client, fault)


def main():
    host, port = sys.argv[1].rsplit(":", 1)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(16)
    with open(sys.argv[3] + ".new", "w", encoding="ascii") as out:
        out.write(f"{listener.getsockname()[1]}\n")
    os.rename(sys.argv[3] + ".new", sys.argv[3])
    while True:
        client, _ = listener.accept()
        with open(sys.argv[2], encoding="ascii") as line:
            fault = Fault(line.read())
        threading.Thread(
            target=serve, args=(client, (host, int(port)), fault), daemon=True
        ).start()


main()
