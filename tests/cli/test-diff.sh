#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# assent diff: what is here against what shall be, without a trace; then blame of what was found.
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
. "$srcdir/tests/cli/libstack.sh" || exit 1
# The real worker; but a plan with files in the folder that compares may have to wait.
with_worker=$tmp/worker
cat >"$with_worker" <<END
#!/bin/sh
read -r line
case \$line in
*/diff/draft.json*)
  [ ! -e "$tmp/broken" ] || { echo '{"error":{"code":"failed","message":"as wanted"}}'; exit 1; }
  while [ -e "$tmp/hold" ]; do sleep 0.05; done ;;
esac
printf '%s\n' "\$line" | "$builddir/assent-worker" "\$@"
END
chmod 755 "$with_worker"

size() { # of the log, and what lies beside it
  assent log --json | python3 -c 'import json,sys; print(len(json.load(sys.stdin)["entries"]))'
  find "$HOME/state/assent/objects" -type f | wc -l
}
facts() {
  assent status web --json | python3 -c '
import json, sys
d = json.load(sys.stdin)
print(d["state"], d["commit"], d["pending"], d["since"])'
}

stack_begin report
stack_apply
size >"$tmp/before"
facts >"$tmp/facts"
exits 0 'no difference' assent diff web
says 'is told' out 'web: everything is as commit '
exits 0 'and in JSON' assent diff web --json
ok 'has no changes' python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
assert d["differs"] is False and d["changes"] == [] and d["diff"] is None' "$tmp/out"

echo two >"$target/app.conf"
chmod 600 "$target/app.conf"
rm "$target/www/index.html"
echo stray >"$target/www/stray"
exits 1 'differences' assent diff web
says 'with the commit' out 'web: what is here differs from commit '
says 'say what goes' out "$target/www/stray"
says 'what comes' out "$target/www/index.html"
says 'the text that is there' out '-two'
says 'and the one that shall be' out '+one'
exits 1 'without the text' assent diff web --no-diff
lacks 'there is none' out '+one'
exits 1 'in colour' assent diff web --color=always
ok 'it has colours' grep -qF $'\033[32m+one\033[0m' "$tmp/out"
exits 1 'as JSON' assent diff web --json
ok 'with every change' python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
assert d["schema_version"] == 1 and d["differs"] is True and d["stack"] == "web"
assert sorted(c["action"] for c in d["changes"]) == ["create", "remove", "update"], d["changes"]
assert "+one\n" in d["diff"]' "$tmp/out"
size >"$tmp/after"
facts >"$tmp/facts-after"
ok 'the log and its objects are as before' cmp "$tmp/before" "$tmp/after"
ok 'and so is the stack' cmp "$tmp/facts" "$tmp/facts-after"
ok 'nothing was changed here' test "$(cat "$target/app.conf")" = two
ok 'no content is left behind' test -z \
  "$(find "$HOME/state/assent/jobs/web/diff/objects" -type f)"

# Two who ask get one answer; the stack's own work goes on meanwhile.
touch "$tmp/hold"
assent diff web --json >"$tmp/first" 2>&1 &
first=$!
assent diff web --json >"$tmp/second" 2>&1 &
second=$!
exits 0 'a sync is not kept' assent sync web
rm "$tmp/hold"
wait $first
ok 'the first gets the difference' test $? = 1
wait $second
ok 'and the second' test $? = 1
ok 'the same' cmp "$tmp/first" "$tmp/second"

# What the log learns meanwhile makes the answer void.
touch "$tmp/hold"
assent diff web >"$tmp/first" 2>&1 &
first=$!
wait_for test -e "$HOME/state/assent/jobs/web/diff/objects"
assent why web --json >"$tmp/out" 2>&1
exits 1 'a plan of it' assent plan web --json
assent replan web >"$tmp/out" 2>&1
stack_commit 'nothing new'
assent sync web >"$tmp/out" 2>&1
rm "$tmp/hold"
wait $first
ok 'a stack that moved on is an error' test $? = 2
ok 'which says so' grep -q 'moved on meanwhile' "$tmp/first"

touch "$tmp/broken"
exits 2 'a worker that fails' assent diff web
says 'is an error, no difference' err 'as wanted'
rm "$tmp/broken"
exits 2 'a stack that is not there' assent diff nope
says 'neither' err "no stack 'nope'"
exits 2 'without a stack' assent diff
exits 3 'without an agent' assent diff web --socket "$tmp/none"

# Whose it is that differs.
exits 0 'blame of what was changed' assent blame "$target/app.conf"
says 'by whom it was written' out 'Bob <bob@example.org>'
says 'who approved it' out 'alice (signature)'
says 'and that it is another now' out 'changed since: mode, content'
exits 0 'of what is gone' assent blame "$target/www/index.html" --json
ok 'is different' grep -q '"now":{"state":"different","differs":\["type"\]' "$tmp/out"
exits 1 'of what was never ours' assent blame "$target/www/stray"
says 'names the tree' err "'$target/www' above it is managed"
cd "$target" || exit 1
echo one >app.conf
chmod 640 app.conf
exits 0 'put back by hand' assent blame app.conf
says 'it is as it was applied' out 'as it was applied'
ln -s "$target" "$tmp/link"
exits 0 'by another name' assent blame "$tmp/link/app.conf"
says 'it is the same' out "file:$target/app.conf"
exits 0 'its history' assent history web
ok 'has the apply' grep -qE \
  ' web +apply #[0-9]+ commit .* Bob +alice \(signature\) +ok .*the first$' "$tmp/out"
finish
