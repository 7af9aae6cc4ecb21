# SPDX-License-Identifier: GPL-3.0-or-later
"""Evaluates expressions on JSON for the shell functions of lib-agent.sh, one after the other.

    fields.py FOLDER

One Python for a whole test instead of one for each question. A question comes by the pipe
FOLDER/ask, its parts ended by NUL: an expression, a document (d), words (a). The answer goes by
FOLDER/answer: 0 and what print() says of the value (nothing of None), or 1 and why there is none.
"""
import json
import os
import signal
import sys
import traceback


def answer(question):
    expression, body, *words = question.split("\0")[:-1]
    try:
        names = {"json": json, "sys": sys, "a": words, "d": json.loads(body)}
        value = eval(f"({expression})", names)
        return "0" + ("" if value is None else str(value)) + "\n"
    except Exception:
        return "1" + traceback.format_exc(limit=0)


def main():
    ask, reply = (os.path.join(sys.argv[1], name) for name in ("ask", "answer"))
    test = os.getppid()
    # whoever kills the test does not kill this one
    signal.signal(signal.SIGALRM, lambda *_: None if os.getppid() == test else os._exit(0))
    signal.setitimer(signal.ITIMER_REAL, 5, 5)
    while True:
        with open(ask, encoding="utf-8", errors="surrogateescape") as pipe:
            question = pipe.read()
        try:
            with open(reply, "w", encoding="utf-8", errors="surrogateescape") as pipe:
                pipe.write(answer(question))
        except BrokenPipeError:  # nobody listens any more
            pass


main()
