# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# A stack 'web' with a real agent, for tests that look at it; after libtest.sh:
#
#	stack_begin report             # repository, keys, agent with this on-drift and $with_worker
#	stack_commit SUBJECT           # everything in $repo
#	stack_apply                    # fetches, approves as alice, waits until it holds
#
# $repo/app.conf becomes $target/app.conf, $repo/www/ the tree $target/www.
# shellcheck disable=SC2154

stack_commit() {
  git -C "$repo" add -A &&
    git -C "$repo" -c user.name=Bob -c user.email=bob@example.org commit -q -m "$1"
}
stack_is() {
  assent status web 2>/dev/null | grep -q "^web: $1:"
}
stack_pending() {
  assent plans web --state pending --json 2>/dev/null | python3 -c '
import json, sys
print("".join(p["id"] for p in json.load(sys.stdin)["plans"]))'
}

stack_begin() {
  need git ssh-keygen python3
  export ASSENT_CONFIG="$HOME/conf/assentd.yaml" XDG_STATE_HOME="$HOME/state"
  export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
  socket="$XDG_RUNTIME_DIR/assent/agent.sock" target="$tmp/target" repo="$tmp/repo"
  ssh-keygen -q -t ed25519 -N '' -C alice -f "$tmp/alice"
  mkdir -p "$repo/www" "$HOME/conf" "$target"
  git init -q -b main "$repo"
  cat >"$repo/assent.yaml" <<-END
	resources:
	  - file: $target/app.conf
	    source: app.conf
	    mode: "0640"
	  - tree: $target/www
	    source: www/
	    prune: true
	END
  echo one >"$repo/app.conf"
  echo page >"$repo/www/index.html"
  stack_commit 'the first' || skip_all 'git cannot commit'
  printf 'alice namespaces="assent.approval.v1" %s\n' "$(cut -d' ' -f1,2 "$tmp/alice.pub")" \
    >"$HOME/conf/allowed_signers"
  cat >"$ASSENT_CONFIG" <<-END
	agent: web1.example.org
	stacks:
	  web:
	    source: {url: "file://$repo", interval: 1h, backoff-max: 1h}
	    drift-interval: 30d
	    drift-watch: none
	    on-drift: ${1:-report}
	    approval: {required: 1, from: [alice]}
	people:
	  alice: {email: [alice@example.org]}
	END
  chmod 600 "$ASSENT_CONFIG" "$HOME/conf/allowed_signers"
  exits 0 'init' assent init
  background "$tmp/assentd.log" assentd --worker "${with_worker:-$builddir/assent-worker}"
  wait_for test -S "$socket" || sed 's/^/# /' "$tmp/assentd.log"
}

stack_apply() {
  exits 1 'it is fetched and planned' assent sync
  exits 0 'approved' assent approve "$(stack_pending)" --yes --as alice --key "$tmp/alice"
  wait_for stack_is converged
}
