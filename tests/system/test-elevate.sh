#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The worker as root in the service of a user who owns the agent's account and means no good.
# Every attempt must fail with a reason of its own and change nothing.
. "${srcdir:-.}/tests/system/lib-elevate.sh" || exit 1
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
elevate_begin
W=$R/bin/assent-worker keys=$tmp/keys site=$R/site decoy=/mnt/decoy
state=$R/worker/test.example.org/web
mkdir -p "$keys" $decoy
mkplan=$R/bin/mkplan
"$mkplan" keys "$keys"
cp "$keys/allowed_signers" $R/etc/allowed_signers
chmod 644 $R/etc/allowed_signers
sed -n '/^agents/,/^  /p' "$keys/trust.yaml" >$R/etc/agents
echo 'approvers: allowed_signers' >>$R/etc/agents
PATHS="paths: [$site, $site/**]"
elevate_trust "$PATHS"
echo root-only >$decoy/secret
chmod 600 $decoy/secret

# What the plan finds: a file to change, one to take away, a tree; and what it shall become.
as_it_was() {
  rm -rf ${site:?}/*
  mkdir -p $site/www/sub
  echo old >$site/a
  echo gone >$site/www/gone
  chmod 640 $site/a
  chgrp 65534 $site/a
}
as_it_was
repo=$tmp/repo mirror=$U/mirror.git
git init -q -b main "$repo"
git -C "$repo" config user.name T
git -C "$repo" config user.email t@example.org
mkdir -p "$repo/www/sub"
echo wanted >"$repo/a"
echo page >"$repo/www/sub/x"
head -c 3000000 /dev/zero >"$repo/www/sub/big"
cat >"$repo/assent.yaml" <<END
resources:
  - file: $site/a
    source: a
    owner: root
    mode: "0644"
  - tree: $site/www
    source: www
    prune: true
END
git -C "$repo" add -A
git -C "$repo" commit -qm one
git init -q --bare -b main "$mirror"
git -C "$repo" push -q "$mirror" HEAD:main
commit=$(git -C "$repo" rev-parse HEAD)
chown -R 65534 "$mirror"

plan_as_user() { # MEMBERS
  {
    printf '{"v":1,"job":"plan","mirror":"%s","commit":"%s",' "$mirror" "$commit"
    printf '"base":"","path":"","agent":"test.example.org","stack":"web","labels":[],'
    printf '"home":"/nowhere","objects":"%s","out":"%s"%s}\n' "$U/objects" "$U/draft" "$1"
  } >"$U/plan.request"
  as_user sh -c "'$W' <'$U/plan.request'" >"$tmp/answer" 2>"$tmp/worker.err"
}
field() {
  tail -n 1 "$tmp/answer" | python3 -c '
import json, sys
print(list(json.load(sys.stdin).values())[0].get(sys.argv[1]))' "$1"
}
ok 'a user plans for root' plan_as_user ',"for_root":true'
cp $U/draft "$tmp/draft"
not plan_as_user ''
ok 'and cannot for himself' grep -q 'only root may' "$tmp/answer"

# plan SEQ [PYTHON [KEY [LIFETIME [REQUIRED [CHANNEL]]]]]: on p, and c the change of a
plan() {
  local seq=$1 code=${2:-pass}
  shift
  [ $# = 0 ] || shift
  "$mkplan" plan "$keys" "$tmp/draft" $U/plan.json "$@" || return 1
  python3 - $U/plan.json "$site/a" "$seq" "$code" <<'END'
import json, sys
p = json.load(open(sys.argv[1]))
c = [x for x in p["changes"] if x["path"] == sys.argv[2]][0]
p["seq"] = int(sys.argv[3])
exec(sys.argv[4])
open(sys.argv[1], "w").write(json.dumps(p, sort_keys=True, separators=(",", ":")))
END
  if [ "${1-agent.key}" = agent.key ]; then
    "$mkplan" sign "$keys" $U/plan.json
  fi
  chown 65534 $U/plan.json*
}
votes() { # PERSON...: the request; a caller may not say where the journal is
  "$mkplan" request "$keys" $U/plan.json $U/objects x "$@" | sed 's/"journal":"x",//' >$U/request
}
raise() { # ENVIRONMENT...
  as_user env "$@" sh -c "sudo -n '$W' apply <$U/request" >"$tmp/answer" 2>"$tmp/worker.err"
}
everything() { # all that root has here
  find $site $R/etc "$R/worker" $decoy ! -name lock -printf '%p %y %#m %U:%G %l\n' 2>/dev/null |
    LC_ALL=C sort
  find $site $R/etc "$R/worker" $decoy ! -name lock -type f -exec sha256sum {} + 2>/dev/null |
    LC_ALL=C sort
}
# refused NAME TEXT: the answer just given, by this reason, and all is as it was
refused() {
  local now
  now=$(everything)
  ok "$1: refused" grep -qF -e "$2" "$tmp/answer" "$tmp/worker.err"
  grep -qF -e "$2" "$tmp/answer" "$tmp/worker.err" ||
    cat "$tmp/answer" "$tmp/worker.err" | cut -c1-600 | sed 's/^/# /'
  ok "$1: nothing changed" test "$now" = "$before"
  [ "$now" = "$before" ] || diff <(echo "$before") <(echo "$now") | sed 's/^/# /'
}
# cheat NAME TEXT [PERSON...]: with the plan that lies there
cheat() {
  local name=$1 text=$2
  shift 2
  votes "$@"
  raise
  refused "$name" "$text"
}

# --- it works at all, and once
plan 10
votes alice
raise
ok 'an approved plan is applied by root' test "$(field result)" = ok
[ "$(field result)" = ok ] || cat "$tmp/answer" "$tmp/worker.err" | sed 's/^/# /'
ok 'with the content, the mode and the owner of the plan' \
  test "$(cat $site/a) $(stat -c '%a %u' $site/a)" = 'wanted 644 0'
ok 'what is no more wanted is gone' test ! -e $site/www/gone
ok 'its memory and journal are root'\''s alone' test "$(stat -c '%a %u' "$state")" = '700 0'
as_it_was
before=$(everything)
raise
refused 'the same plan again' 'was applied already'
plan 9
cheat 'an older plan with good votes' 'it is too old' alice
plan 10 'p["nonce"] = "f" * 32'
cheat 'another plan of the same number' 'it is too old' alice

# --- who says so
plan 11 pass eve.key
cheat 'a plan signed by a foreign key' 'not signed by an agent in the trust file' alice
plan 11
echo nothing >$U/plan.json.sig
cheat 'an unsigned plan' 'not signed by an agent' alice
plan 11
sed -i 's/"seq":11/"seq":12/' $U/plan.json
cheat 'a plan changed after it was signed' 'not signed by an agent' alice
plan 11 'p["agent"] = "other.example.org"'
cheat 'a plan in the name of another agent' "names agent 'other.example.org'" alice
plan 11 'p["stack"] = "../../../decoy"'
cheat 'a stack whose name is a path' 'a name that none can have' alice
plan 11
cheat 'no vote' '0 of 1 approvals'
plan 11 pass agent.key 3600 2
cheat 'too few votes' '1 of 2 approvals' alice
cheat 'a person twice' "'alice' voted twice" alice alice
cheat 'a key twice' "approval of 'bob'" alice bob=alice.key
plan 11
cheat 'a key that is in no list' "approval of 'alice'" alice=eve.key
cheat 'a person who is in no list' "approval of 'eve'" eve
cheat 'a rejection' "'alice' rejected the plan" -alice
votes -alice
sed -i 's/"decision":"reject"/"decision":"approve"/' $U/request
raise
refused 'a rejection called an approval' "approval of 'alice'"
plan 11 'p["nonce"] = "e" * 32'
votes alice
plan 11
raise
refused 'a vote for another plan' "approval of 'alice'"
plan 11 pass agent.key 3600 1 slack
cheat 'the agent'\''s word where root did not allow it' "nothing attested by channel 'slack'" \
  alice@slack
plan 11 'p["policy"]["required"] = 0'
cheat 'a plan that asks for no vote' '0 of 1 approvals'
plan 11 'p["policy"]["break_glass"] = ["alice"]'
votes alice
sed -i 's/"decision":"approve"/"decision":"break-glass"/' $U/request
raise
refused 'glass that root did not let be broken' "'alice'"
plan 11 pass agent.key -5
cheat 'an expired plan' 'has expired' alice
sed 's/^alice namespaces="[^"]*"/&,valid-before="20200101Z"/' "$keys/allowed_signers" \
  >$R/etc/allowed_signers
cp "$keys/allowed_signers" "$tmp/signers"
cp $R/etc/allowed_signers "$keys/allowed_signers"
before=$(everything)
plan 11
cheat 'a key that has expired' "approval of 'alice'" alice
cp "$tmp/signers" "$keys/allowed_signers"
grep -v '^alice' "$tmp/signers" >$R/etc/allowed_signers
before=$(everything)
plan 11
cheat 'a key that was revoked' 'approver list is not the one' alice
cp "$tmp/signers" $R/etc/allowed_signers
before=$(everything)

# --- what it may change
for path in /etc/cron.d/x "$decoy/secret" "$R/other" "${site}x"; do
  plan 11 "p['changes'].insert(0, dict(c, id='file:$path', path='$path', action='create',
           observed={'type': 'absent'}, desired=dict(c['desired'], mode=0o644)))"
  cheat "a path outside: $path" "'$path': the trust file does not allow this path" alice
done
votes alice
plan 11 "c['path'] = '$site/../../../decoy/secret'"
raise
refused 'a path with dots' 'not a clean absolute path'
ln -s $decoy $site/link
before=$(everything)
plan 11 "p['changes'].append(dict(c, id='file:$site/link/new', path='$site/link/new',
         action='create', observed={'type': 'absent'}, desired=dict(c['desired'], mode=0o644)))"
cheat 'a path through a link of root'\''s own' 'is a link that must not be followed' alice
rm $site/link
elevate_trust "$PATHS" 'kinds: [directory, tree]'
before=$(everything)
plan 11
cheat 'a kind that is not allowed' "does not allow kind 'file'" alice
elevate_trust "$PATHS"
before=$(everything)
act() { # KIND NAME ACTION [MORE]: appends that change; MORE are members
  echo "p['changes'].append(dict(((k, v) for k, v in c.items() if k != 'path'), kind='$1',
    id='$1:$2', action='$3', observed={'type': 'absent'}, desired={'type': '$1'}${4:+, $4}))"
}
exec_of() { # WORDS [MORE]
  echo "exec={'run': [$1], 'timeout': 9, 'output': 99${2:+, $2}}"
}
plan 11 "$(act command x run "$(exec_of "'/bin/true'")")"
cheat 'a kind that must be named' "does not allow kind 'command'" alice
plan 11 "p['checks'].append({'kind': 'command', 'target': 'x', 'within': 9,
  $(exec_of "'/bin/true'" | sed "s/^exec=/'exec': /")})"
cheat 'a check that is a command' "does not allow kind 'command', and this check is one" alice
elevate_trust "$PATHS" 'kinds: [directory, file, tree, package, service, command]'
before=$(everything)
plan 11 "$(act package sudo update "manager='apt'")"
cheat 'a package without a list' "no 'packages'" alice
plan 11 "$(act service ssh.service stop "manager='system'")"
cheat 'a service without a list' "no 'services'" alice
plan 11 "$(act service daemon-reload reload "manager='system'")"
cheat 'reading units anew without a list' "no 'services'" alice
plan 11 "$(act command x run "$(exec_of "'/bin/touch', '$site/x'")")"
cheat 'a command without a list' "do not allow the program '/bin/touch'" alice
elevate_trust "$PATHS" 'kinds: [directory, file, tree, package, service, command]' \
  'packages: [nginx*]' 'services: [app-*.service]' 'commands: [/opt/app/*]'
before=$(everything)
plan 11 "$(act package sudo update "manager='apt'")"
cheat 'another package' 'does not allow this package' alice
plan 11 "$(act package sudo remove "manager='apt', implied=True")"
cheat 'another package for the sake of others' 'does not allow this package' alice
plan 11 "$(act service ssh.service stop "manager='system'")"
cheat 'another service' 'does not allow this service' alice
plan 11 "$(act service app-x.service start "manager='user'")"
cheat 'a service of a user'\''s' 'units of the system alone' alice
elevate_trust "$PATHS" 'kinds: [directory, file, tree, service]' 'services: ["*"]'
before=$(everything)
plan 11 "$(act service --help start "manager='system'")"
cheat 'a service whose name is none' 'names no unit that can do that' alice
elevate_trust "$PATHS" 'kinds: [directory, file, tree, package, service, command]' \
  'packages: [nginx*]' 'services: [app-*.service]' 'commands: [/opt/app/*]'
before=$(everything)
plan 11 "$(act command x run "$(exec_of "'/opt/app/../../bin/touch', '$site/x'")")"
cheat 'another spelling of a program' 'do not allow the program' alice
plan 11 "$(act command x run "$(exec_of "'/opt/app/x'" "'unless': ['/bin/touch', '$site/x']")")"
cheat 'a guard that is another program' "do not allow the program '/bin/touch'" alice
plan 11 "$(act command x run "$(exec_of "'/opt/app/x'" "'env': ['LD_PRELOAD=$U/x.so']")")"
cheat 'a program within a program' 'dynamic loader' alice
plan 11 "p['checks'].append({'kind': 'command', 'target': 'x', 'within': 9,
  $(exec_of "'/bin/touch', '$site/x'" | sed "s/^exec=/'exec': /")})"
cheat 'a check that is another program' "do not allow the program '/bin/touch'" alice
elevate_trust "$PATHS"
before=$(everything)
plan 11 "c['desired']['mode'] = 0o4755"
cheat 'a set-user-ID file' 'mode 4755 runs as its owner' alice
plan 11 "c['desired']['mode'] = 0o2755"
cheat 'a set-group-ID file' 'mode 2755 runs as its owner' alice
chmod 4755 $site/a
before=$(everything)
plan 11 "c['observed']['mode'] = 0o4755; c['desired'].pop('mode')"
cheat 'new content for a set-user-ID file' 'mode 4755 runs as its owner' alice
as_it_was
elevate_trust
before=$(everything)
plan 11
cheat 'a trust file without paths' "has no 'paths'" alice
elevate_trust 'paths: [/**]'
before=$(everything)
for path in "$R/etc/trust.yaml" "$R/etc" "$R" "$state/last" /mnt; do
  plan 11 "p['changes'].insert(0, dict(c, id='file:$path', path='$path'))"
  cheat "what the worker believes and remembers: $path" 'no plan changes what' alice
done
elevate_trust "$PATHS"
before=$(everything)

# --- swapped things
digest=$(sha256sum <"$repo/a" | cut -d' ' -f1)
object=$U/objects/${digest:0:2}/${digest:2}
cp "$object" "$tmp/object"
plan 11
votes alice
echo 'evil  ' >"$object"
raise
refused 'other bytes in an object' 'has another digest'
ln -sf $decoy/secret "$object"
raise
refused 'a link for an object' 'cannot open object'
rm -f "$object"
mkfifo "$object"
chown 65534 "$object"
raise
refused 'a FIFO for an object' 'is not a regular file'
rm "$object"
cp "$tmp/object" "$object"
chown 65534 "$object"

for file in "$decoy/secret" /dev/zero "$U/fifo" "$U/link"; do
  rm -f $U/fifo $U/link
  mkfifo $U/fifo
  ln -s plan.json $U/link
  case $file in
    */secret) text='Permission denied' ;;
    */link) text='is a symbolic link' ;;
    *) text='not a regular file' ;;
  esac
  sed "s|\"plan\":\"[^\"]*\"|\"plan\":\"$file\"|" $U/request >$U/request.new
  cp $U/request $U/request.good
  mv $U/request.new $U/request
  raise
  refused "the plan's path is $file" "$text"
  mv $U/request.good $U/request
done
sed "s|\"v\":1,|\"v\":1,\"journal\":\"/etc/assent-journal\",|" $U/request >$U/request.new
cp $U/request $U/request.good
mv $U/request.new $U/request
raise
refused 'a journal where the caller wants it' 'is chosen by a privileged worker itself'
ok 'and none is made' test ! -e /etc/assent-journal
{ printf '{"v":1,"job":"apply","mode":"'; head -c 5000000 /dev/zero | tr '\0' x; } >$U/request
raise
refused 'a huge request' 'longer than'
printf '{"v":1,"job":"apply","mode":"apply","mode":"recover"}' >$U/request
raise
refused 'a request that says things twice' 'the request is'
for job in fetch plan; do
  printf '{"v":1,"job":"%s"}\n' $job >$U/request
  raise
  refused "the job '$job'" 'does nothing but apply'
done
mv $U/request.good $U/request

# --- root's files, when somebody else has a hand in them
chmod 664 $R/etc/trust.yaml
before=$(everything)
raise
refused 'a trust file that its group can write' "run 'chmod go-w' on it"
chmod 644 $R/etc/trust.yaml
chown 65534 $R/etc/trust.yaml
before=$(everything)
raise
refused 'a trust file of the user' "not to root: run 'chown root'"
chown 0 $R/etc/trust.yaml
mv $R/etc/trust.yaml $R/etc/real.yaml
ln -s real.yaml $R/etc/trust.yaml
before=$(everything)
raise
refused 'a link for the trust file' "trust.yaml' is a symbolic link"
mv $R/etc/real.yaml $R/etc/trust.yaml
chmod 1777 $R
before=$(everything)
raise
refused 'a folder above that others can write' "folder '$R' can be written by others"
chmod 755 $R
chown 65534 $R/etc
before=$(everything)
raise
refused 'a folder of the user' "folder '$R/etc' belongs to uid 65534"
chown 0 $R/etc
mv $R/etc $R/etc.real
ln -s etc.real $R/etc
before=$(everything)
raise
refused 'a link for the folder' "'$R/etc' is a symbolic link"
rm $R/etc
mv $R/etc.real $R/etc
chmod 646 $R/etc/allowed_signers
before=$(everything)
raise
refused 'an approver list that others can write' "allowed_signers' can be written by others"
chmod 644 $R/etc/allowed_signers
chmod 777 "$R/worker"
before=$(everything)
raise
refused 'a memory that others can write' "folder '$R/worker' can be written by others"
chmod 700 "$R/worker"
before=$(everything)

# --- the command line and the environment
mkdir -p $U/etc
cp "$keys/trust.yaml" "$keys/allowed_signers" $U/etc
cat >>$U/etc/trust.yaml <<<'paths: [/**]'
chown -R 65534 $U/etc
as_user sh -c "sudo -n '$W' --trust $U/etc/trust.yaml <$U/request" >"$tmp/answer" \
  2>"$tmp/worker.err"
refused 'a trust file of the caller, by the book' 'sudo: '
elevate_sudoers "#65534 ALL=(root) NOPASSWD: SETENV: $W"
for args in "--trust $U/etc/trust.yaml" "--trust $R/etc/trust.yaml"; do
  as_user sh -c "sudo -n '$W' $args <$U/request" >"$tmp/answer" 2>"$tmp/worker.err"
  refused "rules that let any argument through: $args" 'with raised rights --trust does not count'
done
chmod 600 $R/etc/trust.yaml
sed -i 's/^minimum.*//' $U/etc/trust.yaml
elevate_trust "$PATHS" 'minimum: 2'
before=$(everything)
for args in "" apply; do
  as_user sh -c "sudo -n HOME=$U XDG_CONFIG_HOME=$U/etc ASSENT_CONFIG=$U/etc/assentd.yaml \
    SUDO_UID=0 GCONV_PATH=$U LC_ALL=xx '$W' $args <$U/request" >"$tmp/answer" 2>"$tmp/worker.err"
  refused "an environment of the caller's, arguments '$args'" '1 of 2 approvals'
done
elevate_trust "$PATHS"
elevate_sudoers ''
before=$(everything)
raise LD_PRELOAD=/nonexistent.so HOME=$U XDG_CONFIG_HOME=$U SUDO_UID=0 GIT_DIR=$U PATH="$U:$PATH" \
  true
plan 11 'p["policy"]["required"] = 2'
votes alice
raise LD_PRELOAD=$U/evil.so HOME=$U XDG_CONFIG_HOME=$U/etc GIT_EXEC_PATH=$U LC_ALL=xx
refused 'variables that the raiser strips' '1 of 2 approvals'
# Whatever raises rights and leaves no mark: the parent or the input tells.
cp "$W" $R/bin/worker-setuid
chmod 4755 $R/bin/worker-setuid
as_user sh -c "$R/bin/worker-setuid --trust $U/etc/trust.yaml <$U/request" >"$tmp/answer" \
  2>"$tmp/worker.err"
refused 'a set-user-ID worker' 'with raised rights --trust does not count'
rm $R/bin/worker-setuid
chown 65534 $U/request
env -i "$W" --trust $U/etc/trust.yaml <$U/request >"$tmp/answer" 2>"$tmp/worker.err"
refused 'a request that is not of root'\''s making' 'with raised rights --trust does not count'
as_user sh -c "'$W' apply <$U/request" >"$tmp/answer" 2>"$tmp/worker.err"
refused 'the argument without the rights' 'runs as root alone'
SUDO_UID=65534 "$builddir/assent-worker" --trust x </dev/null 2>"$tmp/worker.err"
ok 'the installed worker has the place of its build' \
  grep -q '/assent/trust.yaml alone is believed' "$tmp/worker.err"

# --- a journal that never was
plan 11
votes alice
mkdir -p $U/journal
cp $U/plan.json $U/plan.json.sig $U/journal
recover='{"v":1,"job":"apply","mode":"recover"'
echo "$recover,\"journal\":\"$U/journal\",\"agent\":\"test.example.org\",\"stack\":\"web\"}" \
  >$U/request
raise
refused 'recovery by a forged journal' 'is chosen by a privileged worker itself'
printf '{"v":1,"job":"apply","mode":"recover"}' >$U/request
raise
refused 'recovery of nothing named' 'must be named to recover'
printf '{"v":1,"job":"apply","mode":"recover","agent":"../../user","stack":"journal"}' >$U/request
raise
refused 'recovery by a name that is a path' 'knows no agent of that name'
printf '{"v":1,"job":"apply","mode":"recover","agent":"test.example.org","stack":"../../../user"}' \
  >$U/request
raise
refused 'recovery of a stack that is a path' 'a name that none can have'
printf '{"v":1,"job":"apply","mode":"recover","agent":"test.example.org","stack":"none"}' \
  >$U/request
raise
refused 'recovery where nothing was' 'nothing was interrupted'

# --- objects that change while they are read: what lands is what was approved, or nothing
digest=$(sha256sum <"$repo/www/sub/big" | cut -d' ' -f1)
big=$U/objects/${digest:0:2}/${digest:2}
cat >$U/evil.py <<'END'
import os, sys
path = sys.argv[1]
good = open(path, "rb").read()
evil = b"E" * len(good)
os.chdir(os.path.dirname(path))
open(sys.argv[2], "w").write(str(os.getpid()))
while True:
    for data in (evil, good):
        with open("x", "wb") as f:
            f.write(data)
        os.rename("x", path)
        with open(path, "r+b") as f:
            f.write(data[:1000])
            f.flush()
            f.write(data[1000:])
END
as_user python3 $U/evil.py "$big" $U/evil.pid &
racer=$!
wait_for test -s $U/evil.pid
bad=0 won=0 lost=0
for seq in 21 22 23 24 25 26 27 28; do
  as_it_was
  plan $seq
  votes alice
  raise
  case $(field result) in
    ok) won=$((won + 1)) ;;
    *) lost=$((lost + 1)) ;;
  esac
  if [ -e $site/www/sub/big ] && ! cmp -s "$repo/www/sub/big" $site/www/sub/big; then
    bad=1
  fi
done
kill "$(cat $U/evil.pid)"
wait $racer
echo "# raced: $won applied, $lost refused"
ok 'swapped while it was read: never a byte that was not approved' test $bad = 0
cp "$repo/www/sub/big" "$big"
chown 65534 "$big"

# --- links planted in a folder that the user owns, inside what is allowed
as_it_was
chown 65534 $site $site/www
plan 31
votes alice
rm -rf ${site:?}/www/sub
ln -s $decoy $site/www/sub
chown -h 65534 $site/www/sub
before=$(everything)
raise
ok 'a link in the place of a folder: refused' test "$(field result)" != ok
ok 'and what it points to is as it was' test "$(ls $decoy)" = secret
as_it_was

# --- the same while root is at work
cat >$U/flip.py <<'END'
import os, sys
os.chdir(sys.argv[1])
open(sys.argv[2], "w").write(str(os.getpid()))
while True:
    try:
        os.rename("sub", "aside")
        os.symlink("/mnt/decoy", "sub")
        os.unlink("sub")
        os.rename("aside", "sub")
    except OSError:
        pass
END
before=$(ls -lR --time-style=full-iso $decoy)
chown 65534 $site/www $site/www/sub
as_user python3 $U/flip.py $site/www $U/flip.pid &
racer=$!
wait_for test -s $U/flip.pid
for seq in 32 33 34 35 36 37; do
  plan $seq
  votes alice
  raise
done
kill "$(cat $U/flip.pid)"
wait $racer
ok 'a folder that becomes a link and back again: nothing lands behind it' \
  test "$(ls -lR --time-style=full-iso $decoy)" = "$before"
rm -f "$state/journal" "$state/plan.json" "$state/plan.json.sig"
as_it_was
chown 0 $site

# --- a caller that goes away, or never reads
# Until the answer is there, or a minute when there will be none.
hold_on="n=0; until grep -q '^{\"[re]' $U/answer || [ \$n = 600 ]; do
  sleep 0.1; n=\$((n + 1)); done"
plan 41
votes alice
sed -i 's/"v":1,/"v":1,"watch":true,/' $U/request
before=$(everything)
raise
refused 'a caller who hangs up at once' 'asked to stop'
as_user sh -c "{ cat $U/request; $hold_on; } |
  sudo -n '$W' apply >$U/answer" 2>"$tmp/worker.err"
cp $U/answer "$tmp/answer"
ok 'one who holds on gets his plan applied' test "$(field result)" = ok
as_it_was

# --- a clock that the caller winds up before the worker is started in his place
plan 45 'p["checks"] = [{"kind": "http", "target": "http://127.0.0.1:1/", "within": 6}]'
votes alice
cat >$U/wound.py <<'END'
import os, signal, sys
signal.setitimer(signal.ITIMER_REAL, 2)
os.execv(sys.argv[1], [sys.argv[1], "apply"])
END
python3 $U/wound.py "$W" <$U/request >"$tmp/answer" 2>"$tmp/worker.err"
# On a slow machine it may strike before there is anything to leave behind.
echo "# with a clock of the caller: $(field result 2>/dev/null)"
ok 'a clock of the caller leaves nothing halfway' test -z "$(find $site -name '.assent-*')" -a \
  "$(cat $site/a)" = old -a ! -e "$state/journal"

# --- a raiser that puts a terminal in between
elevate_sudoers 'Defaults use_pty'
plan 47
votes alice
sed -i 's/"v":1,/"v":1,"watch":true,/' $U/request
before=$(everything)
raise
refused 'through a terminal: a caller who hangs up at once' 'asked to stop'
: >$U/answer
chown 65534 $U/answer
as_user sh -c "{ cat $U/request; $hold_on; } |
  sudo -n '$W' apply >$U/answer" 2>"$tmp/worker.err"
cp $U/answer "$tmp/answer"
ok 'through a terminal: one who holds on gets his plan applied' test "$(field result)" = ok
elevate_sudoers ''
as_it_was

# --- limits that should kill it halfway
plan 51
votes alice
as_user bash -c "ulimit -f 100; ulimit -t 5; trap '' TERM
  sudo -n '$W' apply <$U/request 3<$U 2>&-" >"$tmp/answer" 2>"$tmp/worker.err"
limited=$(field result)
ok 'limits of the caller: all or nothing' test "$limited" = ok -o "$limited" = failed \
  -o "$limited" = rolled-back
ok 'and nothing is left over' test -z "$(find $site -name '.assent-*')"

# --- an apply that is halted: the same rules and the same memory
as_it_was
old=$(find $site | LC_ALL=C sort)
stopping='p["on_failure"] = "stop"
p["checks"] = [{"kind": "tcp", "target": "127.0.0.1:1", "within": 1}]'
plan 60 "$stopping"
cp $U/plan.json $U/plan.json.sig "$tmp"
votes alice
raise
ok 'a check fails: halted' test "$(field result) $(field halted)" = 'failed True'
ok 'the memory says that it was begun' grep -q '^begun 60 ' "$state"/last-*
before=$(everything)
raise
refused 'the halted plan once more' 'can be resumed or undone'
mode() { # MODE [JOURNAL'S PLACE]: by the name of the stack
  printf '{"v":1,"job":"apply","mode":"%s","agent":"test.example.org","stack":"web"%s}' "$1" \
    "${2-}" >$U/request
  raise
}
mode recover
refused 'recovery of what is halted' '"result":"halted"'
mode undo ',"journal":"/mnt/user/journal"'
refused 'undoing by a forged journal' 'is chosen by a privileged worker itself'
printf '{"v":1,"job":"apply","mode":"undo"}' >$U/request
raise
refused 'undoing of nothing named' 'must be named'
resume() {
  votes "$@"
  sed -i 's/"mode":"apply"/"mode":"resume"/' $U/request
  raise
}
resume
refused 'resuming without votes' '0 of 1 approvals'
plan 61 "$stopping"
resume alice
refused 'resuming with another plan' 'another plan is halted'
cp "$tmp/plan.json" "$tmp/plan.json.sig" $U
resume alice
ok 'it goes on and halts again' test "$(field result) $(field halted)" = 'failed True'
mode undo
ok 'it is undone' test "$(field result)" = rolled-back
ok 'all is as it was' test "$(find $site | LC_ALL=C sort)" = "$old" -a "$(cat $site/a)" = old
ok 'with its group' test "$(stat -c '%a %g' $site/a)" = '640 65534'
ok 'it counts as begun still' grep -q '^begun 60 ' "$state"/last-*
votes alice
raise
ok 'so that it may be tried again' test "$(field halted)" = True
plan_as_user ',"for_root":true'
cp $U/draft "$tmp/draft"
"$mkplan" plan "$keys" "$tmp/draft" $U/plan.json
ok 'a plan made meanwhile knows nothing of what is kept' not grep -q '\.assent-' $U/plan.json
sed -i 's/old/older/' $site/a
echo 'somebody' >$site/www/foreign
plan_as_user ',"for_root":true'
cp $U/draft "$tmp/draft"
"$mkplan" plan "$keys" "$tmp/draft" $U/plan.json
python3 - $U/plan.json <<'END'
import json, sys
p = json.load(open(sys.argv[1]))
p["seq"] = 62
open(sys.argv[1], "w").write(json.dumps(p, sort_keys=True, separators=(",", ":")))
END
"$mkplan" sign "$keys" $U/plan.json
chown 65534 $U/plan.json*
votes alice
raise
ok 'the next plan is applied' test "$(field result)" = ok
[ "$(field result)" = ok ] || cat "$tmp/answer" "$tmp/worker.err" | sed 's/^/# /'
ok 'nothing is kept' test -z "$(find $site -name '.assent-*')" -a ! -e "$state/journal"
ok 'it is remembered' grep -q '^applied 62 ' "$state"/last-*
cp "$tmp/plan.json" "$tmp/plan.json.sig" $U
before=$(everything)
resume alice
refused 'resuming what was halted once' '"result":"none"'
votes alice
raise
refused 'applying what was halted once' 'it is too old'
mode undo
refused 'undoing what was halted once' '"result":"none"'

# --- what was approved before is put back, once, where root says that it may
as_it_was
plan_as_user ',"for_root":true'
cp $U/draft "$tmp/draft"
plan 70
cp $U/plan.json $U/first.json
cp $U/plan.json.sig $U/first.json.sig
chown 65534 $U/first.json*
votes alice
raise
ok 'a plan to go back to is applied' test "$(field result)" = ok
as_it_was
# restores PERSON...: the request for the plan that lies there, with the first one and its votes
restores() {
  "$mkplan" request "$keys" $U/first.json $U/objects x "$@" >"$tmp/first.request"
  votes
  python3 - $U/request "$tmp/first.request" <<'END'
import json, sys
p, first = (json.load(open(name)) for name in sys.argv[1:])
p["restores"] = [{k: first[k] for k in ("plan", "signature", "approvals")}]
open(sys.argv[1], "w").write(json.dumps(p))
END
  raise
}
back="p.update(reason='drift', base=p['target'],
  restores=['sha256:$(sha256sum <$U/first.json | cut -c -64)'])"
plan 71 "$back" agent.key 3600 0
before=$(everything)
restores alice
refused 'a restore that root does not allow' 'restore: true'
elevate_trust "$PATHS" 'restore: true'
before=$(everything)
votes
raise
refused 'a restore without the plan that was approved' 'plans that it restores'
restores
refused 'a restore of what nobody approved' '0 of 1 approvals'
restores eve
refused 'a restore of what a stranger approved' 'eve'
plan 71 "$back
c['desired']['mode'] = 0o666" agent.key 3600 0
restores alice
refused 'a restore of something else' 'another mode or owner than what was approved'
plan 71 "$back" agent.key 3600 0
elevate_trust "paths: [$site/www]" 'restore: true'
before=$(everything)
restores alice
refused 'a restore outside the paths' 'does not allow this path'
elevate_trust "$PATHS" 'restore: true'
restores alice
ok 'what was approved is put back by root' test "$(field result)" = ok
[ "$(field result)" = ok ] || cat "$tmp/answer" "$tmp/worker.err" | sed 's/^/# /'
ok 'with its mode and owner' test "$(cat $site/a) $(stat -c '%a %u' $site/a)" = 'wanted 644 0'
as_it_was
before=$(everything)
restores alice
refused 'the same restore again' 'was applied already'
finish
