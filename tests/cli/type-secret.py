#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Types a secret at a prompt that hides it: type-secret.py HOW COMMAND...

HOW is `line` (text and return), `enter` (return alone), or a signal, INT TERM HUP QUIT, that comes
in the middle of the line; with INT and QUIT by the terminal's own key. `stop` is ^Z amid the line:
the command goes on later, and is asked and answered again. Prints as JSON what the terminal
showed, whether it showed what is typed before, at the prompt, when stopped and afterwards, and how
the command ended. The secret is the variable SECRET.
"""
import json
import os
import pty
import select
import signal
import sys
import termios

PATIENCE = 120  # seconds, for a command that waits for ever
KEYS = {"INT": b"\x03", "QUIT": b"\x1c", "stop": b"\x1a"}


def echoes(fd):
    return bool(termios.tcgetattr(fd)[3] & termios.ECHO)


class Session:
    def __init__(self, command):
        self.shown = b""
        # One that nobody leads leaves ^Z without effect, so a shell's place is taken by us.
        self.leader, self.fd = pty.fork()
        if self.leader == 0:
            self.lead(command)
        signal.signal(signal.SIGALRM, self.give_up)
        signal.alarm(PATIENCE)

    def give_up(self, *_):
        os.kill(self.leader, signal.SIGKILL)
        sys.exit("nothing happens; shown so far: %r" % self.shown)

    @staticmethod
    def lead(command):
        """Runs the command as a job; says in lines how it fares."""
        ready, go = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.read(ready, 1)
            os.execvp(command[0], command)
        os.setpgid(pid, pid)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        os.tcsetpgrp(0, pid)
        os.write(go, b"g")
        print("PID %d." % pid, flush=True)
        while True:
            _, status = os.waitpid(pid, os.WUNTRACED)
            print("%s %s." % (("STOPPED", int(echoes(0))) if os.WIFSTOPPED(status) else
                              ("ENDED", os.waitstatus_to_exitcode(status))), flush=True)
            if not os.WIFSTOPPED(status):
                sys.stdin.readline()
                os._exit(0)
            os.killpg(pid, signal.SIGCONT)

    def until(self, text, start=0):
        while text not in self.shown[start:]:
            if select.select([self.fd], [], [], 1)[0]:
                try:
                    self.shown += os.read(self.fd, 4096)
                except OSError:
                    sys.exit("it ended; shown so far: %r" % self.shown)
        return self.shown.index(text, start) + len(text)

    def word(self, name):
        begin = self.until(name.encode() + b" ")
        end = self.until(b".", begin)
        return int(self.shown[begin:end - 1])


def main():
    how, secret = sys.argv[1], os.environ["SECRET"].encode()
    session = Session(sys.argv[2:])
    said = {"before": echoes(session.fd)}
    pid = session.word("PID")
    asked = session.until(b"shown): ")
    said["asked"] = echoes(session.fd)
    if how in ("line", "enter"):
        os.write(session.fd, (secret if how == "line" else b"") + b"\n")
    else:
        os.write(session.fd, secret[:-4])
        if how in KEYS:
            os.write(session.fd, KEYS[how])
        else:
            os.kill(pid, getattr(signal, "SIG" + how))
    if how == "stop":
        said["stopped"] = bool(session.word("STOPPED"))
        session.until(b"shown): ", asked)
        said["again"] = echoes(session.fd)
        os.write(session.fd, secret + b"\n")
    said["code"] = session.word("ENDED")
    said["after"] = echoes(session.fd)
    said["shown"] = session.shown.decode()
    os.write(session.fd, b"\n")
    os.waitpid(session.leader, 0)
    print(json.dumps(said))
    return 0


sys.exit(main())
