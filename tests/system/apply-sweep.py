#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ends or disturbs an apply at every system call that changes the disk.

    apply-sweep.py kill|kill-recover|error|kill-resume|kill-undo OLD NEW HOST JOURNAL REQUEST \
                   WORKER...

OLD and NEW are copies of HOST before and after. Each run starts from OLD. Right
after the disturbance every path must be as in OLD or as in NEW; after a recovery
all of them as in one of the two, as the worker says, and nothing else may be left.
With KEPT in the environment, a folder like OLD, what it holds of paths that differ from OLD is
the doing of an act that nobody can undo: each of them may also be as there, and may stay so
when the worker says that it failed (or has said so: a kill may hit the act itself).
kill-resume and kill-undo begin from an apply that was halted by the failure of a
rename, and may find it so again.
Prints "runs N hit N bad N" and a line for each bad run.
"""
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys

CALLS = ("write pwrite64 fsync fdatasync syncfs rename renameat renameat2 unlink unlinkat mkdir "
         "mkdirat rmdir symlink symlinkat link linkat chmod fchmod fchmodat chown lchown fchown "
         "fchownat setxattr fsetxattr ftruncate truncate fallocate copy_file_range").split()


def describe(path):
    st = os.lstat(path)
    what = [stat.S_IFMT(st.st_mode), st.st_uid, st.st_gid]
    if stat.S_ISLNK(st.st_mode):
        return tuple(what + [os.readlink(path)])
    what.append(stat.S_IMODE(st.st_mode))
    what.append(tuple(sorted((n, os.getxattr(path, n)) for n in os.listxattr(path)
                             if n.startswith("user."))))
    if stat.S_ISREG(st.st_mode):
        with open(path, "rb") as f:
            what.append(hashlib.sha256(f.read()).hexdigest())
    return tuple(what)


def snapshot(top):
    found = {}
    for folder, folders, files in os.walk(top):
        for name in folders + files:
            path = os.path.join(folder, name)
            found[os.path.relpath(path, top)] = describe(path)
    return found


def restore(old, host, journal):
    shutil.rmtree(host, ignore_errors=True)
    shutil.rmtree(journal, ignore_errors=True)
    subprocess.run(["cp", "-a", old, host], check=True)


def is_ours(path):
    return any(part.startswith(".assent-") for part in path.split("/"))


def mixed(host, old, new, kept=None):
    """Paths that are neither as before nor as after."""
    now = {p: d for p, d in snapshot(host).items() if not is_ours(p)}
    kept = kept or {}
    bad = []
    for path in set(now) | set(old) | set(new):
        if now.get(path) not in (old.get(path), new.get(path), kept.get(path, old.get(path))):
            bad.append(path)
    return bad


def run(worker, request, wrap=()):
    done = subprocess.run(list(wrap) + worker, input=request, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=False)
    lines = done.stdout.splitlines()
    answer = {}
    if lines:
        try:
            answer = json.loads(lines[-1])
        except ValueError:
            answer = {}
    return done.returncode, answer


def strace(call, what, when):
    return ["strace", "-qq", "-f", "-o", "/dev/null", "-e", "signal=none", "-e", "trace=" + call,
            "-e", "inject=%s:%s:when=%d" % (call, what, when)]


def points(worker, request, tracefile):
    """How often an undisturbed run makes each call."""
    run(worker, request, ["strace", "-qq", "-f", "-o", tracefile, "-e", "signal=none",
                          "-e", "trace=" + ",".join(CALLS)])
    counts = {}
    with open(tracefile, encoding="utf-8", errors="replace") as f:
        for line in f:
            m = re.match(r"(?:\d+ +)?([a-z0-9_]+)\(", line)
            if m:
                counts[m.group(1)] = counts.get(m.group(1), 0) + 1
    return counts


class Sweep:
    def __init__(self, args):
        self.old_dir, self.new_dir, self.host, self.journal, request = args[:5]
        self.worker = args[5:]
        with open(request, "rb") as f:
            self.request = f.read()
        self.recovery = (json.dumps({"v": 1, "job": "apply", "mode": "recover",
                                     "journal": self.journal}) + "\n").encode()
        self.old, self.new = snapshot(self.old_dir), snapshot(self.new_dir)
        kept = snapshot(os.environ["KEPT"]) if "KEPT" in os.environ else {}
        self.kept = {p: d for p, d in kept.items() if self.old.get(p) != d}
        self.trace = self.journal + ".trace"
        self.runs = self.hit = self.bad = 0
        self.results = {}

    def complain(self, where, text):
        self.bad += 1
        print("# %s: %s" % (where, text))

    def judge(self, where, answer):
        """After the last word of the worker."""
        result = answer.get("result", {}).get("result", "no answer: %s" % answer)
        self.results[result] = self.results.get(result, 0) + 1
        now = snapshot(self.host)
        if result == "ok":
            wanted = [self.new]
        elif result == "none":
            wanted = [self.old, self.new]
        elif result in ("rolled-back", "failed", "interrupted"):
            wanted = [self.old]
        else:
            self.complain(where, result)
            return
        if (result in ("failed", "none") and self.kept and
                not mixed(self.host, self.old, self.old, self.kept)):
            wanted = [now]
        if now not in wanted:
            odd = [p for p in set(now) | set(wanted[0]) if now.get(p) != wanted[0].get(p)]
            self.complain(where, "says %s, but %s" % (result, sorted(odd)[:5]))
        elif os.path.exists(os.path.join(self.journal, "journal")):
            self.complain(where, "the journal is left")

    def disturb(self, request, call, what, when):
        rc, answer = run(self.worker, request, strace(call, what, when))
        self.runs += 1
        return rc, answer

    def kill(self):
        restore(self.old_dir, self.host, self.journal)
        for call, count in sorted(points(self.worker, self.request, self.trace).items()):
            for when in range(1, count + 1):
                where = "kill at %s %d" % (call, when)
                restore(self.old_dir, self.host, self.journal)
                rc, _ = self.disturb(self.request, call, "signal=KILL", when)
                self.hit += rc in (-9, 137)
                bad = mixed(self.host, self.old, self.new, self.kept)
                if bad:
                    self.complain(where, "neither old nor new: %s" % sorted(bad)[:5])
                    continue
                _, answer = run(self.worker, self.recovery)
                self.judge(where, answer)

    def kill_recover(self):
        """A crash, and a second one while recovering from it."""
        restore(self.old_dir, self.host, self.journal)
        counts = points(self.worker, self.request, self.trace)
        renames, unlinks = counts.get("renameat2", 0), counts.get("unlinkat", 0)
        for call, first in (("renameat2", renames), ("renameat2", (renames + 1) // 2),
                            ("unlinkat", unlinks // 2)):
            self.start_at(call, first)
            seconds = points(self.worker, self.recovery, self.trace)
            for second, count in sorted(seconds.items()):
                for when in range(1, count + 1):
                    where = "kill at %s %d, then at %s %d" % (call, first, second, when)
                    self.start_at(call, first)
                    rc, _ = self.disturb(self.recovery, second, "signal=KILL", when)
                    self.hit += rc in (-9, 137)
                    bad = mixed(self.host, self.old, self.new, self.kept)
                    if bad:
                        self.complain(where, "neither old nor new: %s" % sorted(bad)[:5])
                        continue
                    _, answer = run(self.worker, self.recovery)
                    self.judge(where, answer)

    def start_at(self, call, when):
        restore(self.old_dir, self.host, self.journal)
        run(self.worker, self.request, strace(call, "signal=KILL", when))

    def halt(self):
        """Every second rename of the apply fails, or the first of those that it makes then."""
        restore(self.old_dir, self.host, self.journal)
        _, answer = run(self.worker, self.request, [
            "strace", "-qq", "-f", "-o", "/dev/null", "-e", "signal=none", "-e", "trace=renameat2",
            "-e", "inject=renameat2:error=EIO:when=2+2"])
        if not answer.get("result", {}).get("halted"):
            raise SystemExit("was not halted: %s" % answer)

    def without_ours(self):
        return {p: d for p, d in snapshot(self.host).items() if not is_ours(p)}

    def kill_halted(self, mode):
        request = self.request.replace(b'"mode":"apply"', b'"mode":"%s"' % mode)
        self.halt()
        half = self.without_ours()
        for call, count in sorted(points(self.worker, request, self.trace).items()):
            for when in range(1, count + 1):
                where = "kill %s at %s %d" % (mode.decode(), call, when)
                self.halt()
                rc, _ = self.disturb(request, call, "signal=KILL", when)
                self.hit += rc in (-9, 137)
                bad = mixed(self.host, self.old, self.new, self.kept)
                if bad:
                    self.complain(where, "neither old nor new: %s" % sorted(bad)[:5])
                    continue
                _, answer = run(self.worker, self.recovery)
                if answer.get("result", {}).get("result") == "halted":
                    self.results["halted"] = self.results.get("halted", 0) + 1
                    if self.without_ours() != half:
                        self.complain(where, "says halted, but it is not as it was")
                        continue
                    _, answer = run(self.worker, request)
                self.judge(where, answer)

    def kill_resume(self):
        self.kill_halted(b"resume")

    def kill_undo(self):
        self.kill_halted(b"undo")

    def error(self):
        """Calls that fail, and writes that write less than they say."""
        kinds = {"write": ("error=ENOSPC", "retval=1"), "fsync": ("error=EIO",),
                 "renameat2": ("error=EIO",), "unlinkat": ("error=EIO",), "mkdirat": ("error=ENOSPC",),
                 "fchmod": ("error=EPERM",), "symlinkat": ("error=ENOSPC",)}
        restore(self.old_dir, self.host, self.journal)
        counts = points(self.worker, self.request, self.trace)
        for call, whats in sorted(kinds.items()):
            for when in range(1, counts.get(call, 0) + 1):
                for what in whats:
                    where = "%s at %s %d" % (what, call, when)
                    restore(self.old_dir, self.host, self.journal)
                    _, answer = self.disturb(self.request, call, what, when)
                    bad = mixed(self.host, self.old, self.new, self.kept)
                    if bad:
                        self.complain(where, "neither old nor new: %s" % sorted(bad)[:5])
                        continue
                    self.hit += "result" not in answer or answer["result"]["result"] != "ok"
                    if "result" not in answer:
                        # Said to be unclear, or the answer could not be written.
                        _, answer = run(self.worker, self.recovery)
                    self.judge(where, answer)


def main():
    sweep = Sweep(sys.argv[2:])
    {"kill": sweep.kill, "kill-recover": sweep.kill_recover, "error": sweep.error,
     "kill-resume": sweep.kill_resume, "kill-undo": sweep.kill_undo}[sys.argv[1]]()
    print("# results: %s" % json.dumps(sweep.results, sort_keys=True))
    print("runs %d hit %d bad %d" % (sweep.runs, sweep.hit, sweep.bad))


if __name__ == "__main__":
    main()
