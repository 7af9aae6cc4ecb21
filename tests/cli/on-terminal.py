#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a command on a terminal of its own: on-terminal.py INPUT COMMAND...

INPUT is typed whenever the command asks (its output ends in "] " or ": "), an empty one is the
end of input; all output goes to standard output, and the exit code is the command's.
"""
import os
import pty
import signal
import sys

PATIENCE = 120  # seconds, for a command that waits for ever


def main():
    typed, command = sys.argv[1].encode(), sys.argv[2:]
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    signal.signal(signal.SIGALRM, lambda *_: os.kill(pid, signal.SIGKILL))
    signal.alarm(PATIENCE)
    shown = b""
    while True:
        try:
            data = os.read(fd, 4096)
        except OSError:
            break
        if not data:
            break
        shown += data
        if shown.endswith(b"] ") or shown.endswith(b": "):
            os.write(fd, typed + b"\n" if typed else b"\x04")
    sys.stdout.buffer.write(shown.replace(b"\r\n", b"\n"))
    sys.stdout.buffer.flush()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


sys.exit(main())
