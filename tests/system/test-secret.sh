#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Sealed secrets reach their targets and nothing else: after deploying, changing, drifting, failing,
# a killed worker and removal, nothing of them is in any file, message, page or log.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
. "${srcdir:-.}/tests/system/lib-review.sh"
git_need git curl ssh-keygen python3 || tap_skip_all "$REASON"
agent_begin
scan="python3 $srcdir/tests/secret-scan.py"
MARK=$($scan --marker)
FAKE=$T/fake
mkdir "$FAKE" "$T/plain"
: >"$FAKE/got"
python3 "$srcdir/tests/system/fake-chats.py" "$FAKE" >"$T/fake.log" 2>&1 </dev/null &
git_pids="$git_pids $!"
agent_wait_for '[ -s "$FAKE/port" ]'
fake=http://127.0.0.1:$(cat "$FAKE/port")
echo hush >"$T/etc/key"
echo hush >"$FAKE/key"
echo "$fake/hooks/abc" >"$T/etc/mm-url"
echo button >"$T/etc/mm-secret"
chmod 600 "$T/etc/key" "$T/etc/mm-url" "$T/etc/mm-secret"
review_stack app 'alert-after: 1s'
cat >>"$CONF" <<C
notify:
  - webhook: {url: "$fake/webhook", secret: file:key, burst: 1000}
  - mattermost: {webhook: file:mm-url, secret: file:mm-secret}
C
review_http
agent_init
echo 'attested: [page]' >>"$T/etc/trust.yaml"
assent() {
  "$builddir/assent" "$@"
}
out=$T/out/app
tap_not() { # NAME, after a command that must have failed
  [ $? -ne 0 ]
  tap_ok "$1"
}

# --- keys
assent seal --key "$STATE/keys/seal.key" --recipient >"$T/none" 2>&1
tap_not 'a file of secret keys is no recipient'
pub=$STATE/keys/seal.pub
[ "$(stat -c %a "$STATE/keys/seal.key")" = 600 ] && grep -q '^assent-seal1 ' "$pub"
tap_ok 'the agent has a sealing key, for its owner alone, and a public line'
new_key() { # NAME
  assent seal --config "$CONF" --key "$T/keys/$1.key" --rotate >"$T/keys/$1.pub"
}
new_key other
[ "$(cat "$T/keys/other.pub")" != "$(cat "$pub")" ] && [ -s "$T/keys/other.key" ]
tap_ok 'seal --rotate makes another key'

# --- sealing
secret() { # NAME: a new content in plain/NAME
  printf '%s-%s-"&<é\n' "$MARK" "$(od -An -N8 -tx8 /dev/urandom | tr -d ' ')" >"$T/plain/$1"
}
seal() { # NAME LABEL: of plain/NAME into the repository
  assent seal --config "$CONF" --to "$pub" --for "$2" -o "$T/app/$1.sealed" - <"$T/plain/$1"
}
secret key
secret db
seal key "web1.test/app:$out/key" && seal db 'web1.test/app'
tap_ok 'secrets are sealed from standard input'
assent unseal --key "$STATE/keys/seal.key" "$T/app/key.sealed" >"$T/plain/again" &&
  cmp -s "$T/plain/key" "$T/plain/again"
tap_ok 'and opened where the key is'
assent unseal --key "$T/keys/other.key" "$T/app/key.sealed" >"$T/none" 2>"$T/why"
tap_not 'and not where another is'
grep -q 'sealed for others' "$T/why" && [ ! -s "$T/none" ]
tap_ok 'which is told, and nothing is printed'
chmod 644 "$T/keys/other.key"
assent unseal --key "$T/keys/other.key" "$T/app/key.sealed" >"$T/none" 2>"$T/why"
tap_not 'a key that others can read is not used'
chmod 600 "$T/keys/other.key"
assent seal --list "$T/app/key.sealed" | grep -q "^web1.test  [0-9a-f]\{16\}$"
tap_ok 'seal --list names the recipients'

manifest() { # LINE...
  cat >"$T/app/assent.yaml" <<-M
		secrets: {db_password: db.sealed}
		resources:
		  - file: $out/key
		    source: key.sealed
		    sealed: true
		  - file: $out/app.conf
		    template: true
		    mode: "0640"
		    content: "password=\${db_password};"
		  - file: "$out/with blank "
		    template: true
		    content: "\${db_password}"
	M
  for line in "$@"; do
    echo "$line" >>"$T/app/assent.yaml"
  done
}
deploy() { # SUBJECT: what the branch has, up to the plan
  agent_commit app "$1"
  agent_sync app
  [ -n "$PLAN" ] || {
    echo "# no plan: $STATE_NOW: $REASON_NOW" >&2
    return 1
  }
  agent_get "/v1/plans/$PLAN/plan.json" && cp "$T/body" "$T/plan.json"
  agent_get "/v1/plans/$PLAN/diff" && cp "$T/body" "$T/diff"
}
apply() { # STATE
  agent_decide "$PLAN" alice approve && agent_becomes app "$1"
}
is_there() {
  cmp -s "$T/plain/key" "$out/key" && [ "$(stat -c %a "$out/key")" = 600 ] &&
    [ "$(cat "$out/app.conf")" = "password=$(cat "$T/plain/db");" ] &&
    [ "$(stat -c %a "$out/app.conf")" = 640 ] &&
    [ "$(cat "$out/with blank ")" = "$(cat "$T/plain/db")" ]
}
manifest
assent lint "$T/app" >"$T/lint" 2>&1
tap_ok 'lint is content without keys' || tap_note "$T/lint"
agent_start
agent_get /v1/info && [ "$(field "d.get('seal_recipient')")" = "$(cat "$pub")" ]
tap_ok 'the agent tells its recipient'

# --- first
deploy first
python3 - "$T/plan.json" <<'P'
import json, sys
for c in json.load(open(sys.argv[1]))["changes"]:
    assert "secret" in c["risk"], c
    d = c["desired"]
    assert d["keyed"] and d["sealed"] and "digest" not in d and "size" not in d, d
P
tap_ok 'a plan names secrets as such, and has no digest or size of them'
[ "$(grep -c '^secret content, not shown$' "$T/diff")" = 3 ]
tap_ok 'the diff does not show them' || tap_note "$T/diff"
assent show --socket "$SOCK" "$PLAN" >"$T/show" 2>&1
assent show --socket "$SOCK" --json "$PLAN" >"$T/show.json" 2>&1
review_login bob && review_get bob "/plans/$PLAN" && cp "$T/body" "$T/page.html"
tap_ok 'pages are read, too'
apply converged && is_there
tap_ok 'the contents are at their targets, for their owner alone where nothing is stated'

# --- changed, by the key that came after
assent seal --config "$CONF" --key "$STATE/keys/seal.key" --rotate >/dev/null
for name in key db; do
  cp "$T/plain/$name" "$T/plain/$name.1"
  secret $name
done
seal key 'web1.test' && seal db '*'
deploy second
grep -q '"keyed"' "$T/plan.json" && apply converged && is_there
tap_ok 'changed contents replace them'
cp "$T/app/db.sealed" "$T/before.sealed"
assent seal --config "$CONF" --reseal "$T/app/db.sealed" 2>"$T/none" &&
  ! cmp -s "$T/app/db.sealed" "$T/before.sealed"
tap_ok 'seal --reseal seals again'
agent_commit app resealed
agent_sync app
[ -z "$PLAN" ] && agent_is app converged
tap_ok 'the same content sealed anew changes nothing' || echo "# $STATE_NOW $REASON_NOW" >&2

# --- drift
echo "$MARK by hand" >"$out/key"
cp "$out/key" "$T/plain/byhand"
agent_ask app replan
agent_ask app plan
agent_wait_for 'agent_look app && [ -n "$PLAN" ]'
agent_get "/v1/plans/$PLAN/plan.json" && cp "$T/body" "$T/plan.json"
[ "$(field "[c['action'] + str('keyed' in c['observed']) + str('outside' in c)
  for c in d['changes']]")" = "['updateTrueTrue']" ]
tap_ok 'a secret that was changed by hand is a drift, told by keyed digests'
apply converged && is_there
tap_ok 'and put back'

# --- what is sealed for one place goes to no other
cp "$T/app/key.sealed" "$T/kept"
seal key "web1.test/app:$out/elsewhere"
agent_commit app moved
agent_sync app
[ "$STATE_NOW" = blocked ] && agent_get /v1/stacks/app &&
  field "d['reason']" | grep -q 'sealed for'
tap_ok 'a secret for another path is refused' || echo "# $STATE_NOW $REASON_NOW" >&2
head -c 400 "$T/kept" >"$T/app/key.sealed"
agent_commit app cut
agent_sync app
[ "$STATE_NOW" = blocked ]
tap_ok 'and one that was cut'
cp "$T/kept" "$T/app/key.sealed"

# --- a failing check takes it back
cp "$out/key" "$T/old-key"
mv "$T/old-key" "$T/plain/old-key"
secret key
secret db
seal key 'web1.test' && seal db '*'
manifest 'checks:' '  - tcp: 127.0.0.1:1' '    within: 1s'
deploy failing && apply failed
cmp -s "$out/key" "$T/plain/old-key"
tap_ok 'a check that fails brings the old content back' || echo "# $STATE_NOW $REASON_NOW" >&2

# --- the worker is killed amid an apply
manifest '  - command: wait' '    run: [/bin/sleep, "600"]' "    creates: $T/never" \
  "    after: file:$out/key"
deploy killed && agent_decide "$PLAN" alice approve
agent_wait_for 'pgrep -P "$agent_pid" >"$T/workers" && cmp -s "$T/plain/key" "$out/key"'
worker=$(head -n1 "$T/workers")
grep -q '^Max core file size *0 *0 ' "/proc/$worker/limits" &&
  [ "$(stat -c %u "/proc/$worker/fdinfo")" = 0 ]
tap_ok 'the worker leaves no core'
[ "$(stat -c %u "/proc/$agent_pid/fdinfo")" = 0 ]
tap_ok 'nor does the agent'
kill -KILL "$worker"
agent_wait_for 'agent_look app && [ "$STATE_NOW" != applying ]'
cmp -s "$out/key" "$T/plain/old-key"
tap_ok 'after a worker that was killed the old content is back' ||
  echo "# $STATE_NOW $REASON_NOW" >&2

# --- no longer a secret, and gone
manifest 'prune: true'
deploy again && apply converged && is_there
tap_ok 'then the new one comes'
cat >"$T/app/assent.yaml" <<M
prune: true
resources:
  - file: $out/app.conf
    content: "public\n"
M
deploy public
python3 - "$T/plan.json" <<'P'
import json, sys
changes = json.load(open(sys.argv[1]))["changes"]
assert sorted(c["action"] for c in changes) == ["remove", "remove", "update"], changes
for c in changes:
    assert "secret" in c["risk"] and "keyed" in c["observed"], c
P
tap_ok 'a secret that goes is told by its keyed digest, and so is what takes its place'
apply converged && [ ! -e "$out/key" ] && [ "$(cat "$out/app.conf")" = public ]
tap_ok 'and goes'
assent log --socket "$SOCK" >"$T/log.txt" 2>&1
assent log export --socket "$SOCK" "$PLAN" "$T/bundle" >"$T/none" 2>&1
agent_stop
grep -q 'app' "$FAKE/got" || [ -n "$(ls -A "$FAKE")" ]
tap_ok 'notices were sent'

# --- nothing anywhere
for file in "$T/plain"/*; do
  set -- "$@" --contents "$file"
done
mkdir "$T/probe"
$scan "$@" "$T/plain" >"$T/probe/none" 2>&1
[ $? -eq 1 ]
tap_ok 'what looks for secrets finds them where they are'
base64 <"$T/plain/db" >"$T/probe/text"
sha256sum <"$T/plain/key" >>"$T/probe/text"
rm "$T/probe/none"
$scan "$@" "$T/probe" >"$T/none" 2>&1
[ $? -eq 1 ] && grep -q base64 "$T/none" && grep -q sha256 "$T/none"
tap_ok 'and in other forms'
rm -r "$T/probe"
$scan "$@" --except "$T/plain" --except "$T/out" "$T" >"$T.found" 2>&1
tap_ok 'and finds them nowhere else' || tap_note "$T.found"
rm -f "$T.found"
tap_end
