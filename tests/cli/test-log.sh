#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# assent log: every kind of damage is found and named, sound logs pass, bundles check themselves.
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
need ssh-keygen openssl python3

state=$tmp/state
log=$state/log
make-log "$state" 300 || skip_all "cannot make a log"
export ASSENT_SOCKET="$tmp/none"

lacks_text() {
  ! grep -qF -e "$2" "$1"
}

# The sound log.
exits 0 'a sound log verifies' assent log verify "$log"
says 'says so' out 'verified: web1.example.org, 300 entries'
lacks 'has nothing unchecked' out 'not checked'
exits 0 'with the key as text' assent log verify --key "$(cat "$state/keys/log.vkey")" "$log"
exits 0 'and as JSON' assent log verify --json "$log"
ok 'JSON says verified' grep -q '"verified":true' "$tmp/out"
exits 2 'a log that is not there' assent log verify --bad "$log"
exits 1 'a folder that is not there' assent log verify "$tmp/nowhere"

# No agent, no folder named: the configuration tells where the log is.
printf 'agent: web1.example.org\nstate: %s\n' "$state" >"$tmp/assentd.yaml"
exits 0 'the log of the configured state folder is found' \
  assent log verify --config "$tmp/assentd.yaml"
exits 0 'without a socket named' \
  env -u ASSENT_SOCKET assent log verify --config "$tmp/assentd.yaml" --socket "$tmp/none"

# A copy to damage; FILE is beneath the log's folder.
damage() {
  rm -rf "$tmp/copy"
  cp -r "$state" "$tmp/copy"
}
flip() {
  python3 - "$tmp/copy/$1" "$2" <<-'EOF'
		import sys
		path, at = sys.argv[1], int(sys.argv[2])
		data = bytearray(open(path, "rb").read())
		data[at] ^= 1
		open(path, "wb").write(data)
	EOF
}
found() {
  exits 1 "$1 is found" assent log verify "$tmp/copy/log"
  says "$1 is named" out "$2"
}

damage && flip log/tile/entries/000 50
found 'a flipped byte in an entry' 'entry 0:'
damage && flip log/tile/entries/001.p/44 30
found 'a flipped byte in the last bundle' 'entry 256:'
damage && flip log/tile/0/000 $((32 * 17 + 3))
found 'a flipped byte in a tile' 'entry 17:'
damage && flip log/tile/0/001.p/44 5
found 'a flipped byte in a narrow tile' 'tile/0/001.p/44'
damage && flip log/tile/1/000.p/1 9
found 'a flipped byte in an upper tile' 'tile/1/000.p/1: hash 0 is not that of entries 0 to 255'
damage && flip log/checkpoint 20
found 'a flipped byte in the checkpoint' 'checkpoint:'
for object in "$state"/objects/*/*; do
  name=${object#"$state"/}
  damage && flip "$name" 3
  found "a flipped byte in object ${name:8:9}" "$(basename "$name")"
done
damage && rm "$tmp/copy/log/tile/entries/000"
found 'a missing bundle' 'tile/entries/000: missing'
damage && rm "$tmp/copy/log/tile/0/000"
found 'a missing tile' 'tile/0/000: missing'
damage && rm "$tmp/copy/log/tile/1/000.p/1"
found 'a missing upper tile' 'tile/1/000.p/1: missing'
damage && rm "$tmp/copy/log/checkpoint"
found 'a missing checkpoint' 'checkpoint: missing'
damage && truncate -s -5 "$tmp/copy/log/tile/entries/001.p/44"
found 'a truncated bundle' 'tile/entries/001.p/44: cut off at entry 299'
damage && truncate -s -32 "$tmp/copy/log/tile/0/000"
found 'a truncated tile' 'tile/0/000: 8160 bytes, expected 8192'
damage && printf x >>"$tmp/copy/log/tile/entries/001.p/44"
found 'bytes behind a bundle' '1 byte after its last entry'
damage && cp "$tmp/copy/log/tile/0/000" "$tmp/copy/log/tile/0/007"
found 'a tile too many' 'tile/0/007: beyond'
damage && echo x >"$tmp/copy/log/tile/0/00a"
found 'a file that is no tile' 'tile/0/00a: is not a file of a log'

damage && echo x >"$tmp/copy/log/tile/0/"$'\033[2J\377'
found 'a file whose name would clear the screen' 'tile/0/<U+001B>[2J<FF>: is not a file of a log'
exits 1 'and is found as JSON' assent log verify --json "$tmp/copy/log"
says 'which is written' out '"verified":false'

# Entries dropped and swapped, with everything beside them left alone.
edit() {
  python3 - "$tmp/copy/log/tile/entries/000" "$1" <<-'EOF'
		import sys
		path, what = sys.argv[1:]
		data, out = open(path, "rb").read(), []
		while data:
		    n = int.from_bytes(data[:2], "big") + 2
		    out.append(data[:n])
		    data = data[n:]
		if what == "drop":
		    del out[9]
		else:
		    out[9], out[10] = out[10], out[9]
		open(path, "wb").write(b"".join(out))
	EOF
}
damage && edit drop
found 'a dropped entry' 'tile/entries/000: cut off at entry 255'
says 'where it was' out 'entry 9: calls itself entry 10'
damage && edit swap
found 'a swapped pair' 'entry 9: calls itself entry 10'

# Narrow tiles of earlier sizes may stay, as long as they agree.
damage && mkdir -p "$tmp/copy/log/tile/0/000.p" &&
  head -c 64 "$log/tile/0/000" >"$tmp/copy/log/tile/0/000.p/2"
exits 0 'an older narrow tile may stay' assent log verify "$tmp/copy/log"
flip log/tile/0/000.p/2 40
found 'an older narrow tile that differs' 'tile/0/000.p/2: an older, narrower tile'

# Keys.
other=web1.example.org+00000000+AcbIgEFkg+d7Zi9w7LYR1dApR6i+d7Jl4wJ8Agzs8/2T
exits 1 'a key with a wrong id is refused' assent log verify --key "$other" "$log"
make-log "$tmp/other" 5
damage && cp "$tmp/other/log/checkpoint" "$tmp/copy/log/checkpoint"
found 'the checkpoint of another log' 'checkpoint'
witness=$(cat "$srcdir/tests/data/vectors/note/witness1.vkey")
exits 1 'the key of somebody else is refused' assent log verify --key "$witness" "$log"
rm -r "$tmp/copy/keys"
cp "$log/checkpoint" "$tmp/copy/log/checkpoint"
exits 0 'without a key the log names its own' assent log verify "$tmp/copy/log"
says 'and a warning is given' out 'taken from the log itself'

# Sound trees around stories that cannot be.
tells() {
  rm -rf "$tmp/fault"
  make-log "$tmp/fault" 6 "$1"
  exits 1 "$1 is found" assent log verify "$tmp/fault/log"
  says "$1 is named" out "$2"
}
tells no-approval 'entry 3: applies with 0 of 1 approvals'
tells forged-approval "entry 2: key SHA256:"
tells other-statement 'entry 2: its statement is not the one'
tells wrong-plan-key "entry 1: plan signature is not by the agent's plan key"
tells wrong-list 'entry 1: its plan names an approver list that was not in force'
tells quorum "entry 1: number, expiry, quorum or commit differ from its plan's"
tells expired 'entry 3: applies a plan that had expired'
tells twice 'entry 5: applies a plan that was applied'
tells rejected "entry 4: applies a plan that 'bob' had rejected"
tells counted-twice "entry 3: counts 'alice' or that key twice"
tells new-list 'entry 4: applies a plan under another approver list'
tells time-back 'entry 4: is older than the entry before it'
tells seq-gap 'entry 4: calls itself entry 5'
tells attested-by-other "entry 2: decision of 'alice' is attested by another key"
tells attested-later 'entry 2: is attested after it was written'
tells quiet-early 'entry 2: applies with 0 of 1 approvals'
tells quiet-unsaid "entry 1: number, expiry, quorum or commit differ from its plan's"
tells glass-by-other "entry 3: 'alice' may not break the glass"
for story in rewritten-by-nobody rewritten-other-tip rewritten-elsewhere rewritten-by-other \
  rewritten-for-other rewritten-moved rewritten-again; do
  tells $story 'its plan is of a rewritten history that nobody had accepted'
done
tells restores-unknown 'which the log has not seen'
tells restores-unapplied 'which was not applied before'
tells restores-elsewhere 'which is of another stack'
tells restores-other-state "shall have another mode or owner than what was approved"
tells attested-unasked "by channel 'slack', which this plan does not take"

# Without the objects the rest is checked, and what is not is said.
damage && rm -r "$tmp/copy/objects"
exits 0 'a log without objects verifies' assent log verify "$tmp/copy/log"
says 'but says what was not checked' out 'entry 1: the plan is not here'

# Looking.
exits 0 'the table' assent log "$log"
says 'has the approval' out 'alice approve'
ok 'has all entries' test "$(wc -l <"$tmp/out")" -eq 301
exits 0 'by type' assent log --type approval "$log"
ok 'has one entry' test "$(wc -l <"$tmp/out")" -eq 2
exits 0 'by stack' assent log --stack nothing "$log"
ok 'has none' test ! -s "$tmp/out"
exits 0 'by time' assent log --since 2026-01-01T00:04:00Z "$log"
ok 'has the later ones' test "$(wc -l <"$tmp/out")" -lt 100
exits 2 'an unknown type' assent log --type nonsense "$log"
exits 2 'a bad time' assent log --since yesterday "$log"
exits 0 'the table as JSON' assent log --json --type plan "$log"
ok 'has the plan' grep -q '"number":7' "$tmp/out"
ok 'and only it' lacks_text "$tmp/out" '"type":"note"'
exits 0 'one entry' assent log show 2 "$log"
says 'shows its signature' out 'BEGIN SSH SIGNATURE'
exits 1 'an entry beyond the end' assent log show 300 "$log"
exits 2 'no number' assent log show x "$log"

# Proofs.
exits 0 'an entry is proved' assent log prove 273 "$log"
ok 'by a tlog-proof' test "$(head -n 1 "$tmp/out")" = 'c2sp.org/tlog-proof@v1'
ok 'with its index' grep -qx 'index 273' "$tmp/out"
cp "$tmp/out" "$tmp/proof"
exits 0 'as JSON' assent log prove 273 "$log" --json
ok 'it is one document with the same proof' python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
assert d["entry"] == 273 and d["proof"] == open(sys.argv[2]).read()' "$tmp/out" "$tmp/proof"
exits 0 'into a file' assent log prove 273 "$log" --json --output "$tmp/proof.new"
ok 'which is named' grep -q '"file":"'"$tmp/proof.new"'"' "$tmp/out"
ok 'and the same' cmp "$tmp/proof" "$tmp/proof.new"
exits 1 'an entry that is not there is not' assent log prove 300 "$log"
damage && flip log/tile/0/000 77
exits 1 'nothing is proved out of a damaged log' assent log prove 273 "$tmp/copy/log"

# A checkpoint needs no software of ours: openssl verifies what the recorded vectors hold, and it is
# the text that we read.
vectors=$srcdir/tests/data/vectors
ok 'openssl alone verifies a checkpoint' openssl pkeyutl -verify -pubin \
	-inkey "$vectors/keys/log.pem" -rawin -in "$vectors/stock-tools/checkpoint.body" \
	-sigfile "$vectors/stock-tools/checkpoint.rawsig"
ok 'whose text is the one we read' test "$(cat "$vectors/stock-tools/checkpoint.body")" = \
	"$(sed '/^$/,$d' "$vectors/tiles300/checkpoint")"

# signify's files hold the same key and the same signature behind ten bytes of their own.
behind_head() {
  sed -n 2p "$1" | base64 -d | tail -c +11 | od -An -v -tx1 | tr -d ' \n'
}
whole() {
  od -An -v -tx1 "$1" | tr -d ' \n'
}
openssl pkey -pubin -in "$vectors/keys/log.pem" -outform DER | tail -c 32 >"$tmp/key.raw"
ok "signify's key is the log's" test "$(behind_head "$vectors/stock-tools/log.signify.pub")" = \
  "$(whole "$tmp/key.raw")"
ok "signify's signature is the checkpoint's" test \
  "$(behind_head "$vectors/stock-tools/checkpoint.body.sig")" = \
  "$(whole "$vectors/stock-tools/checkpoint.rawsig")"

# Published on the web.
python3 -m http.server --bind 127.0.0.1 --directory "$state" 0 >"$tmp/http" 2>&1 &
server=$!
pids="$pids $server"
port=
for _ in $(seq 100); do
  port=$(sed -n 's/.*port \([0-9]*\).*/\1/p' "$tmp/http")
  [ -n "$port" ] && break
  sleep 0.1
done
vkey=$(cat "$state/keys/log.vkey")
if [ -n "$port" ]; then
  exits 0 'a log on the web verifies' assent log verify --key "$vkey" "http://127.0.0.1:$port/log"
  exits 1 'a missing one does not' assent log verify --key "$vkey" "http://127.0.0.1:$port/none"
fi

# Bundles.
plan=$(sed -n 's/.*\([0-9a-f]\{12\}\) #7.*/\1/p' <(assent log --type plan "$log"))
exits 0 'a plan is exported' assent log export --log "$log" "$plan" "$tmp/bundle"
exits 0 'its bundle verifies' "$tmp/bundle/verify.sh"
says 'in the end' out 'VERIFIED'
exits 0 'with the right key' "$tmp/bundle/verify.sh" "$vkey"
exits 1 'not with another' "$tmp/bundle/verify.sh" "$witness"
exits 1 'a folder that is not empty is left alone' \
  assent log export --log "$log" "$plan" "$tmp/bundle"
exits 1 'an unknown plan' assent log export --log "$log" 0123456 "$tmp/bundle2"
exits 2 'too few digits' assent log export --log "$log" 0123 "$tmp/bundle2"
flips_are_found() { # BUNDLE
  while read -r file <&3; do
    case $file in
    verify.sh) continue ;;
    esac
    rm -rf "$tmp/copy"
    cp -r "$1" "$tmp/copy"
    flip "$file" $(($(wc -c <"$1/$file") / 2))
    exits 1 "a flipped byte in $file is found" "$tmp/copy/verify.sh" "$vkey"
  done 3< <(cd "$1" && find . -type f | sed 's,^\./,,' | sort)
}
flips_are_found "$tmp/bundle"
for file in proofs/2.leaf approval-2.json proofs/0.leaf plan.json.sig allowed_signers \
  proofs/0.tlog-proof proofs/2.tlog-proof; do
  rm -rf "$tmp/copy"
  cp -r "$tmp/bundle" "$tmp/copy"
  rm "$tmp/copy/$file"
  exits 1 "without $file it fails" "$tmp/copy/verify.sh"
done

# The recorded bundle, whose documents are older than ours: its own script accepts it, ours believes
# its checkpoint and proofs, and what we export has its shape.
recorded=$tmp/recorded
cp -r "$vectors/bundle" "$recorded"
chmod -R u+w "$recorded"
shape() {
  (cd "$1" && find . -type f | sed -e 's,^\./,,' -e 's,^approval-[^.]*,approval-N,' \
    -e 's,^proofs/[0-9]*,proofs/N,' | grep -vx diff | sort -u)
}
ok 'what we export has the shape of the recorded bundle' test "$(shape "$tmp/bundle")" = \
  "$(shape "$recorded")"
cp "$tmp/bundle/verify.sh" "$recorded/ours.sh"
exits 1 'our script does not know its genesis entry' sh "$recorded/ours.sh"
says 'for that reason' err 'the first entry names another log key'
says 'but its checkpoint' out 'ok: checkpoint of gate.example.com/log1, 6 entries'
for index in 0 1 2 3 4 5; do
  says "and entry $index" out "ok: entry $index ("
done
their_script() {
  bash "$1" || return 1 # and not ssh-keygen's 255
}
if command -v xxd >/dev/null; then
  exits 0 'the recorded bundle verifies by its own script' their_script "$recorded/verify.sh"
  says 'with the approver list' out 'ok approver list is the one pinned in log entry 0'
  says 'all of it' out 'ALL OK'
  for file in checkpoint plan.json approval-carol.json.sig proofs/2.leaf; do
    rm -rf "$tmp/copy"
    cp -r "$recorded" "$tmp/copy"
    flip "$file" $(($(wc -c <"$recorded/$file") / 2))
    exits 1 "not with a flipped byte in $file" their_script "$tmp/copy/verify.sh"
  done
  # Of another list than the logged one it only does not say that it is the logged one.
  rm -rf "$tmp/copy"
  cp -r "$recorded" "$tmp/copy"
  echo '# changed' >>"$tmp/copy/allowed_signers"
  exits 0 'a changed approver list goes through' their_script "$tmp/copy/verify.sh"
  lacks 'but not as the logged one' out 'ok approver list'
  # The half of it that is about no document, on our export, which has no witness.
  sed -e '/^ssh-keygen/,$d' -e 's/\[ [$]ok -ge 1 \]//' "$recorded/verify.sh" \
    >"$tmp/bundle/recorded.sh"
  exits 0 'the recorded script believes our proofs' their_script "$tmp/bundle/recorded.sh"
  says 'and our checkpoint' out 'ok log signature'
  says 'of every entry' out 'ok entry 2 is in the log'
  cp "$recorded/proofs/2.leaf" "$tmp/bundle/proofs/2.leaf"
  exits 1 'but not of any entry' their_script "$tmp/bundle/recorded.sh"
else
  echo '# no xxd, which the recorded script needs'
fi

# What an agent that lies would put into its log: sound proofs of a story that cannot be.
bundle_of() { # FAULT
  rm -rf "$tmp/fault" "$tmp/copy"
  make-log "$tmp/fault" 6 "$1"
  cp -r "$tmp/bundle" "$tmp/copy"
  rm "$tmp/copy"/approval-* "$tmp/copy"/proofs/*
  python3 - "$tmp/fault" "$tmp/copy" <<-'EOF'
		import base64, glob, hashlib, json, shutil, sys
		log, out = sys.argv[1] + "/log/", sys.argv[2] + "/"
		data, leaves = open(glob.glob(log + "tile/entries/000.p/*")[0], "rb").read(), []
		while data:
		    n = int.from_bytes(data[:2], "big") + 2
		    leaves.append(data[2:n])
		    data = data[n:]
		sha = lambda b: hashlib.sha256(b).digest()
		def cut(l):
		    k = 1
		    while k * 2 < len(l):
		        k *= 2
		    return l[:k], l[k:]
		def root(l):
		    if len(l) == 1:
		        return sha(b"\0" + l[0])
		    return sha(b"\1" + b"".join(map(root, cut(l))))
		def path(m, l):
		    if len(l) == 1:
		        return []
		    a, b = cut(l)
		    return path(m, a) + [root(b)] if m < len(a) else path(m - len(a), b) + [root(a)]
		shutil.copy(log + "checkpoint", out)
		note = open(log + "checkpoint").read()
		for i, leaf in enumerate(leaves):
		    open(out + "proofs/%d.leaf" % i, "wb").write(leaf)
		    steps = "".join(base64.b64encode(h).decode() + "\n" for h in path(i, leaves))
		    open(out + "proofs/%d.tlog-proof" % i, "w").write(
		        "c2sp.org/tlog-proof@v1\nindex %d\n%s\n%s" % (i, steps, note))
		    entry = json.loads(leaf)
		    if entry["type"] == "approval":
		        open(out + "approval-%d.json" % i, "w").write(entry["statement"])
		        open(out + "approval-%d.json.sig" % i, "w").write(entry["sig"])
	EOF
}
lies() { # FAULT TEXT
  bundle_of "$1"
  exits 1 "a bundle with $1 fails" "$tmp/copy/verify.sh" "$vkey"
  says "and tells of $1" err "$2"
}
bundle_of ''
exits 0 'a bundle made by hand verifies' "$tmp/copy/verify.sh" "$vkey"
rm "$tmp/copy"/approval-2.json*
rm "$tmp/copy/proofs/3.leaf" "$tmp/copy/proofs/3.tlog-proof"
exits 1 'not without a statement whose entry is there' "$tmp/copy/verify.sh" "$vkey"
says 'which it names' err 'approval-2.json is missing'
lies no-approval '0 of 1 approvals'
lies forged-approval 'the signature of alice does not hold'
lies rejected 'bob had rejected it'
lies counted-twice 'on entry 2 twice'
lies new-list 'under another approver list'
lies twice 'a second time'
lies expired 'after it had expired'

exports() { # LOG BUNDLE: the plan of its seventh entry
  plan=$(sed -n 's/.*\([0-9a-f]\{12\}\) #7.*/\1/p' <(assent log --type plan "$tmp/$1/log"))
  exits 0 'its plan is exported' assent log export --log "$tmp/$1/log" "$plan" "$tmp/$2"
}

# What the agent attests.
make-log "$tmp/attested" 6 attested || skip_all "cannot make a log"
exits 0 'a log with an attested approval verifies' assent log verify "$tmp/attested/log"
lacks 'has nothing unchecked' out 'not checked'
exports attested told
ok 'with the evidence' grep -q '"ts"' "$tmp/told/evidence-2.json"
exits 0 'the bundle verifies' "$tmp/told/verify.sh" "$vkey"
says 'and tells how it was approved' out 'attested by the agent, channel slack'
flips_are_found "$tmp/told"
rm -rf "$tmp/copy" && cp -r "$tmp/told" "$tmp/copy" && rm "$tmp/copy/evidence-2.json"
exits 1 'without the evidence it fails' "$tmp/copy/verify.sh"

# What did not descend.
make-log "$tmp/past" 6 rewritten || skip_all "cannot make a log"
exits 0 'a log with a rewritten history verifies' assent log verify "$tmp/past/log"
exports past forced
exits 0 'the bundle verifies' "$tmp/forced/verify.sh" "$vkey"
says 'and tells who accepted it' out 'its rewritten history was accepted (entry 1, by bob)'
flips_are_found "$tmp/forced"

# What one person took upon herself.
make-log "$tmp/glass" 6 glass || skip_all "cannot make a log"
exits 0 'a log with a break-glass verifies' assent log verify "$tmp/glass/log"
exports glass shards
exits 0 'the bundle verifies' "$tmp/shards/verify.sh" "$vkey"
says 'and tells of the glass' out 'by break-glass (entry 2)'
flips_are_found "$tmp/shards"

# What nobody rejected.
make-log "$tmp/quiet" 6 quiet || skip_all "cannot make a log"
exits 0 'a log with a plan approved by silence verifies' assent log verify "$tmp/quiet/log"
exports quiet still
exits 0 'the bundle verifies' "$tmp/still/verify.sh" "$vkey"
says 'and tells why nobody was needed' out 'nobody rejected the plan for 60 seconds'

# What was put back without asking anybody.
make-log "$tmp/back" 7 restores || skip_all "cannot make a log"
exits 0 'a log with a restore verifies' assent log verify "$tmp/back/log"
restored=$(sed -n 's/.*\([0-9a-f]\{12\}\) #8.*/\1/p' <(assent log --type plan "$tmp/back/log"))
exits 0 'it is exported' assent log export --log "$tmp/back/log" "$restored" "$tmp/undone"
exits 0 'the bundle verifies' "$tmp/undone/verify.sh" "$vkey"
other=$(grep -o '"restores":\["[^"]*' "$tmp/undone/plan.json" | cut -d '"' -f 4)
folder=restores/${other#sha256:}
says 'and shows what it hangs on' out \
  "ok: plan $other, which it puts back, was approved and applied"
says 'with its approvals' out 'ok: restores: alice said approve (entry 2, signed by alice)'
ok 'and says once that it holds' [ "$(grep -c '^VERIFIED$' "$tmp/out")" = 1 ]
exits 0 'the other folder can be checked alone' "$tmp/undone/verify.sh" "$vkey" \
  "$tmp/undone/$folder"
broken() { # NAME TEXT, after a change of the copy
  exits 1 "not $1" "$tmp/copy/verify.sh" "$vkey"
  says 'which it says' err "$2"
  lacks 'and nothing else' out VERIFIED
  rm -rf "$tmp/copy" && cp -r "$tmp/undone" "$tmp/copy"
}
rm -rf "$tmp/copy" && cp -r "$tmp/undone" "$tmp/copy"
rm -r "$tmp/copy/$folder"
broken 'without it' "$folder is missing"
cp "$tmp/copy"/plan.json* "$tmp/copy/$folder/"
broken 'with another plan in its place' 'is of another plan'
rm "$tmp/copy/$folder"/approval-2.json*
broken 'without its approval' 'approval-2.json is missing'
cp "$tmp/copy/$folder/plan.json.sig" "$tmp/copy/$folder/approval-2.json.sig"
broken 'with a false approval' 'the signature of alice does not hold'
for leaf in "$tmp/copy/$folder"/proofs/*.leaf; do
  if grep -q '"type":"apply-' "$leaf"; then
    rm "$leaf" "${leaf%.leaf}.tlog-proof"
  fi
done
broken 'if it was never applied' 'was not applied before'
echo >>"$tmp/copy/$folder/checkpoint"
broken 'with another checkpoint' 'NOT VERIFIED'
finish
