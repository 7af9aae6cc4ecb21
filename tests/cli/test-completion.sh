#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What a shell offers is what the program can do.
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
need python3 ssh-keygen

web="$tmp/web"
export ASSENT_SOCKET="$tmp/agent.sock" ASSENT_CONFIG="$tmp/none"
python3 "$srcdir/tests/cli/fake-agent.py" make "$web" || skip_all 'python3 cannot make the answers'
background "$tmp/fake.log" python3 "$srcdir/tests/cli/fake-agent.py" serve "$web" "$ASSENT_SOCKET"
wait_for test -S "$ASSENT_SOCKET"
id=$(cut -c1-12 "$web/id")

# completes NAME WANTED WORD...: in bash itself, through the installed script
# shellcheck source=contrib/completion/assent.bash
source "$srcdir/contrib/completion/assent.bash"
completes() {
  local name=$1 wanted=$2
  shift 2
  COMP_WORDS=(assent "$@") COMP_CWORD=$#
  _assent
  ok "$name" test "${COMPREPLY[*]}" = "$wanted"
  [ "${COMPREPLY[*]}" = "$wanted" ] || echo "# got: ${COMPREPLY[*]}"
}

completes 'a command' 'approve' appr
completes 'commands with one beginning' 'approve apply' app
completes 'several commands' 'setup status sync show suspend stop-all seal' s
completes 'a member of a group' 'check' config ch
completes 'a stack' 'web' status ''
completes 'a plan' "$id" show ''
completes 'a plan after options' "$id" approve --as alice "${id:0:3}"
completes 'an option' '--reason' approve --rea
completes 'nothing for nonsense' '' frobnicate x
sed -i 's/"name": "web"/"name": "w; rm -rf"/' "$web/v1/status"
completes 'no name that a shell could run' '' status ''
export ASSENT_SOCKET="$tmp/nobody"
completes 'nothing without an agent, and quietly' '' status ''
for shell in bash zsh fish; do
  exits 0 "there is a script for $shell" assent completion "$shell"
  ok "which asks the program ($shell)" grep -q 'assent complete -- ' "$tmp/out"
done
ok 'the script of bash is one' bash -n <(assent completion bash)
exits 2 'no script for another shell' assent completion csh
lacks 'complete is not listed' out complete
finish
