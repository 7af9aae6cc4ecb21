#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A drift is parted by its rules, and what people approved is put back without being asked again:
# that alone, and only where the trust file says so.
# The helpers take arguments where they need them.
# shellcheck disable=SC2119
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
. "$srcdir/tests/system/lib-apply.sh"
need git python3
apply_setup
mkdir -p "$repo/www/sub" "$host/etc"
echo 'wanted' >"$repo/a"
echo 'old' >"$host/etc/old"
echo 'x' >"$repo/www/sub/x"
cat >"$repo/assent.yaml" <<END
resources:
  - file: $host/etc/a
    source: a
    mode: "0640"
  - file: $host/etc/b
    source: a
  - file: $host/etc/old
    source: a
  - directory: $host/data
    mode: "0750"
  - link: $host/etc/link
    to: a
  - tree: $host/www
    source: www
    prune: true
END
commit
ok 'a plan is made' plan
sign
apply alice
ok 'it is applied' is result ok
cp "$tmp/plan.json" "$tmp/first.json"
cp "$tmp/plan.json.sig" "$tmp/first.json.sig"
remember

# edit PYTHON: the object p on standard input, changed, without a newline
edit() {
	python3 -c 'import json, sys
p = json.load(sys.stdin)
exec(sys.argv[1])
sys.stdout.write(json.dumps(p, sort_keys=True, separators=(",", ":")))' "$1"
}

# drifts JSON: a plan of what differs from the commit applied last
drifts() {
	plan_request "$commit" | edit "p['drift'] = json.loads('''$1''')" |
		"$worker" >"$tmp/answer" 2>"$tmp/worker.err"
}

# shows NAME EXPRESSION: Python over the result r, its drift d, the draft and its changes c
shows() {
	ok "$1" python3 -c 'import json, sys
r = json.loads(open(sys.argv[1] + "/answer").readlines()[-1])["result"]
d = r.get("drift")
draft = json.load(open(sys.argv[1] + "/draft"))
c = [x["id"].split(":")[0] + ":" + x["id"].split("/")[-1] for x in draft["changes"]]
by = {x["id"].split("/")[-1]: x for x in (d or {}).get("differs", [])}
if not eval("(" + sys.argv[2] + ")"):
    print(json.dumps(d), c, draft.get("restores")); sys.exit(1)' "$tmp" "$2"
}

# restore [PYTHON]: a plan of the draft that asks nobody; Python may change p
restore() {
	[ "$tmp/base.json" -nt "$tmp/draft" ] ||
		"$mkplan" plan "$keys" "$tmp/draft" "$tmp/base.json" agent.key 3600 0
	edit "p.update(reason='drift', seq=9, base=p['target'])
${1:-pass}" <"$tmp/base.json" >"$tmp/plan.json"
	"$mkplan" sign "$keys" "$tmp/plan.json"
}

# named FILE PERSON...: as an apply request has it
named() {
	local file=$1
	shift
	"$mkplan" request "$keys" "$file" "$objects" "$journal" "$@" |
		edit 'p = {k: p[k] for k in ("plan", "signature", "approvals")}'
}

# puts_back JSON...: the plan is applied, with these plans as proof
puts_back() {
	local list
	request
	list=$(IFS=,; echo "$*")
	echo "[$list]" >"$tmp/list"
	edit "p['restores'] = json.load(open('$tmp/list'))" <"$tmp/request" >"$tmp/request.new"
	mv "$tmp/request.new" "$tmp/request"
	work
}

state() {
	tar -c --sort=name -C "$host" . | sha256sum
}

refused() { # NAME [TEXT]
	ok "$1: refused" is code untrusted
	[ -z "${2:-}" ] || ok "$1: reason" grep -qF -e "$2" "$tmp/answer"
	ok "$1: nothing changed" test "$(state)" = "$before" -a ! -e "$journal/journal"
}

digest() { echo "sha256:$(sha256sum <"$1" | cut -c -64)"; }

damage() {
	echo 'drifted' >"$host/etc/a"
	chmod 604 "$host/etc/a"
	rm -f "$host/etc/b"
	echo 'more' >"$host/www/sub/foreign"
	before=$(state)
}

# Parting.
damage
drifts '{"default":"fix"}'
shows 'what was approved is fixed, the rest is not in the draft' \
	'd["draft"] == "fix" and c == ["file:a", "file:b"] and r["changes"] == 2'
shows 'it names the plan that was applied' \
	"draft['restores'] == ['$(digest "$tmp/first.json")'] and d['restores'] == 1"
shows 'all of it is told' '(d["fix"], d["propose"], d["report"], d["ignored"]) == (2, 1, 0, 0)'
shows 'by field' 'by["a"]["fields"] == ["content", "mode"] and by["b"]["action"] == "create"'
shows 'whose it is and since when' "by['a']['owner'] == '$(id -un)' and by['a']['changed'] > 0"
shows 'what was applied last' "by['a']['commit'] == '$commit' and by['a']['time'] == 1"
shows 'what nobody approved is proposed' \
	'by["foreign"]["class"] == "propose" and by["foreign"]["unproven"]'
drifts '{"default":"fix","restore":false}'
shows 'who may not restore proposes' \
	'd["draft"] == "propose" and len(c) == 3 and "restores" not in draft'
drifts '{"default":"report"}'
shows 'what is only reported is in no draft' \
	'd["draft"] == "none" and c == [] and d["report"] == 3 and draft["diff_size"] == 0'
drifts '{"default":"propose","rules":[{"path":"~/etc/*","on_drift":"ignore"}]}'
shows 'a path is ignored' \
	'c == ["file:foreign"] and d["ignored"] == 2 and list(by) == ["foreign"]'
drifts '{"default":"propose","rules":[{"fields":["content","mode"],"on_drift":"ignore"}]}'
shows 'fields are ignored, and what is missing is not' \
	'sorted(c) == ["file:b", "file:foreign"] and d["ignored"] == 1'
drifts '{"default":"fix","rules":[{"fields":["mode"],"on_drift":"ignore"},
	{"kind":"tree","on_drift":"report"}]}'
shows 'one field of two is left as it is' 'c == ["file:a", "file:b"] and
	by["a"]["fields"] == ["content"] and "mode" not in draft["changes"][0]["desired"]'
shows 'a kind is reported' 'by["foreign"]["class"] == "report" and d["report"] == 1'
drifts '{"default":"report","rules":[{"resource":"file:'"$host"'/etc/b","on_drift":"fix"}]}'
shows 'one resource is fixed' 'c == ["file:b"] and d["draft"] == "fix"'
drifts '{"default":"sometimes"}'
ok 'an unknown word is refused' is code usage
drifts '{"default":"fix","rules":[{"on_drift":"fix","fields":["size"]}]}'
ok 'an unknown field is refused' is code usage
plan_request '' | edit 'p["drift"] = {"default": "fix"}' | "$worker" >"$tmp/answer" 2>/dev/null
ok 'a drift of another commit is refused' is code usage

# Who may put back, and by whose word.
drifts '{"default":"fix"}'
first=$(named "$tmp/first.json" alice)
restore
puts_back "$first"
refused 'a trust file that says nothing of it' 'restore: true'
echo 'restore: true' >>"$keys/trust.yaml"
cp "$keys/trust.yaml" "$tmp/trust"
puts_back
refused 'a plan that is not brought along' 'plans that it restores'
puts_back "$(named "$tmp/first.json")"
refused 'no approval' 'of 1 approvals'
puts_back "$(named "$tmp/first.json" alice=eve.key)"
refused 'a forged approval'
puts_back "$(named "$tmp/first.json" -alice)"
refused 'a rejection' 'rejected'
puts_back "$first" "$first"
refused 'one plan twice'
cp "$tmp/first.json" "$tmp/forged.json"
cp "$keys/agent.key" "$tmp/agent.key"
cp "$keys/eve.key" "$keys/agent.key"
"$mkplan" sign "$keys" "$tmp/forged.json"
cp "$tmp/agent.key" "$keys/agent.key"
puts_back "$(named "$tmp/forged.json" alice)"
refused 'a plan that somebody else signed' 'not signed by an agent'
cp "$keys/allowed_signers" "$tmp/signers"
grep -v '^alice ' "$tmp/signers" >"$keys/allowed_signers"
touch "$tmp/draft"
restore
puts_back "$first"
refused 'an approver who is no longer in the list' "approval of 'alice'"
cp "$tmp/signers" "$keys/allowed_signers"
touch "$tmp/draft"

# older PYTHON PERSON...: the first plan, changed and approved as such, and the restore of it
older() {
	edit "$1" <"$tmp/first.json" >"$tmp/older.json"
	shift
	"$mkplan" sign "$keys" "$tmp/older.json"
	restore "p['restores'] = ['$(digest "$tmp/older.json")']"
	puts_back "$(named "$tmp/older.json" "$@")"
}
older 'p["stack"] = "other"' alice
refused 'a plan of another stack' 'another agent or stack'
older 'p["seq"] = 9' alice
refused 'a plan that is not older' 'not older'
older 'p.update(reason="drift", restores=["sha256:" + 64 * "0"])' alice
refused 'a plan that restores itself' 'only restores itself'
older 'p["policy"]["required"] = 0'
refused 'a plan that policy alone approved' 'of 1 approvals'
sed -i 's/^minimum: .*/minimum: 0/' "$keys/trust.yaml"
older 'p["policy"].update(required=1, quiet=1)'
refused 'a plan that silence approved' 'of 1 approvals'
cp "$tmp/trust" "$keys/trust.yaml"
restore "del p['restores']"
puts_back "$first"
refused 'a plan that names none' 'names none'
request
work
refused 'a plan without approvals that does not say what it restores' 'of 1 approvals'

# What the first plan does not prove. c: the change of etc/a, n: that of etc/b
mutate() {
	restore "c = [x for x in p['changes'] if x['path'].endswith('/etc/a')][0]
n = [x for x in p['changes'] if x['path'].endswith('/etc/b')][0]
$2"
	puts_back "$first"
	refused "$1" "$3"
}
mutate 'another content' 'c["desired"].update(digest=c["observed"]["digest"], size=8)' \
	'another content than'
mutate 'another mode' 'c["desired"]["mode"] = 0o666' 'mode or owner'
mutate 'another owner' 'c["desired"]["uid"] = 0' 'mode or owner'
mutate 'a new file without the mode that was approved' 'del n["desired"]["mode"]' 'mode or owner'
mutate 'another id' 'c["id"] = "file:/x"' 'none of them'
mutate 'another kind' 'c["kind"] = "tree"' 'none of them'
mutate 'another path' "c['path'] = '$host/etc/c'; c['id'] = 'file:$host/etc/c'" 'none of them'
mutate 'a root that was not approved' "c['root'] = '$host'" 'none of them'
mutate 'a removal' 'c.update(action="remove", desired={"type": "absent"})' 'nobody approved that'
mutate 'a removal that says it is none' 'c["action"] = "remove"' 'something else than it wants'
mutate 'another commit' "p['base'] = {k: 40 * '1' for k in p['base']}" 'another commit'
mutate 'a return without its trial' 'p["reason"] = "return"' 'trial that it does not name'
mutate 'a check that runs something' "p['checks'] = [{'kind': 'command', 'target': 'x',
	'within': 1, 'exec': {'run': ['/bin/true'], 'timeout': 1, 'output': 1}}]" 'runs what none'
mutate 'a command' "c.update(action='run', kind='command', id='command:x',
	desired={'type': 'command'}, observed={'type': 'absent'},
	exec={'run': ['/bin/true'], 'timeout': 1, 'output': 1}); del c['path']" 'is a command'
mutate 'a service that nobody approved' "c.update(action='start', kind='service',
	id='service:x.service', manager='system', observed={'type': 'service'},
	desired={'type': 'service', 'running': 'active'}); del c['path']" 'none of them'
mutate 'a restart for nothing' "c.update(action='restart', kind='service', manager='system',
	id='service:x.service', observed={'type': 'service'},
	desired={'type': 'service', 'running': 'active'}); del c['path']" 'no change of this plan'

# And what is put back.
restore 'p["expires"] = p["created"]'
puts_back "$first"
ok 'a restore that has expired itself' is code expired
restore 'p["policy"]["required"] = 1'
puts_back "$first"
refused 'a restore that says people have to approve it' 'of 1 approvals'
restore
puts_back "$first"
ok 'what was approved is put back' is result ok
ok 'as it was' test "$(cat "$host/etc/a" "$host/etc/b")" = "wanted
wanted" -a "$(stat -c %a "$host/etc/a")" = 640
ok 'what was not approved is left' test -e "$host/www/sub/foreign"
ok 'nothing is left behind' no_leftovers
remember

# It is no proof itself, and the first plan still is; a newer one that people approved counts more.
damage
drifts '{"default":"fix"}'
shows 'the first plan is named again' "draft['restores'] == ['$(digest "$tmp/first.json")']"
rm "$host/www/sub/foreign"
echo 'newer' >"$repo/a"
main=$commit
commit
plan "$main"
sign
edit 'p["seq"] = 10' <"$tmp/plan.json" >"$tmp/third.json"
cp "$tmp/third.json" "$tmp/plan.json"
"$mkplan" sign "$keys" "$tmp/plan.json"
cp "$tmp/plan.json.sig" "$tmp/third.json.sig"
apply alice
ok 'a newer plan is applied' is result ok
remember
third=$(named "$tmp/third.json" alice)
rm "$host/etc/b"
echo 'drifted' >"$host/etc/a"
before=$(state)
drifts '{"default":"fix"}'
shows 'its plan proves what it says' "'$(digest "$tmp/third.json")' in draft['restores'] and
	len(c) == 2"
both="p.update(seq=11, restores=sorted(['$(digest "$tmp/first.json")',
	'$(digest "$tmp/third.json")']))"
restore "$both
c = [x for x in p['changes'] if x['path'].endswith('/etc/a')][0]
c['desired'].update(digest='$(digest "$repo/www/sub/x")', size=2)
c['desired'].update(digest='sha256:$(echo wanted | sha256sum | cut -c -64)', size=7)"
puts_back "$first" "$third"
refused 'what a newer plan has replaced' 'another content than'
restore "$both"
puts_back "$first" "$third"
ok 'what the newer plan wanted is put back' is result ok
ok 'and is there' test "$(cat "$host/etc/a")" = newer

# A trial, and back.
main=$commit
before_trial=$(listing "$host" | sed 's/ [^ ]* *$//')
echo 'tried' >"$repo/a"
echo 'new' >"$repo/www/new"
rm "$repo/www/sub/x"
commit
plan "$main"
sign
edit 'p.update(reason="try", until=p["expires"], seq=12)' <"$tmp/plan.json" >"$tmp/try.json"
cp "$tmp/try.json" "$tmp/plan.json"
"$mkplan" sign "$keys" "$tmp/plan.json"
cp "$tmp/plan.json.sig" "$tmp/try.json.sig"
apply alice
ok 'a trial is applied' is result ok
remember
tried=$commit commit=$main
before=$(state)
plan_request "$tried" | edit "p['return'] = ['$(digest "$tmp/try.json")']" | "$worker" \
	>"$tmp/answer" 2>/dev/null
shows 'what it changed is put back, all of it' \
	'r["restores"] == 1 and len(c) >= 4 and "file:new" in c and "file:x" in c'
trial=$(named "$tmp/try.json" alice)
restore 'p.update(reason="return", seq=13)'
puts_back "$(named "$tmp/try.json")"
refused 'a trial that nobody approved' 'of 1 approvals'
restore 'p.update(reason="drift", seq=13)'
puts_back "$trial"
refused 'a trial as proof of what it found, without a return'
restore 'p.update(reason="return", seq=13)'
puts_back "$trial"
ok 'a return needs nobody' is result ok
ok 'and all is as it was' test "$(listing "$host" | sed 's/ [^ ]* *$//')" = "$before_trial"
ok 'nothing is left behind after it' no_leftovers
finish
