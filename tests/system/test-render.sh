#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Renderers are shut in: what they try, what they leave, and what is told of it. With bubblewrap
# and with our own namespaces, as root and as an ordinary user.
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
need python3 setpriv pgrep
export MARKER=of-the-agent
bin=$tmp/bin repo=$tmp/repo
mkdir -p "$bin" "$repo/app/sub" "$repo/other" "$tmp/tmp"
chmod 755 "$tmp" "$bin"
chmod 1777 "$tmp/tmp"
cp "$builddir/render-driver" "$builddir/render-hostile" "$bin"
printf 'a: 1\n' >"$repo/app/values.yaml"
printf 'b: 2\n' >"$repo/other/base.yaml"
chmod -R a+rX "$repo"
# What is outside: a server on loopback, one with an abstract name, a process, files.
cat >"$tmp/outside.py" <<'END'
import socket, sys, time
tcp = socket.socket(); tcp.bind(("127.0.0.1", 0)); tcp.listen(8)
unix = socket.socket(socket.AF_UNIX); unix.bind("\0" + sys.argv[1]); unix.listen(8)
path = socket.socket(socket.AF_UNIX); path.bind(sys.argv[2] + "/socket"); path.listen(8)
print(tcp.getsockname()[1], flush=True)
time.sleep(600)
END
background "$tmp/port.log" python3 "$tmp/outside.py" "assent-test-$$" "$tmp"
outside=$pid
wait_for test -s "$tmp/port.log"
port=$(cat "$tmp/port.log")

program() { # NAME, its text from standard input
  cat >"$bin/$1"
  chmod 755 "$bin/$1"
}
render() { # OPTION... PROGRAM ARG...: in the folder app of the repository
  local -a options=()
  while case $1 in --*) true ;; *) false ;; esac do
    case $1 in --facts) options+=("$1") && shift ;; *) options+=("$1" "$2") && shift 2 ;; esac
  done
  "${as[@]}" env TMPDIR="$tmp/tmp" "$bin/render-driver" "$kind" "${options[@]}" "$repo" "$root" \
    app "$@"
}
# Nobody has $1 on his command line any more.
gone() {
  ! pgrep -f -- "$1" >/dev/null
}
left_nothing() {
  [ -z "$(ls -A "$tmp/tmp")" ] || { ls -la "$tmp/tmp"; return 1; }
}

program show <<'END'
#!/bin/sh
cat values.yaml
END
program list <<'END'
#!/bin/sh
find / -maxdepth 2 ! -path '/usr/*' ! -path '/proc/*' ! -path "${0%/*}*" | sort
END
program environment <<'END'
#!/bin/sh
env | sort
END
program daemon <<'END'
#!/bin/sh
(setsid sh -c 'trap "" TERM HUP; while :; do sleep 1; done' "$1" >/dev/null 2>&1 &)
echo a: 1
END
program endless <<'END'
#!/bin/sh
trap '' TERM
echo 'still at it' >&2
sh -c 'while :; do sleep 1; done' "$1"
END
program refuse <<'END'
#!/bin/sh
echo a: 1
printf 'first\n\n\033[31mred\033[0m line 3\r\n' >&2
exit 7
END
program silent <<'END'
#!/bin/sh
echo 'no chart here' >&2
END
program binary <<'END'
#!/bin/sh
printf '\377\376'
END
program flood <<'END'
#!/bin/sh
yes
END
program murmur <<'END'
#!/bin/sh
echo a: 1
yes >&2
END
program large <<'END'
#!/bin/sh
dd if=/dev/zero of=/tmp/file bs=1M count=80 2>/dev/null && echo REACHED
for i in 1 2 3; do
  dd if=/dev/zero of=/tmp/file$i bs=1M count=60 2>/dev/null || echo full
done
rm -f /tmp/file*
END
program links <<'END'
#!/bin/sh
cat inside ../other/base.yaml
ls ../other
END
program other <<'END'
#!/bin/sh
exec 2>&1
cat "$1" "${1%/*}/../own/state/key"
echo more >>"$1" && echo REACHED
echo more >"${1%/*}/new" && echo REACHED
exit 0
END
program killed <<'END'
#!/bin/sh
kill -SEGV $$
END

attempts() {
  local setuid=$bin/render-hostile
  [ "$(id -u)" -ne 0 ] || { setuid=$bin/setuid && cp "$bin/render-hostile" "$setuid" &&
    chmod 4755 "$setuid"; }
  exits 0 "$name: a program that tries everything runs to its end" render --read "$setuid" \
    "$bin/render-hostile" "$port" "assent-test-$$" "$outside" "$setuid" /etc/passwd \
    /root /home /run /var "$repo/app/values.yaml" "$tmp/socket" "$HOME" /sys \
    /proc/1/root/etc/passwd /proc/kcore /dev/kmsg /dev/mem /dev/shm /dev/tty \
    ../../../../../../etc/passwd
  says "$name: to its end" out 'end: here'
  ok "$name: and reaches nothing" not grep REACHED "$tmp/out"
  ok "$name: with each of 46 attempts" test "$(wc -l <"$tmp/out")" -eq 46
  says "$name: the network is told to be away" out 'dns: Network is unreachable'
  says "$name: the input is read-only" out 'change-input: Read-only file system'
  says "$name: so is the root folder" out 'write-root: Read-only file system'
  says "$name: a set-user-ID program gives nothing" out 'setuid: had no effect'
}

bounds() {
  # That takes its second, while others run.
  render --timeout 1 "$bin/endless" "endless-$$-$name" >"$tmp/endless.out" 2>"$tmp/endless.err" &
  local endless=$! status=0
  exits 0 "$name: processes are bounded" render "$bin/render-hostile" bomb
  says "$name: at some number" out bounded
  exits 0 "$name: so is memory" render "$bin/render-hostile" hoard
  says "$name: which is told" out 'memory: Cannot allocate memory'
  exits 0 "$name: so is what it writes" render "$bin/large"
  lacks "$name: a file has its bound" out REACHED
  says "$name: and all files together" out full
  exits 1 "$name: so is its output" render --max 100000 "$bin/flood"
  says "$name: which is told" err "limit: the renderer '$bin/flood' writes more than 100000 bytes"
  exits 1 "$name: so is its standard error" render --max 100000 "$bin/murmur"
  says "$name: which is told" err 'limit: '
  wait "$endless" || status=$?
  ok "$name: so is its time" test "$status" -eq 1
  says "$name: which is told" endless.err "did not end within 1 seconds: still at it"
  ok "$name: what was still at it is dead" wait_for gone "endless-$$-$name"
}

ends() {
  exits 0 "$name: one that leaves a daemon" render "$bin/daemon" "daemon-$$-$name"
  ok "$name: leaves none" wait_for gone "daemon-$$-$name"
  exits 1 "$name: one that fails" render "$bin/refuse"
  says "$name: is quoted, harmless" err \
    "refused: the renderer '$bin/refuse' failed with code 7: first / <U+001B>[31mred<U+001B>[0m"
  exits 1 "$name: one that is killed" render "$bin/killed"
  says "$name: is told by its signal" err "was ended by signal 11"
  exits 1 "$name: one that writes nothing" render "$bin/silent"
  says "$name: is an error" err "wrote nothing: no chart here"
  exits 1 "$name: one that writes no text" render "$bin/binary"
  says "$name: is one, too" err "wrote what is no UTF-8 text"
  # Whoever started it is killed: nothing may go on.
  render "$bin/endless" "orphan-$$-$name" >/dev/null 2>&1 &
  local job=$! driver
  wait_for pgrep -f "while.*orphan-$$-$name"
  driver=$(pgrep -P "$job" -x render-driver)
  ok "$name: one is under way" test -n "$driver"
  kill -KILL "${driver:-$job}"
  wait "$job" 2>/dev/null
  ok "$name: one whose worker is killed dies" wait_for gone "orphan-$$-$name"
  ok "$name: its folder is left" test "$(left)" -eq 1
  # What is like it, and is not: another name, other contents, who may enter, whose it is, a link.
  "${as[@]}" mkdir -m 700 "$tmp/tmp/assent-render-sevens1" "$tmp/tmp/assent-render-short" \
    "$tmp/tmp/assent-render-others" "$tmp/tmp/assent-render-others/input" \
    "$tmp/tmp/assent-render-others/mine"
  "${as[@]}" mkdir -m 755 "$tmp/tmp/assent-render-opened"
  "${as[@]}" ln -s "$tmp/tmp/assent-render-others" "$tmp/tmp/assent-render-linked"
  [ "$(id -u)" -ne 0 ] || { mkdir -m 700 "$tmp/tmp/assent-render-strang" &&
    chown 65533 "$tmp/tmp/assent-render-strang"; }
  others=$(alike)
  render "$bin/endless" "alive-$$-$name" >/dev/null 2>&1 &
  job=$!
  wait_for pgrep -f "while.*alive-$$-$name"
  ok "$name: that of another is in its place" test "$(left)" -eq 1
  exits 0 "$name: beside one that runs" render "$bin/show"
  ok "$name: its folder stays" test "$(left)" -eq 1
  ok "$name: and so does whatever is like one" test "$(alike)" -eq "$others"
  kill -KILL "$(pgrep -P "$job" -x render-driver)"
  wait "$job" 2>/dev/null
  wait_for gone "alive-$$-$name"
  exits 0 "$name: the next" render "$bin/show"
  ok "$name: sweeps what was left" test "$(left)" -eq 0
  rm -rf "$tmp/tmp"/*
}
like='-(sevens1|short|others|opened|linked|strang)$'
alike() {
  find "$tmp/tmp" -mindepth 1 -maxdepth 1 | grep -cE -e "$like"
}
left() { # how many folders of renderers
  find "$tmp/tmp" -mindepth 1 -maxdepth 1 | grep -cvE -e "$like"
}

sees() {
  exits 0 "$name: it reads its folder" render --facts "$bin/show"
  says "$name: as the commit has it" out 'a: 1'
  says "$name: its program is named by digest" err \
    "program $bin/show sha256:$(sha256sum "$bin/show" | cut -d ' ' -f 1)"
  says "$name: so is the output" err "output sha256:$(sha256sum "$tmp/out" | cut -d ' ' -f 1)"
  says "$name: and who shut it in" err "sandbox $sandbox"
  cp "$tmp/err" "$tmp/facts"
  render --facts "$bin/show" >/dev/null 2>"$tmp/again"
  ok "$name: twice the same" cmp "$tmp/facts" "$tmp/again"
  exits 0 "$name: its environment" render "$bin/environment"
  ok "$name: is fixed" cmp "$tmp/out" "$tmp/environment"
  exits 0 "$name: what it sees" render "$bin/list"
  ok "$name: of this host is little" not grep -vxE "$seen" "$tmp/out"
  ok "$name: but that" test \
    "$(grep -cxE '/(usr|input|input/app|dev/null|tmp/home)' "$tmp/out")" -eq 5
}
seen='/|/(s?bin|lib(x?32|64)?|usr|proc|tmp|dev|etc|input)(/(ld\.so\..*|alternatives|home))?'
seen="$seen|/dev/(null|zero|full|u?random|fd)|/input/(app|other)|/tmp/assent-test\..*"
cat >"$tmp/environment" <<'END'
HELM_CACHE_HOME=/tmp/home/.cache/helm
HELM_CONFIG_HOME=/tmp/home/.config/helm
HELM_DATA_HOME=/tmp/home/.local/share/helm
HOME=/tmp/home
KUSTOMIZE_PLUGIN_HOME=/tmp/home/.config/kustomize/plugin
LANG=C.UTF-8
LC_ALL=C.UTF-8
LOGNAME=render
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
PWD=/input/app
TMPDIR=/tmp
TZ=UTC
USER=render
XDG_CACHE_HOME=/tmp/home/.cache
XDG_CONFIG_HOME=/tmp/home/.config
XDG_DATA_HOME=/tmp/home/.local/share
END

# Files beside /usr, by name and by a link.
reads() {
  for named in "$tmp/beside" "$tmp/called"; do
    exits 0 "$name: what it may read besides" render --read "$named" "$bin/other" \
      "$named/schema.txt"
    says "$name: is there" out 'd: 4'
    lacks "$name: and nothing that is beside that" out 'hidden: 5'
    says "$name: read-only" out 'Read-only file system'
    lacks "$name: for all that it tries" out REACHED
  done
  ok "$name: it is as it was" test "$(ls "$tmp/beside"):$(cat "$tmp/beside/schema.txt")" = \
    'schema.txt:d: 4'
}
mkdir -p "$tmp/beside" "$tmp/own/state"
printf 'd: 4\n' >"$tmp/beside/schema.txt"
printf 'hidden: 5\n' >"$tmp/own/state/key"
ln -s beside "$tmp/called"
ln -s /proc "$tmp/beside-proc"
ln -s own/state "$tmp/beside-state"
chmod -R a+rX "$tmp/beside" "$tmp/own"

# What the configuration may not show.
hides() {
  name=hidden
  refused=('/' /proc /proc/self/root /proc/self/environ /sys /dev /dev/shm /run
    "$tmp/beside-proc" "$tmp" "$tmp/own" "$tmp/own/state" "$tmp/own/state/key"
    "$tmp/beside-state" "$tmp/beside/../own")
  for path in "${refused[@]}"; do
    [ -e "$path" ] || continue
    exits 1 "$name: $path" render --hide "$tmp/own/state" --read "$path" "$bin/show"
    says "$name: is refused" err "program: '$path' in 'reads' would let it see or be in "
  done
  exits 0 "$name: a folder beside is good" render --hide "$tmp/own/state" --read "$tmp/beside" \
    "$bin/show"
  exits 0 "$name: where what is hidden is not there" render --hide "$tmp/none" --read \
    "$tmp/beside" "$bin/show"
  mkdir -p "$tmp/loose" && chmod 777 "$tmp/loose"
  exits 1 "$name: what others may change" render --read "$tmp/loose" "$bin/show"
  says "$name: is refused" err "program: '$tmp/loose' in 'reads' can be changed by others"
  exits 1 "$name: what is not there" render --read "$tmp/none" "$bin/show"
  says "$name: is told" err "program: '$tmp/none' in 'reads' cannot be read: No such file"
}

# What is not given to any program: by the first sandbox that works.
refusals() {
  name=refused
  printf 'c: 3\n' >"$repo/app/sub/deep.yaml"
  ln -s sub/deep.yaml "$repo/app/inside"
  ln -s /etc/passwd "$repo/other/elsewhere"
  exits 0 "links that stay inside are links" render "$bin/links"
  says "they lead where they lead" out 'c: 3'
  says "what is beside the folder is there, too" out 'b: 2'
  lacks "but no link that leads elsewhere" out elsewhere
  for link in /etc/passwd ../../etc/passwd sub/../../../etc/passwd; do
    ln -sfn "$link" "$repo/app/outside"
    exits 1 "a link to $link" render "$bin/links"
    says "is refused" err "input: 'app/outside' is a link that leads out"
  done
  ln -sfn ../other "$repo/app/outside"
  exits 0 "a link to the folder beside is good" render "$bin/links"
  root=app
  exits 1 "unless that is not given" render "$bin/show"
  says "which is told" err "input: 'app/outside' is a link that leads out"
  rm "$repo/app/outside"
  exits 0 "the folder alone may be given" render "$bin/show"
  root=''
  exits 1 "a program by its bare name" render sh
  says "is refused" err "program: the renderer 'sh' is not named by its whole path"
  exits 1 "one that is not there" render "$bin/nothing"
  says "is told" err "program: the renderer '$bin/nothing' cannot be opened"
  exits 1 "a folder" render "$bin"
  says "is no program" err "is no program"
  cp "$bin/show" "$bin/loose" && chmod 777 "$bin/loose"
  exits 1 "one that others may change" render "$bin/loose"
  says "is refused" err "program: others may change the renderer '$bin/loose'"
  ln -s show "$bin/link"
  exits 0 "one that is called by a link" render --facts "$bin/link"
  says "is known by its own name" err "program $bin/show sha256:"
}
# In a user namespace that may make no other.
nowhere() {
  # shellcheck disable=SC2016 # for the shell in there
  local -a none=(unshare -Ur -- sh -c
    'echo 0 >/proc/sys/user/max_user_namespaces && exec "$0" "$@"')

  # An ordinary user's does not know root, and so who may change the program.
  if [ "$(id -u)" -ne 0 ] || ! "${none[@]}" true 2>/dev/null; then
    ok 'where no sandbox can be made # SKIP needs root and a user namespace' true
    return
  fi
  for kind in --bwrap --own --any; do
    exits 1 "where no sandbox can be made ($kind)" env TMPDIR="$tmp/tmp" "${none[@]}" \
      "$bin/render-driver" "$kind" "$repo" '' app "$bin/show"
    lacks "nothing is run" out 'a: 1'
    says "and it is said" err "sandbox: the renderer '$bin/show' is not run: no sandbox can be"
  done
  says "with each reason" err 'namespaces: cannot make namespaces: No space left on device'
}

for who in root user; do
  as=()
  if [ $who = user ] && [ "$(id -u)" -eq 0 ]; then
    as=(setpriv --reuid 65534 --regid 65534 --clear-groups --)
  elif [ $who = root ] && [ "$(id -u)" -ne 0 ]; then
    ok 'as root # SKIP we are not root' true
    continue
  fi
  for kind in --bwrap --own; do
    name="$who $kind" root=''
    case $kind in --bwrap) sandbox=bubblewrap ;; *) sandbox=namespaces ;; esac
    if ! render "$bin/show" >"$tmp/probe" 2>&1 && grep -q '^sandbox: ' "$tmp/probe"; then
      ok "$name # SKIP $(tr -d '#' <"$tmp/probe" | head -c 200)" true
      continue
    fi
    sees
    reads
    attempts
    bounds
    ends
    ok "$name: no folder is left" left_nothing
  done
done
as=() kind=--any root=''
if render "$bin/show" >"$tmp/probe" 2>&1; then
  refusals
  hides
else
  ok "what is refused # SKIP no sandbox here" true
fi
nowhere
ok "no folder is left" left_nothing
finish
