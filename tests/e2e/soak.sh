#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Rounds of fetch, plan, approve, apply with assentd under valgrind: no leak, no wrong access. Ten
# rounds by default; `make soak ROUNDS=1000` by hand.
# shellcheck source=tests/e2e/lib.sh
. "$srcdir/tests/e2e/lib.sh" || exit 1
# shellcheck source=tests/e2e/stack.sh
. "$srcdir/tests/e2e/stack.sh"
need valgrind python3 git ssh-keygen
[ "${ASSENT_HARDENED-}" = yes ] || skip_all "valgrind cannot run a program with sanitizers"
repo_make
agent_under="valgrind --quiet --leak-check=full --errors-for-leak-kinds=definite,indirect
  --show-leak-kinds=definite,indirect --error-exitcode=99 --trace-children=no
  --log-file=$site/valgrind.log"
ok "init makes keys and trust" stack_make "file://$site/srv/ops.git"
ok "the agent starts under valgrind" agent_start

one_round() { # NUMBER
  [ "$1" = 1 ] || repo_commit "round $1" || return 1
  sync_now && approve "$(plan_pending)" && wait_for stack_is converged
}

rounds() {
  round=0
  while [ "$round" -lt "${ROUNDS:-10}" ]; do
    round=$((round + 1))
    one_round "$round" || {
      echo "round $round of ${ROUNDS:-10} has failed"
      assent status
      return 1
    }
  done
}

ok "${ROUNDS:-10} rounds" rounds
is "the last one is applied" "$(cat "$target/app.conf")" "round ${ROUNDS:-10}"
agent_stop
is "valgrind has found nothing" $? 0
[ ! -s "$site/valgrind.log" ] || sed "s/^/# /" "$site/valgrind.log"
finish
