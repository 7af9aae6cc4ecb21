# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# A repository, keys and a host for tests of the worker's plan and apply, without an agent.
# Source it
# after libtest.sh, then:
#
#	apply_setup                  $repo (work tree), $host (what is managed), $keys,
#                                $objects, $journal
#	commit                       everything in $repo; sets $commit
#	plan [BASE]                  a draft of $commit, in $tmp/draft; the answer in $tmp/answer
#	sign [KEY [LIFETIME [REQUIRED]]]   $tmp/plan.json and its signature
#	apply PERSON...              the answer in $tmp/answer
#	resume PERSON...             of the plan in $tmp/plan.json
#	remember                     that it was applied, which the next plans are told
#	recover, undo
#	field NAME                   a member of the answer's result, or of its error
worker=${worker:-$builddir/assent-worker}
mkplan=$builddir/mkplan

apply_setup() {
  repo=$tmp/repo mirror=$tmp/mirror.git host=$tmp/host keys=$tmp/keys
  objects=$tmp/objects journal=$tmp/journal
  mkdir -p "$repo" "$host" "$keys"
  git init -q -b main "$repo"
  git -C "$repo" config user.name Test
  git -C "$repo" config user.email test@example.org
  git init -q --bare -b main "$mirror"
  "$mkplan" keys "$keys"
}

commit() {
  git -C "$repo" add -A
  git -C "$repo" commit -q --allow-empty -m "${1:-change}"
  git -C "$repo" push -q "$mirror" HEAD:main
  commit=$(git -C "$repo" rev-parse HEAD)
}

plan_request() {
  printf '{"v":1,"job":"plan","mirror":"%s","commit":"%s","base":"%s","path":"","agent":"%s",' \
    "$mirror" "$commit" "${1:-}" test.example.org
  printf '"stack":"web","home":"%s","labels":[%s],"objects":"%s","out":"%s","cache":"%s"%s}\n' \
    "$host" "${labels:-}" "$objects" "$tmp/draft" "$tmp/cache" \
    "$([ ! -e "$tmp/applied" ] || echo ",\"applied\":\"$tmp/applied\"")"
}

plan() {
  plan_request "$@" | "$worker" >"$tmp/answer" 2>"$tmp/worker.err"
}

sign() {
  "$mkplan" plan "$keys" "$tmp/draft" "$tmp/plan.json" "$@"
}

request() {
  "$mkplan" request "$keys" "$tmp/plan.json" "$objects" "$journal" "$@" >"$tmp/request"
}

# With $trace, a command that runs the worker. No leak check works below a tracer.
work() {
  # shellcheck disable=SC2086 # a command and its arguments
  ${trace:+env ASAN_OPTIONS=detect_leaks=0} ${trace:-} \
    "$worker" --trust "$keys/trust.yaml" <"$tmp/request" >"$tmp/answer" 2>"$tmp/worker.err"
}

apply() {
  request "$@"
  work
}

remember() {
  python3 - "$tmp" "$objects" "$commit" <<'END'
import hashlib, json, os, sys
top, objects, commit = sys.argv[1:]
plan = open(top + "/plan.json", "rb").read()
digest = hashlib.sha256(plan).hexdigest()
os.makedirs(f"{objects}/{digest[:2]}", exist_ok=True)
open(f"{objects}/{digest[:2]}/{digest[2:]}", "wb").write(plan)
name = top + "/applied"
applied = json.load(open(name)) if os.path.exists(name) else {"applies": []}
applied["applies"].append(
    {"all": True, "commit": commit, "plan": "sha256:" + digest, "time": 1})
json.dump(applied, open(name, "w"), sort_keys=True, separators=(",", ":"))
END
}

resume() {
  request "$@"
  sed -i 's/"mode":"apply"/"mode":"resume"/' "$tmp/request"
  work
}

recover() {
  printf '{"v":1,"job":"apply","mode":"%s","journal":"%s"}\n' "${1:-recover}" "$journal" \
    >"$tmp/request"
  work
}

undo() {
  recover undo
}

field() {
  tail -n 1 "$tmp/answer" | python3 -c '
import json, sys
answer = json.load(sys.stdin)
value = list(answer.values())[0].get(sys.argv[1])
print(value if isinstance(value, (str, int)) else json.dumps(value, sort_keys=True))' "$1"
}

is() {
  [ "$(field "$1")" = "$2" ] || {
    echo "$1 is '$(field "$1")', not '$2'"
    tail -n 1 "$tmp/answer"
    return 1
  }
}

# Everything about a folder that a plan can state.
listing() {
  (cd "$1" && find . -mindepth 1 -printf '%P %y %#m %U:%G %l ' -exec sh -c '
    if [ -f "$1" ] && [ ! -L "$1" ]; then sha256sum <"$1"; else echo; fi' sh {} \;) |
    LC_ALL=C sort
}

no_leftovers() {
  found=$(find "$host" -name '*.assent-*' -o -name '.assent-*')
  [ -z "$found" ] || { echo "left: $found"; return 1; }
  [ ! -e "$journal/journal" ] || { echo "the journal is left"; return 1; }
}
