#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits of commits, signatures, keys and times: for each the worker's verdict and git's.

verify-cases.py DRIVER FOLDER. Keys are made here, with ssh-keygen, gpg and openssl. A case is
(world, name, commit, verdict): a world is a list of signers, of revoked keys and of OpenPGP keys.
What git verify-commit exits with must be what the verdict says, and both what the table says.
"""
import base64
import hashlib
import os
import re
import struct
import subprocess
import sys
import zlib
from concurrent.futures import ThreadPoolExecutor

DRIVER, T = os.path.abspath(sys.argv[1]), sys.argv[2]
REPO = T + "/repo.git"
WHO = "A <a@example.org> %d +0000"
TIME = 1700000000  # 2023-11-14
count = failed = 0
PGP = {"GNUPGHOME": T + "/made"}


def run(*argv, input=None, env=None, check=True):
    full = dict(os.environ, LC_ALL="C", HOME=T, GIT_CONFIG_NOSYSTEM="1",
                GIT_CONFIG_GLOBAL="/dev/null", **(env or {}))
    done = subprocess.run(argv, input=input, env=full, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    if check and done.returncode != 0:
        sys.exit("%s: %s" % (" ".join(argv), done.stderr.decode(errors="replace")))
    return done


def read(path):
    with open(path, "rb") as file:
        return file.read()


def write(name, data):
    path = "%s/%s" % (T, name)
    with open(path, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())
    return path


# --- objects
def put(raw, kind=b"commit"):
    data = kind + b" %d\0" % len(raw) + raw
    oid = hashlib.sha1(data).hexdigest()
    path = "%s/objects/%s" % (REPO, oid[:2])
    os.makedirs(path, exist_ok=True)
    with open("%s/%s" % (path, oid[2:]), "wb") as file:
        file.write(zlib.compress(data))
    return oid


def payload(message="subject\n\nbody\n", time=TIME, parents=(), extra="", tree=None):
    return ("tree %s\n" % (tree or TREE) + "".join("parent %s\n" % p for p in parents) +
            "author %s\ncommitter %s\n" % (WHO % time, WHO % time) + extra + "\n" +
            message).encode()


def with_sig(body, armor, header=b"gpgsig"):
    """The commit with this signature, behind its other headers."""
    head, rest = body.split(b"\n\n", 1)
    if not armor.endswith(b"\n"):
        armor += b"\n"
    lines = armor[:-1].split(b"\n")
    return head + b"\n" + header + b" " + b"\n ".join(lines) + b"\n\n" + rest


# --- SSH
def ssh_key(name, *options):
    run("ssh-keygen", "-q", "-N", "", "-C", "", "-f", "%s/%s" % (T, name), *options)
    return public(name)


def public(name):
    return " ".join(read("%s/%s.pub" % (T, name)).decode().split()[:2])


def ssh_sign(body, key="alice", ns="git", options=(), env=None):
    path = write("payload", body)
    if os.path.exists(path + ".sig"):
        os.unlink(path + ".sig")
    run("ssh-keygen", "-q", "-Y", "sign", "-n", ns, "-f", "%s/%s" % (T, key), *options, path,
        env=env)
    return read(path + ".sig")


def signed(key="alice", **how):
    body = payload(**how)
    return with_sig(body, ssh_sign(body, key))


def string(data):
    return struct.pack(">I", len(data)) + data


class Security:
    """A security key made of software: openssl signs what the device would."""
    TYPE = b"sk-ssh-ed25519@openssh.com"

    def __init__(self):
        self.pem = T + "/sk.pem"
        run("openssl", "genpkey", "-algorithm", "ed25519", "-out", self.pem)
        der = run("openssl", "pkey", "-in", self.pem, "-pubout", "-outform", "DER").stdout
        self.blob = string(self.TYPE) + string(der[-32:]) + string(b"ssh:")
        self.line = "%s %s" % (self.TYPE.decode(), base64.b64encode(self.blob).decode())

    def sign(self, body, flags=1, told=7):
        text = (b"SSHSIG" + string(b"git") + string(b"") + string(b"sha512") +
                string(hashlib.sha512(body).digest()))
        state = bytes([flags]) + struct.pack(">I", 7)
        bytes_ = hashlib.sha256(b"ssh:").digest() + state + hashlib.sha256(text).digest()
        raw = run("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", self.pem, "-in",
                  write("sk.bytes", bytes_)).stdout
        state = bytes([flags]) + struct.pack(">I", told)
        blob = (b"SSHSIG" + struct.pack(">I", 1) + string(self.blob) + string(b"git") +
                string(b"") + string(b"sha512") + string(string(self.TYPE) + string(raw) + state))
        text = base64.b64encode(blob)
        lines = [text[i:i + 70] for i in range(0, len(text), 70)]
        return (b"-----BEGIN SSH SIGNATURE-----\n" + b"\n".join(lines) +
                b"\n-----END SSH SIGNATURE-----\n")


# --- OpenPGP
def gpg(*argv, input=None, time=None, **more):
    when = ("--faked-system-time", time) if time else ()
    return run("gpg", "--batch", "--quiet", "--no-tty", "--pinentry-mode", "loopback",
               "--passphrase", "", "--trust-model", "always", *when, *argv, input=input, env=PGP,
               **more)


def pgp_key(name, algo="ed25519", expires="never", time=None):
    said = gpg("--status-fd", "1", "--quick-gen-key", "%s <%s@example.org>" % (name, name), algo,
               "sign", expires, time=time).stdout
    return re.search(rb"KEY_CREATED . ([0-9A-F]+)", said).group(1).decode()


def pgp_sign(body, key, *options, time=None):
    return gpg("--armor", "--detach-sign", "-u", key, *options, input=body, time=time).stdout


def pgp_signed(key, *options, time=None, **how):
    body = payload(**how)
    return with_sig(body, pgp_sign(body, key, *options, time=time))


# --- cases
WORLDS, CASES = {}, []
STRICT = "bad, though git takes it"


def world(name, signers=None, revoked=None, openpgp=None):
    def file(kind, text):
        return None if text is None else write("%s.%s" % (name, kind), text)
    home = "%s/home-%s" % (T, name)
    os.mkdir(home, 0o700)
    if openpgp is not None:
        run("gpg", "--batch", "--quiet", "--import", file("openpgp", openpgp),
            env={"GNUPGHOME": home})
    WORLDS[name] = (file("signers", signers), file("revoked", revoked), file("openpgp", openpgp),
                    home)


def case(name, raw, verdict, where="ssh"):
    CASES.append((where, name, put(raw), verdict))


def ssh_cases():
    good = signed()
    body = payload()
    armor = ssh_sign(body)
    case("as it was signed", good, "good")
    case("without a signature", body, "none")
    case("the subject with another letter", good.replace(b"subject", b"Subject"), "bad")
    case("the body longer", good + b"x", "bad")
    case("the body shorter", good[:-1], "bad")
    case("another tree", good.replace(TREE.encode(), OTHER.encode()), "bad")
    case("another author", good.replace(b"author A", b"author B"), "bad")
    case("another committer", good.replace(b"committer A", b"committer B"), "bad")
    case("another time", good.replace(b"committer A <a@example.org> 17",
                                      b"committer A <a@example.org> 16"), "bad")
    case("another zone", good.replace(b"+0000\ngpgsig", b"+0100\ngpgsig"), "bad")
    case("a parent more", good.replace(b"author", b"parent %s\nauthor" % PARENT.encode(), 1), "bad")
    case("a header more", good.replace(b"gpgsig", b"encoding latin1\ngpgsig", 1), "bad")
    case("a signed header more", signed(extra="encoding ISO-8859-1\n"), "good")
    case("a signature from elsewhere", with_sig(payload("other\n"), armor), "bad")
    case("in the body", body + armor, "none")
    case("under the name gpgsig-sha256", with_sig(body, armor, b"gpgsig-sha256"), "none")
    case("under the name gpgsigs", with_sig(body, armor, b"gpgsigs"), "none")
    case("under the name Gpgsig", with_sig(body, armor, b"Gpgsig"), "none")
    case("a second header of that name", with_sig(good, armor), "good")
    case("a bad second header", with_sig(good, ssh_sign(payload("x\n"))), "good")
    case("a bad first header",
         with_sig(with_sig(body, ssh_sign(payload("x\n"))), armor), "bad")
    case("a header gpgsig-sha256 before it", good.replace(b"gpgsig ", b"gpgsig-sha256 x\n y\ngpgsig ",
                                                          1), "good")
    case("a header gpgsig-sha256 behind it", with_sig(good, b"x\ny", b"gpgsig-sha256"), "good")
    case("a header gpgsigs before it", good.replace(b"gpgsig ", b"gpgsigs x\ngpgsig ", 1), "good")
    case("NUL and more behind it", good + b"\0more\n", "bad")
    nul = body + b"\0more\n"
    case("NUL and more, signed", with_sig(nul, ssh_sign(nul)), "good")
    case("no newline at the end", signed(message="subject"), "good")
    case("an empty message", signed(message=""), "good")
    case("a message that is not text", signed(message="subj\udcff\n".encode(
        "utf-8", "surrogateescape").decode("latin1") + "\n"), "good")
    case("the signature first of all", b"gpgsig " + armor[:-1].replace(b"\n", b"\n ") + b"\n" + body,
         "bad")
    header_cases(good, body, armor)
    armor_cases(body, armor)
    namespace_cases(body)
    time_cases()


def header_cases(good, body, armor):
    """What else stands between the tree and the message."""
    inner = b"tree " + b"1" * 40 + b"\n gpgsig x\n author x"
    tagged = body.replace(b"\n\n", b"\nmergetag object x\n type commit\n \n " +
                          armor[:-1].replace(b"\n", b"\n ") + b"\n\n", 1)
    case("a signed mergetag", with_sig(tagged, ssh_sign(tagged)), "good")
    case("a signature in a mergetag alone", tagged, "none")
    case("a mergetag that came later", with_sig(tagged, armor), "bad")
    case("a commit within the signature", with_sig(body, armor + inner), "good")
    case("a second tree", good.replace(b"author", b"tree %s\nauthor" % OTHER.encode(), 1), "bad")
    case("a second tree behind it", good.replace(b"\n\nsubject", b"\ntree %s\n\nsubject" %
                                                 OTHER.encode(), 1), "bad")
    case("the signature before the parents", re.sub(
        rb"(parent .*\n)((?:.|\n)*)(gpgsig (?:.|\n)*?END SSH SIGNATURE-----\n)", rb"\3\1\2",
        signed(parents=(PARENT,))), "good")
    nul = body.replace(b"\n\n", b"\nodd a\0b\n\n", 1)
    case("NUL in a header", with_sig(nul, armor), "bad")
    case("NUL in a header, signed", with_sig(nul, ssh_sign(nul)), "good")
    case("NUL before the signature", good.replace(b"gpgsig", b"\0gpgsig", 1), "none")
    case("NUL within the signature's header", good.replace(b"gpgsig ", b"gpgsig\0", 1), "none")
    case("a tab behind the header's name", good.replace(b"gpgsig ", b"gpgsig\t", 1), "none")
    case("an empty line before it", good.replace(b"gpgsig", b"\ngpgsig", 1), "none")
    case("CRLF in the headers", good.replace(b"\ngpgsig", b"\r\ngpgsig", 1), "bad")
    for name in ("UTF-16", "no-such", ""):
        case("a signed encoding '%s'" % name, signed(extra="encoding %s\n" % name), "good")
    case("a megabyte of message", signed(message="x" * (1 << 20)), "good")
    case("more than a commit may have, signed", signed(message="x" * (17 << 20)), STRICT)
    case("more than a signature may have", with_sig(body, armor + b"x" * (65 << 10)), STRICT)


def armor_cases(body, armor):
    def arm(name, text, verdict):
        case("armor: " + name, with_sig(body, text), verdict)
    lines = armor.split(b"\n")
    blob = base64.b64decode(b"".join(lines[1:-2]))

    def armored(data):
        return b"\n".join([lines[0], base64.b64encode(data), lines[-2], b""])
    arm("on one line", armored(blob), "good")
    for at in (0, 8, 30, 60, len(blob) - 70, len(blob) - 1):
        changed = bytearray(blob)
        changed[at] ^= 1
        arm("bit of byte %d of %d" % (at if at < 61 else at - len(blob), len(blob)),
            armored(bytes(changed)), "bad")
    arm("a byte less", armored(blob[:-1]), "bad")
    arm("a byte more", armored(blob + b"x"), "bad")
    arm("version 2", armored(blob[:6] + struct.pack(">I", 2) + blob[10:]), "bad")
    arm("version 0", armored(blob[:6] + struct.pack(">I", 0) + blob[10:]), "good")
    arm("text behind it", armor + b"garbage\n", "good")
    arm("text before it", b"garbage\n" + armor, "bad")
    arm("an empty line before it", b"\n" + armor, "bad")
    arm("blanks before it", b"  " + armor, "bad")
    arm("a head more", b"\n".join([lines[0], b"Comment: x", b""] + lines[1:]), "bad")
    arm("without its end", b"\n".join(lines[:-2]) + b"\n", "bad")
    arm("cut in the middle", armor[:len(armor) // 2], "bad")
    arm("CRLF", armor.replace(b"\n", b"\r\n"), "bad")
    arm("empty", b"\n", "bad")
    arm("no armor at all", b"hello\n", "bad")
    arm("twice", armor + armor, "good")
    arm("X.509's", armor.replace(b"SSH SIGNATURE", b"SIGNED MESSAGE"), "bad")
    arm("OpenPGP's around it", armor.replace(b"SSH SIGNATURE", b"PGP SIGNATURE"), "unknown")
    arm("NUL behind it", armor + b"\0", "good")


def namespace_cases(body):
    def by(name, key, verdict, where="ssh", **how):
        case(name, with_sig(body, ssh_sign(body, key, **how)), verdict, where)
    by("another namespace", "alice", "bad", ns="file")
    by("hashed by sha256", "alice", "good", options=("-Ohashalg=sha256",))
    by("by nobody's key", "mallory", "untrusted")
    by("an RSA key", "rsa", "good")
    by("an ECDSA key", "ecdsa", "good")
    case("a security key, touched", with_sig(body, SK.sign(body)), "good")
    case("a security key, not touched", with_sig(body, SK.sign(body, 0)), "good")
    case("a security key's counter changed", with_sig(body, SK.sign(body, told=8)), "bad")
    by("the key is revoked, in a list", "alice", "revoked", "revoked")
    by("another key is revoked", "ecdsa", "good", "revoked")
    by("the key is revoked, in a KRL", "alice", "revoked", "krl")
    by("another one is, in a KRL", "ecdsa", "good", "krl")
    by("the key was removed", "alice", "untrusted", "none")
    by("the list of signers is empty", "alice", "untrusted", "empty")
    by("no list of signers", "alice", "unknown", "nothing")
    by("namespaces=git", "alice", "good", "options")
    by("namespaces=file", "ecdsa", "untrusted", "options")
    by("a pattern of namespaces", "rsa", "good", "options")
    by("principals by a pattern", "alice", "good", "patterns")
    by("several principals", "ecdsa", "good", "patterns")
    by("a negated principal", "rsa", "untrusted", "patterns")
    by("comments and empty lines", "alice", "good", "comments")
    by("a line that cannot be read", "alice", "good", "broken")
    by("CRLF in the list", "alice", "good", "crlf")
    by("the same key twice, first too young", "alice", "good", "twice")
    by("a certificate", "certified-cert.pub", "good", "authority", env=AGENT)
    by("an expired certificate", "expired-cert.pub", "untrusted", "authority", env=AGENT)
    by("a certificate of another", "foreign-cert.pub", "untrusted", "authority", env=AGENT)
    by("a certificate's key alone", "certified", "untrusted", "authority")
    by("an authority's own key", "authority", "untrusted", "authority")
    by("a revoked certificate", "certified-cert.pub", "revoked", "uncertified", env=AGENT)


def time_cases():
    day = 86400
    for name, time, verdict in (
            ("long before", TIME - 400 * day, "expired"), ("just before", 1672531199, "expired"),
            ("as it begins", 1672531200, "good"), ("within", TIME, "good"),
            ("as it ends", 1704067200, "good"), ("just after", 1704067201, "expired"),
            ("long after", TIME + 400 * day, "expired")):
        case("committed %s the key's time" % name, signed(time=time), verdict, "window")
    for name, date, verdict in (
            ("no time", "", "expired"), ("a time without zone", " 1700000000", "expired"),
            ("a negative time", " -5 +0000", "expired"), ("two blanks", "  1700000000 +0000", "good"),
            ("a zone without sign", " 1700000000 0000", "expired"),
            ("a time of zero", " 0 +0000", "expired"),
            ("the year 10000", " 253402300800 +0000", "bad"),
            ("a time that is too large", " 99999999999999999999 +0000", "bad")):
        body = payload().replace(b"committer A <a@example.org> 1700000000 +0000",
                                 b"committer A <a@example.org>" + date.encode())
        case("a committer with " + name, with_sig(body, ssh_sign(body)), verdict, "window")
    body = payload().replace(b"committer A <a@example.org>", b"committer A")
    case("a committer without address", with_sig(body, ssh_sign(body)), "bad")
    body = re.sub(rb"committer .*\n", b"", payload())
    case("without a committer", with_sig(body, ssh_sign(body)), "bad")
    body = payload().replace(b"committer A", b"committer A > B <x> C")
    case("a committer with odd brackets", with_sig(body, ssh_sign(body)), "good", "window")
    case("a second committer", signed(extra="committer A <a@example.org> 1 +0000\n"), "good",
         "window")


def pgp_cases():
    def pgp(name, raw, verdict, where="pgp"):
        case("OpenPGP: " + name, raw, verdict, where)
    alice, old, gone, rsa = pgp_key("alice"), pgp_key("old", expires="2021-01-01", time=
                                                      "20200101T000000"), pgp_key("gone"), \
        pgp_key("rsa", "rsa2048")
    sub, mallory = pgp_key("sub"), pgp_key("mallory")
    gpg("--quick-add-key", sub, "ed25519", "sign", "never")
    late = pgp_key("late", time="20200101T000000")
    gpg("--quick-add-key", late, "ed25519", "sign", "2021-01-01", time="20200102T000000")
    aged = pgp_key("aged", time="20200101T000000")
    keys = gpg("--armor", "--export", alice, old, gone, rsa, sub, late, aged).stdout
    world("pgp", openpgp=keys)
    by_gone = pgp_signed(gone)
    gpg("--import", input=read("%s/made/openpgp-revocs.d/%s.rev" % (T, gone)).split(b"\n:", 1)[1])
    world("pgp-revoked", openpgp=gpg("--armor", "--export", gone, alice).stdout)
    world("both", "alice@example.org " + public("alice") + "\n", None, keys)
    body = payload()
    armor = pgp_sign(body, alice)
    good = with_sig(body, armor)
    pgp("as it was signed", good, "good")
    pgp("without a signature", body, "none")
    pgp("another subject", good.replace(b"subject", b"Subject"), "bad")
    pgp("another time", good.replace(b"1700000000", b"1700000001"), "bad")
    pgp("from elsewhere", with_sig(payload("other\n"), armor), "bad")
    pgp("an RSA key", pgp_signed(rsa), "good")
    pgp("sha256", pgp_signed(rsa, "--digest-algo", "SHA256"), "good")
    pgp("sha1", pgp_signed(rsa, "--digest-algo", "SHA1"), None)
    pgp("a subkey", pgp_signed(sub), "good")
    pgp("an expired subkey", pgp_signed(late, time="20200601T000000"), "expired")
    pgp("an expired key", pgp_signed(old, time="20200601T000000"), "expired")
    pgp("a key before it is revoked", by_gone, "good")
    pgp("a revoked key", by_gone, "revoked", "pgp-revoked")
    pgp("another key is revoked", pgp_signed(alice), "good", "pgp-revoked")
    pgp("an unknown key", pgp_signed(mallory), "untrusted")
    pgp("an expired signature", pgp_signed(aged, "--default-sig-expire", "1d",
                                           time="20200601T000000"), "expired")
    pgp("an old signature", pgp_signed(aged, time="20200601T000000"), "good")
    pgp("two expired signatures", pgp_signed(aged, "-u", aged, "-u", late,
                                             "--default-sig-expire", "1d",
                                             time="20200601T000000"), "bad")
    pgp("two signatures", pgp_signed(alice, "-u", rsa), "bad")
    pgp("two signatures, one unknown", pgp_signed(alice, "-u", mallory), "bad")
    pgp("cut in the middle", with_sig(body, armor[:len(armor) // 2]), "bad")
    pgp("text behind it", with_sig(body, armor + b"garbage\n"), "good")
    pgp("twice", with_sig(body, armor + armor), None)
    pgp("a comment in its head", with_sig(body, armor.replace(b"-----\n", b"-----\nComment: x\n", 1)),
        "good")
    pgp("a checksum that is wrong", with_sig(body, re.sub(rb"\n=....\n", b"\n=AAAA\n", armor)), None)
    pgp("CRLF", with_sig(body, armor.replace(b"\n", b"\r\n")), None)
    pgp("a signed message", with_sig(body, gpg("--armor", "--sign", "-u", alice,
                                               input=body).stdout), "bad")
    pgp("a signed message in a signature's armor", with_sig(body, gpg(
        "--armor", "--sign", "-u", alice, input=body).stdout.replace(b"PGP MESSAGE", b"PGP SIGNATURE")),
        "bad")
    pgp("a text signed in clear", with_sig(body, gpg("--clearsign", "-u", alice,
                                                     input=body).stdout), "bad")
    pgp("a public key", with_sig(body, gpg("--armor", "--export", alice).stdout), "bad")
    pgp("no keys configured", good, "unknown", "ssh")
    pgp("both kinds configured", good, "good", "both")
    pgp("SSH beside it", signed(), "good", "both")
    pgp("SSH, no signers configured", signed(), "unknown", "pgp")
    pgp("SSH in a second header", with_sig(good, ssh_sign(body)), None, "both")
    pgp("in a second header", with_sig(signed(), armor), "good", "both")


def merge_cases():
    left, bad = put(signed(message="left\n")), put(payload("bad\n"))
    case("a merge", signed(parents=(left, PARENT)), "good")
    case("a merge of what is not signed", signed(parents=(left, bad)), "good")
    case("its unsigned side", payload("bad\n"), "none")
    case("a merge with its sides changed",
         signed(parents=(left, PARENT)).replace(PARENT.encode(), bad.encode()), "bad")


def make_worlds():
    def line(who, name, options=""):
        return "%s %s%s\n" % (who, options and options + " ", public(name))
    for name, kind in (("alice", "ed25519"), ("mallory", "ed25519"), ("ecdsa", "ecdsa"),
                       ("authority", "ed25519"), ("stranger", "ed25519"),
                       ("certified", "ed25519"), ("expired", "ed25519"), ("foreign", "ed25519")):
        ssh_key(name, "-t", kind)
    ssh_key("rsa", "-t", "rsa", "-b", "2048")
    for name, by, valid in (("certified", "authority", "always:forever"),
                            ("expired", "authority", "20200101:20210101"),
                            ("foreign", "stranger", "always:forever")):
        run("ssh-keygen", "-q", "-s", "%s/%s" % (T, by), "-I", name, "-n", name + "@example.org",
            "-V", valid, "%s/%s.pub" % (T, name))
    alice = line("alice@example.org", "alice")
    every = alice + line("rsa@example.org", "rsa") + line("ecdsa@example.org", "ecdsa") + \
        "sk@example.org %s\n" % SK.line
    run("ssh-keygen", "-q", "-k", "-f", T + "/krl", T + "/alice.pub")
    world("ssh", every)
    world("revoked", every, public("alice") + "\n")
    world("krl", every, read(T + "/krl"))
    world("none", line("rsa@example.org", "rsa"))
    world("empty", "")
    world("nothing")
    world("options", line("alice@example.org", "alice", 'namespaces="git"') +
          line("ecdsa@example.org", "ecdsa", 'namespaces="file"') +
          line("rsa@example.org", "rsa", 'namespaces="file,g*t"'))
    world("patterns", line("*@example.org", "alice") +
          line("e1@example.org,e2@example.org", "ecdsa") + line("!rsa@example.org", "rsa"))
    world("comments", "# all who may\n\n  \n" + alice + "# the end\n")
    world("broken", "this is no signer\nx@example.org ssh-ed25519 AAAA\n" + alice)
    world("crlf", alice.replace("\n", "\r\n"))
    world("twice", line("late@example.org", "alice", 'valid-after="20300101Z"') + alice)
    world("window", line("alice@example.org", "alice",
                         'valid-after="20230101Z",valid-before="20240101Z"'))
    authority = line("*@example.org", "authority", 'cert-authority')
    world("authority", authority)
    world("uncertified", authority, public("certified") + "\n")


# --- judging
def git(where, oid):
    signers, revoked, _, home = WORLDS[where]
    options = ["-c", "gpg.ssh.allowedSignersFile=" + signers] if signers else []
    options += ["-c", "gpg.ssh.revocationFile=" + revoked] if revoked else []
    env = {"GNUPGHOME": home}
    done = run("git", "--git-dir", REPO, *options, "verify-commit", "-v", oid, check=False, env=env)
    said = run("git", "--git-dir", REPO, *options, "log", "-1", "--format=%G? %GS", oid,
               check=False, env=env).stdout.decode(errors="replace").strip()
    return done.returncode == 0, said


def ours(where, oids):
    words = [word or "-" for word in WORLDS[where][:3]]
    lines = "".join(oid + "\n" for oid in oids).encode()
    said = run(DRIVER, REPO, T, *words, input=lines).stdout.decode().splitlines()
    return dict((line.split(" ", 1)[0], line.split(" ", 2)[1:]) for line in said)


# What a verdict may be for a letter of git's %G?.
LETTERS = {"G": {"good"}, "U": {"good", "untrusted", "expired", "revoked"},
           "B": {"bad", "revoked", "untrusted", "expired"}, "N": {"none", "bad", "unknown"},
           "X": {"expired"}, "Y": {"expired"}, "R": {"revoked"}, "E": {"untrusted", "bad", "unknown"},
           "": {"bad", "unknown"}}


def tell(ok, name, why):
    global count, failed
    count += 1
    failed += not ok
    print("%s %d - %s" % ("ok" if ok else "not ok", count, name))
    if not ok:
        print("# " + why, file=sys.stderr)


def compare(where, name, oid, expected, by_git, verdict, signer):
    accepted, said = by_git
    letter, who = (said.split(" ", 1) + [""])[:2] if said else ("", "")
    strict = expected == STRICT
    ok = (strict and accepted and verdict == "bad") or (
        not strict and accepted == (verdict == "good") and verdict in LETTERS[letter])
    ok = ok and (strict or expected in (None, verdict))
    ok = ok and (verdict != "good" or signer in who)
    tell(ok, "%s: %s" % (name, verdict), "%s %s: git %s '%s', here %s '%s', expected %s" %
         (where, oid, accepted, said, verdict, signer, expected))


def main():
    ssh_cases()
    merge_cases()
    pgp_cases()
    for where in WORLDS:
        mine = [c for c in CASES if c[0] == where]
        verdicts = ours(where, [c[2] for c in mine])
        with ThreadPoolExecutor(4) as pool:
            all_git = list(pool.map(lambda c: git(*c[:3:2]), mine))
        for (_, name, oid, expected), by_git in zip(mine, all_git):
            compare(where, name, oid, expected, by_git, *verdicts.get(oid, ("nothing", "")))
    left = [name for name in os.listdir(T) if name.startswith("assent-judge-")]
    tell(left == [], "nothing is left of the judge's folders", str(left))
    print("1..%d" % count)


run("git", "init", "-q", "--bare", REPO)
os.mkdir(T + "/made", 0o700)
TREE, OTHER = put(b"", b"tree"), put(b"100644 a\0" + bytes.fromhex(put(b"x", b"blob")), b"tree")
PARENT = put(payload("parent\n"))
SK = Security()
make_worlds()
AGENT = {"SSH_AUTH_SOCK": T + "/agent"}
agent = subprocess.Popen(["ssh-agent", "-D", "-a", T + "/agent"], stdout=subprocess.DEVNULL)
try:
    while not os.path.exists(T + "/agent"):
        if agent.poll() is not None:
            sys.exit("ssh-agent does not run")
    for key in ("certified", "expired", "foreign"):
        run("ssh-add", "-q", "%s/%s" % (T, key), env=AGENT)
    main()
finally:
    agent.terminate()
    agent.wait()
    for home in os.listdir(T):
        if home == "made" or home.startswith("home-"):
            run("gpgconf", "--kill", "all", env={"GNUPGHOME": "%s/%s" % (T, home)}, check=False)
sys.exit(1 if failed else 0)
