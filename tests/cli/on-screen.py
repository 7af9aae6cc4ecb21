#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a program that draws on a terminal: on-screen.py COLUMNSxROWS COMMAND...

Steps come on standard input, a line each:

    wait TEXT       until the screen shows it
    gone TEXT       until the screen does not show it
    size CxR        the terminal has another size
    key TEXT        typed
    signal NAME     sent to the program
    run COMMAND     a shell command, meanwhile
    show            prints the screen, each line between bars

At the end of the steps the program must have been asked to end. The last lines say how: "exit N",
"terminal same" or "terminal changed", "cursor on" or off, "screen main" or other, and "wraps N", how
many lines were longer than the screen is wide.
"""
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import unicodedata

PATIENCE = 60  # seconds, for a step


class Screen:
    def __init__(self, columns, rows):
        self.cursor, self.main, self.wraps, self.colours, self.rest = True, True, 0, 0, ""
        self.resize(columns, rows)
        self.settled = True

    def resize(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.settled = False  # until the program has heard of it
        self.clear()

    def clear(self):
        self.grid = [[" "] * self.columns for _ in range(self.rows)]
        self.x = self.y = 0

    def control(self, what):
        if what == "H":
            self.x = self.y = 0
        elif what == "K":
            self.grid[self.y][self.x:] = [" "] * (self.columns - self.x)
        elif what == "J":
            self.grid[self.y][self.x:] = [" "] * (self.columns - self.x)
            for y in range(self.y + 1, self.rows):
                self.grid[y] = [" "] * self.columns
        elif what == "2J":
            self.settled = True
            for y in range(self.rows):
                self.grid[y] = [" "] * self.columns
        elif what in ("?1049h", "?1049l"):
            self.main = what[-1] == "l"
            self.clear()
        elif what in ("?25h", "?25l"):
            self.cursor = what[-1] == "h"
        elif what.endswith("m"):
            self.colours += 1
        else:
            raise SystemExit(f"unknown control {what!r}")

    def put(self, char):
        if char == "\r":
            self.x = 0
        elif char == "\n":
            self.y = min(self.y + 1, self.rows - 1)
        elif self.x >= self.columns:
            self.wraps += self.settled
        else:
            self.grid[self.y][self.x] = char
            self.x += 2 if unicodedata.east_asian_width(char) in "WF" else 1

    def feed(self, text):
        text = self.rest + text
        self.rest = ""
        at = 0
        while at < len(text):
            if text[at] == "\033":
                found = re.compile(r"\033\[([?0-9;]*[A-Za-z])").match(text, at)
                if not found:
                    self.rest = text[at:]
                    return
                self.control(found.group(1))
                at = found.end()
            else:
                self.put(text[at])
                at += 1

    def text(self):
        return "\n".join("".join(row).rstrip() for row in self.grid)


class Session:
    def __init__(self, size, command):
        self.screen = Screen(*size)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            time.sleep(0.2)  # until the size is set
            os.execvp(command[0], command)
        self.set_size(size)
        self.before = termios.tcgetattr(self.fd)

    def set_size(self, size):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def read(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.screen.feed(data.decode("utf-8", "replace"))
        return bool(data)

    def until(self, test, what):
        end = time.monotonic() + PATIENCE
        while not test():
            if time.monotonic() > end or not self.read(0.1):
                print(f"waited in vain: {what}\n{self.screen.text()}")
                os.kill(self.pid, signal.SIGKILL)
                raise SystemExit(1)

    def step(self, line):
        verb, _, rest = line.partition(" ")
        if verb == "wait":
            self.until(lambda: rest in self.screen.text(), line)
        elif verb == "gone":
            self.until(lambda: rest not in self.screen.text(), line)
        elif verb == "size":
            size = tuple(map(int, rest.split("x")))
            # What was drawn for the former size has come by then, and what comes is for the new one.
            while select.select([self.fd], [], [], 0.3)[0] and self.read(0):
                pass
            self.screen.resize(*size)
            self.set_size(size)
            self.until(lambda: self.screen.settled, line)
        elif verb == "key":
            os.write(self.fd, rest.encode())
        elif verb == "signal":
            os.kill(self.pid, getattr(signal, "SIG" + rest))
        elif verb == "run":
            subprocess.run(rest, shell=True, check=False, stdin=subprocess.DEVNULL,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        elif verb == "show":
            for row in self.screen.grid:
                print("|" + "".join(row) + "|")
        else:
            raise SystemExit(f"unknown step {line!r}")

    def end(self):
        finish = time.monotonic() + PATIENCE
        status = 0
        while time.monotonic() < finish:
            self.read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                break
        else:
            os.kill(self.pid, signal.SIGKILL)
            print("it did not end")
            return 1
        after = termios.tcgetattr(self.fd)
        while select.select([self.fd], [], [], 0)[0] and self.read(0):
            pass
        print("exit", os.waitstatus_to_exitcode(status))
        print("terminal", "same" if after == self.before else "changed")
        print("cursor", "on" if self.screen.cursor else "off")
        print("screen", "main" if self.screen.main else "other")
        print("wraps", self.screen.wraps)
        print("colours", "some" if self.screen.colours else "none")
        return 0


def main():
    steps = sys.stdin.read().splitlines()
    session = Session(tuple(map(int, sys.argv[1].split("x"))), sys.argv[2:])
    for line in steps:
        if line:
            session.step(line)
    return session.end()


sys.exit(main())
