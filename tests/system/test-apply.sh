#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Plans and applies of the worker over every kind of change.
# The helpers take arguments where they need them.
# shellcheck disable=SC2119
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
. "$srcdir/tests/system/lib-apply.sh"
need git python3
apply_setup

converged() {
  plan "$@" && is changes 0
}

# 1. A first state, from nothing.
mkdir -p "$repo/www/css" "$repo/www/empty"
echo 'one' >"$repo/app.conf"
echo 'body' >"$repo/www/css/a.css"
printf '#!/bin/sh\n' >"$repo/www/run.sh"
chmod 755 "$repo/www/run.sh"
ln -s css/a.css "$repo/www/link"
printf 'a\0b' >"$repo/www/binary"
cat >"$repo/assent.yaml" <<END
resources:
  - file: $host/etc/app/app.conf
    source: app.conf
    mode: "0640"
  - tree: $host/www
    source: www
    prune: true
  - directory: $host/data
    mode: "0700"
  - link: $host/current
    to: www
END
commit
ok 'a first plan is made' plan
ok 'with every path as a creation' is summary '{"create": 11}'
first=$commit
sign
ok 'it is applied' apply alice
ok 'with all done' is result ok
ok 'and counted' is 'done' 11
ok 'the file is there' grep -qx one "$host/etc/app/app.conf"
ok 'with its mode' test "$(stat -c %a "$host/etc/app/app.conf")" = 640
ok 'the folders above are there' test "$(stat -c %a "$host/etc/app")" = 755
ok 'an executable is one' test "$(stat -c %a "$host/www/run.sh")" = 755
ok 'the link in the tree is there' test "$(readlink "$host/www/link")" = css/a.css
ok 'nothing else is left' no_leftovers
ok 'now nothing differs' converged "$first"
sleep 2.1
ok 'nor with a cache' converged "$first"
ok 'nor with a warm one' converged "$first"

# 2. Update, mode, removal, rename, replacing each type by another.
echo 'two' >"$repo/app.conf"
rm "$repo/www/css/a.css" "$repo/www/link"
rmdir "$repo/www/css"
echo 'now a file' >"$repo/www/css"
mkdir "$repo/www/link"
echo 'inside' >"$repo/www/link/x"
git -C "$repo" mv www/binary www/moved
chmod 644 "$repo/www/run.sh"
sed -i 's/to: www/to: data/; s/"0700"/"0750"/' "$repo/assent.yaml"
echo 'foreign' >"$host/www/foreign"
mkdir -p "$host/www/deep/er"
echo 'foreign' >"$host/www/deep/er/x"
before=$(listing "$host")
commit
ok 'a second plan is made' plan "$first"
ok 'it counts what it does' is summary \
  '{"create": 2, "remove": 6, "replace": 2, "update": 4}'
ok 'it counts deletions' is deletions 8
ok 'planning changes nothing' test "$(listing "$host")" = "$before"
diff_of_plan() {
  python3 - "$tmp/draft" "$objects" <<'END'
import json, sys
d = json.load(open(sys.argv[1]))["diff"][7:]
sys.stdout.buffer.write(open(f"{sys.argv[2]}/{d[:2]}/{d[2:]}", "rb").read())
END
}
diff_of_plan >"$tmp/out"
says 'the diff shows lines' out '-one'
says 'and modes' out 'new mode 100644'
says 'and what has moved' out "same content as $host/www/binary, which goes"
ok 'but no binary content' not grep -q "$(printf 'a\0b' | tr '\0' x)" "$tmp/out"
sign
cp "$tmp/plan.json" "$tmp/second.json"
cp "$tmp/plan.json.sig" "$tmp/second.json.sig"
ok 'it is applied' apply alice
ok 'with all done' is result ok
ok 'the file is new' grep -qx two "$host/etc/app/app.conf"
ok 'its mode is kept' test "$(stat -c %a "$host/etc/app/app.conf")" = 640
ok 'a folder became a file' grep -qx 'now a file' "$host/www/css"
ok 'a link became a folder' grep -qx inside "$host/www/link/x"
ok 'the bit is gone' test "$(stat -c %a "$host/www/run.sh")" = 644
ok 'what is foreign is gone' test ! -e "$host/www/foreign" -a ! -e "$host/www/deep"
ok 'the link points elsewhere' test "$(readlink "$host/current")" = data
ok 'the folder has its mode' test "$(stat -c %a "$host/data")" = 750
ok 'nothing else is left' no_leftovers
ok 'now nothing differs' converged "$commit"

# 3. What changed after the plan makes it stale.
echo 'three' >"$repo/app.conf"
commit
plan "$first"
sign
echo 'somebody' >"$host/etc/app/app.conf"
before=$(listing "$host")
ok 'a changed target is refused' not apply alice
ok 'as stale' is code stale
ok 'and nothing was changed' test "$(listing "$host")" = "$before"
plan "$first"
sign
ok 'a new plan does it' apply alice
ok 'with the wanted content' grep -qx three "$host/etc/app/app.conf"

# 4. What is not declared any more goes only when the manifest says so.
second=$commit
sed -i '/directory:/,+1d' "$repo/assent.yaml"
commit
ok 'nothing is pruned unasked' converged "$second"
sed -i '1i prune: true' "$repo/assent.yaml"
commit
plan "$second"
ok 'a vanished folder is removed' is summary '{"remove": 1}'
touch "$host/data/mine"
plan "$second"
ok 'unless it holds something' is changes 0
ok 'which is said' test "$(field warnings)" != '[]'

# 5. A failed step is taken back, with on-failure: stop only what depends on it is left out.
echo 'four' >"$repo/app.conf"
echo 'new' >"$repo/www/zzz"
commit
plan "$second"
sign
before=$(listing "$host")
trace='strace -qq -f -o /dev/null -e trace=renameat2 -e inject=renameat2:error=EIO:when=2'
if $trace true 2>/dev/null; then
  ok 'a step fails' apply alice
  ok 'everything is taken back' is result rolled-back
  ok 'as it was' test "$(listing "$host")" = "$before"
  ok 'nothing is left behind' no_leftovers
  echo 'on-failure: stop' >>"$repo/assent.yaml"
  commit
  trace='' plan "$second"
  sign
  ok 'a step fails again' apply alice
  ok 'and that is said' is result failed
  ok 'the other is done' is 'done' 1
  ok 'it is halted' is halted True
  ok 'the journal stays' test -e "$journal/journal"
  trace=''
  ok 'it is undone' undo
  ok 'with all taken back' is result rolled-back
  ok 'as it was' test "$(listing "$host")" = "$before"
  ok 'nothing is left behind' no_leftovers

  # Asked to stop in the middle: everything goes back, even with `stop`.
  echo 'four and a half' >"$repo/app.conf"
  echo 'newer' >"$repo/www/zzz"
  commit
  trace='' plan "$second"
  sign
  before=$(listing "$host")
  trace='strace -qq -f -o /dev/null -e trace=renameat2 -e inject=renameat2:signal=TERM:when=1'
  ok 'it is asked to stop' apply alice
  ok 'and says so' is result interrupted
  ok 'as it was' test "$(listing "$host")" = "$before"
  ok 'nothing is left behind' no_leftovers
fi
trace=

# 6. A check that fails takes everything back.
sed -i '/on-failure/d' "$repo/assent.yaml"
echo 'five' >"$repo/app.conf"
cat >>"$repo/assent.yaml" <<END
checks:
  - tcp: 127.0.0.1:1
    within: 1s
END
commit
plan "$second"
sign
before=$(listing "$host")
ok 'a check fails' apply alice
ok 'everything is taken back' is result rolled-back
ok 'as it was' test "$(listing "$host")" = "$before"
background "$tmp/port" python3 -u -c '
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204 if self.path == "/good" else 500)
        self.end_headers()
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port)
server.serve_forever()'
wait_for test -s "$tmp/port"
port=$(head -n 1 "$tmp/port")
sed -i "s,tcp: .*,http: http://127.0.0.1:$port/bad," "$repo/assent.yaml"
commit
plan "$second"
sign
ok 'an answer of 500 is a failure' apply alice
ok 'everything is taken back' is result rolled-back
ok 'the answer is named' grep -qF 'the answer is 500' "$tmp/answer"
sed -i "s,/bad,/good,; s,within: .*,within: 20s," "$repo/assent.yaml"
cat >>"$repo/assent.yaml" <<END
  - tcp: 127.0.0.1:$port
    within: 20s
END
commit
plan "$second"
sign
ok 'good checks' apply alice
ok 'let it be' is result ok
ok 'with the new content' grep -qx five "$host/etc/app/app.conf"

# What only root may do is said before anybody is asked.
as_nobody() {
  setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
}
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null && as_nobody test -x "$worker"; then
  echo 'six' >"$repo/app.conf"
  commit
  chmod 711 "$tmp"
  chmod 755 "$host" "$host/etc" "$host/etc/app"
  chmod 644 "$host/etc/app/app.conf"
  chmod -R a+rX "$mirror"
  mkdir "$tmp/nobody"
  chown 65534:65534 "$tmp/nobody"
  plan_request "$second" | sed "s,$objects,$tmp/nobody/objects,; s,$tmp/draft,$tmp/nobody/draft,
    s,$tmp/cache,," | as_nobody env HOME="$tmp/nobody" \
    GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*' \
    "$worker" >"$tmp/answer" 2>"$tmp/worker.err"
  ok 'a plan for files of root is refused to others' is code manifest
  ok 'with the reason' grep -qF 'only root may do that' "$tmp/answer"
else
  echo '# not root, or a build that others cannot reach: no plan by somebody else'
fi

# 7. The empty state is refused.
echo 'resources: []' >"$repo/assent.yaml"
commit
ok 'an empty manifest is no plan' not plan "$second"
ok 'but an error' is code manifest
finish
