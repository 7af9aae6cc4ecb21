#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What the worker must refuse, by name, without touching anything.
# The helpers take arguments where they need them.
# shellcheck disable=SC2119
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
. "$srcdir/tests/system/lib-apply.sh"
need git python3
apply_setup
mkdir -p "$repo/www/sub" "$tmp/outside"
echo 'wanted' >"$repo/a"
echo 'wanted' >"$repo/www/sub/x"
cat >"$repo/assent.yaml" <<END
resources:
  - file: $host/etc/a
    source: a
  - tree: $host/www
    source: www
    prune: true
  - file: $host/made/b
    source: a
END
commit
mkdir -p "$host/etc" "$host/www/sub"
echo 'old' >"$host/etc/a"
echo 'foreign' >"$host/www/foreign"
ok 'a plan is made' plan
cp "$tmp/draft" "$tmp/draft.good"
before=$(listing "$host")

# refused NAME CODE [TEXT]: the answer just given, and nothing has changed
refused() {
	ok "$1: code $2" is code "$2"
	[ -z "${3:-}" ] || ok "$1: reason" grep -qF -e "$3" "$tmp/answer"
	ok "$1: nothing changed" test "$(listing "$host")" = "${4:-$before}" -a \
		-z "$(ls -A "$tmp/outside")" -a ! -e "$journal/journal"
}

# Trust.
sign eve.key
apply alice
refused 'a plan signed by a foreign key' untrusted 'not by the agent'
sign
sed -i 's/"seq":1/"seq":2/' "$tmp/plan.json"
apply alice
refused 'a plan changed after signing' untrusted
sign
echo 'nothing' >"$tmp/plan.json.sig"
apply alice
refused 'an unsigned plan' untrusted
sign
apply
refused 'no vote at all' untrusted
sign agent.key 3600 2
apply alice
refused 'too few votes' untrusted
apply alice alice
refused 'a person who votes twice' untrusted
apply alice bob=alice.key
refused 'one key for two people' untrusted
apply alice=eve.key
refused 'a vote by a foreign key' untrusted
apply alice eve
refused 'a vote by somebody unknown' untrusted
sign agent.key 3600 0
apply
refused 'fewer votes than the trust file wants' untrusted
sign agent.key -10
apply alice
refused 'an expired plan' expired
# Valid when it is verified, and not any more when all is staged: the first sync takes that long.
if strace -o /dev/null -e trace=execve true 2>/dev/null; then
	sign agent.key 6
	trace="strace -f -o /dev/null -e inject=fsync:delay_enter=8000000:when=1" apply alice
	refused 'a plan that expires while it is staged' expired 'while it was made ready'
else
	echo '# no tracing here: no plan expires while it is staged'
fi

# What an agent attests counts where both the plan and the trust file name the channel.
sign agent.key 3600 1 slack
apply alice@slack
refused 'a vote that the trust file does not let an agent attest' untrusted "channel 'slack'"
cp "$keys/trust.yaml" "$tmp/trust"
echo 'attested: [slack]' >>"$keys/trust.yaml"
apply alice@slack=alice.key
refused 'a vote that its person attests' untrusted 'not attested by the agent'
apply alice@page
refused 'a vote by another channel' untrusted "channel 'page'"
apply eve@slack
refused 'an attested vote of somebody whom the plan does not name' untrusted
sign agent.key 3600 2 slack
apply alice@slack alice
refused 'an attested vote and a signature of one person' untrusted
request alice@slack bob
sed 's/"channel":"slack",//' "$tmp/request" >"$tmp/request.other"
"$worker" --trust "$keys/trust.yaml" <"$tmp/request.other" >"$tmp/answer"
refused 'an attested vote without its channel' usage
sed 's/"channel":"slack",/"channel":"signature",/' "$tmp/request" >"$tmp/request.other"
"$worker" --trust "$keys/trust.yaml" <"$tmp/request.other" >"$tmp/answer"
refused 'an attested vote called a signature' usage
sign
apply alice@slack
refused 'an attested vote for a plan that wants signatures' untrusted 'does not take'
cp "$tmp/trust" "$keys/trust.yaml"
sign
request alice
"$worker" <"$tmp/request" >"$tmp/answer"
refused 'no trust file' usage
chmod 666 "$keys/trust.yaml"
apply alice
refused 'a trust file that others can write' untrusted
chmod 600 "$keys/trust.yaml"
cp "$keys/allowed_signers" "$tmp/signers"
echo >>"$keys/allowed_signers"
apply alice
refused 'another list of approvers' untrusted
cp "$tmp/signers" "$keys/allowed_signers"

# Plans that no good agent signs.
mutate() { # PYTHON, on p (the plan) and c (its change of $host/etc/a)
	sign
	python3 - "$tmp/plan.json" "$host/etc/a" "$1" <<'END'
import json, sys
p = json.load(open(sys.argv[1]))
c = [x for x in p["changes"] if x["path"] == sys.argv[2]][0]
exec(sys.argv[3])
open(sys.argv[1], "w").write(json.dumps(p, sort_keys=True, separators=(",", ":")))
END
	"$mkplan" sign "$keys" "$tmp/plan.json"
	${2:-apply alice}
}
mutate 'pass'
ok 'an unchanged plan, written again, is good' is result ok
rm -rf "$host" && mkdir -p "$host/etc" "$host/www/sub"
echo 'old' >"$host/etc/a"
echo 'foreign' >"$host/www/foreign"
echo 'attested: [slack]' >>"$keys/trust.yaml"
sign agent.key 3600 2 slack
apply alice@slack bob
ok 'one attested vote and one signature are good' is result ok
cp "$tmp/trust" "$keys/trust.yaml"
rm -rf "$host" && mkdir -p "$host/etc" "$host/www/sub"
echo 'old' >"$host/etc/a"
echo 'foreign' >"$host/www/foreign"
# No vote can be made for what is no plan; the last one's do.
apply_again() {
	"$worker" --trust "$keys/trust.yaml" <"$tmp/request" >"$tmp/answer"
}
mutate "c['root'] = '$tmp/outside'" apply_again
refused 'a path outside its root' untrusted 'not beneath root'
mutate "c['path'] = c['path'].replace('/etc/', '/etc/../etc/')" apply_again
refused 'a path with dots' untrusted 'not a clean absolute path'
mutate "c['kind'] = 'volume'"
refused 'an unknown kind' failed 'does not know'
mutate "c['kind'] = 'link'"
refused 'a type that the kind does not make' failed
mutate "c['action'] = 'create'"
refused 'an action that does not fit' failed
mutate "p['changes'].append(dict(c))"
refused 'a path twice' failed 'another change'
mutate "c['id'] = 'file:$host/etc/harmless'"
refused 'a path by the name of another' untrusted 'which is something else'
mutate "c['id'] = 'link:$host/etc/a'"
refused 'a file that is called a link' untrusted 'which is something else'
act="dict(action='run', desired={'type': 'command'}, diff=c['diff'], diff_size=0,
  exec={'output': 0, 'run': ['touch', '$tmp/outside/ran'], 'timeout': 1}, kind='command',
  observed={'type': 'absent'}, risk=['root'])"
mutate "p['changes'].append(dict($act, id='command:same'))
p['changes'].append(dict($act, id='command:same'))"
refused 'a command twice' untrusted 'twice'
mutate "p['changes'].append(dict($act, id='file:$host/etc/b'))"
refused 'a command by the name of a file' untrusted 'which is something else'
mutate "p['changes'].reverse()"
refused 'a wrong order' failed
mutate "
link = {'type': 'link', 'link': '$tmp/outside'}
p['changes'].append(dict(c, id='link:$host/l', kind='link', path='$host/l', action='create',
                         observed={'type': 'absent'}, desired=link))
p['changes'].append(dict(c, id='file:$host/l/deep/f', path='$host/l/deep/f', action='create',
                         observed={'type': 'absent'}, desired=dict(c['desired'], mode=0o644)))"
refused 'a file deep beneath a link that the plan makes' failed 'lies in what is no folder'
mutate "c['desired']['uid'] = 4294967295" apply_again
refused 'an owner that chown() takes for none' untrusted 'uid'
mutate "c['desired']['mode'] = 0o4755; c['desired']['xattrs'] = 'sha256:' + '0' * 64"
refused 'attributes that cannot be set' failed

# The store and the targets.
sign
object=$(python3 - "$tmp/plan.json" "$host/etc/a" <<'END'
import json, sys
c = [x for x in json.load(open(sys.argv[1]))["changes"] if x["path"] == sys.argv[2]][0]
d = c["desired"]["digest"][7:]
print(d[:2] + "/" + d[2:])
END
)
cp "$objects/$object" "$tmp/good"
echo 'EVIL  ' >"$objects/$object"
apply alice
ok 'swapped content is refused' is result failed
ok 'with its reason' grep -qF 'has another digest' "$tmp/answer"
ok 'nothing changed' test "$(listing "$host")" = "$before"
ok 'nothing is left' no_leftovers
rm "$objects/$object"
apply alice
ok 'missing content is refused' is result failed
ok 'nothing changed' test "$(listing "$host")" = "$before"
ok 'nothing is left' no_leftovers
cp "$tmp/good" "$objects/$object"

echo 'new foreign' >"$host/www/sub/y"
touched=$(listing "$host")
apply alice
ok 'what is new in a folder that stays does not matter' is result ok
rm -rf "$host" && mkdir -p "$host/etc" "$host/www/sub"
echo 'old' >"$host/etc/a"
echo 'foreign' >"$host/www/foreign"
chmod 600 "$host/etc/a"
touched=$(listing "$host")
apply alice
refused 'another mode' stale "other attributes" "$touched"
chmod 644 "$host/etc/a"
rm "$host/www/foreign"
touched=$(listing "$host")
apply alice
refused 'something gone' stale "was file when the plan was made and is absent now" "$touched"
echo 'foreign' >"$host/www/foreign"

# Links planted between plan and apply.
rmdir "$host/www/sub"
ln -s "$tmp/outside" "$host/www/sub"
touched=$(listing "$host")
apply alice
ok 'a planted link in a tree is not followed' test "$(field result)" != ok
ok 'nothing outside changed' test -z "$(ls -A "$tmp/outside")"
ok 'nothing changed' test "$(listing "$host")" = "$touched"
ok 'nothing is left' no_leftovers
rm "$host/www/sub" && mkdir "$host/www/sub"
mv "$host/www" "$host/moved"
ln -s "$tmp/outside" "$host/www"
touched=$(listing "$host")
apply alice
refused 'a root that became a link' stale '' "$touched"
rm "$host/www" && mv "$host/moved" "$host/www"
if [ "$(id -u)" = 0 ]; then
	mkdir -p "$tmp/outside2/etc"
	cp -a "$host/etc/a" "$tmp/outside2/etc/a"
	rm -rf "${host:?}/etc"
	ln -s "$tmp/outside2/etc" "$host/etc"
	chown -h 65534:65534 "$host/etc"
	apply alice
	ok 'a link of somebody else above a file is not followed' is code io
	ok 'and the file behind it is as it was' grep -qx old "$tmp/outside2/etc/a"
	plan
	ok 'neither for a plan' is code manifest
	rm "$host/etc" && mkdir "$host/etc" && mv "$tmp/outside2/etc/a" "$host/etc/a"
fi

# One at a time, and first things first.
mkdir -p "$journal"
exec 9>"$journal/lock"
flock 9
apply alice
refused 'a second apply' io 'locked'
exec 9>&-
touch "$journal/journal"
apply alice
ok 'after a crash recovery comes first' grep -qF 'must be recovered first' "$tmp/answer"
ok 'nothing changed' test "$(listing "$host")" = "$before"
ok 'recovery of nothing is nothing' recover
ok 'and says so' is result none
ok 'then it works' apply alice
ok 'and all is done' is result ok
finish
