#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What people see of a plan and of a stack: every kind of change, on a pipe, on a terminal, as JSON.
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
need git ssh-keygen python3
# As paths, because this test changes its folder and PATH.
python=$(python3 -c 'import sys; print(sys.executable)')
terminal=$(realpath "$srcdir/tests/cli/on-terminal.py")

export ASSENT_CONFIG="$HOME/conf/assentd.yaml" XDG_STATE_HOME="$HOME/state"
export GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1
socket="$XDG_RUNTIME_DIR/assent/agent.sock"
target="$tmp/target" repo="$tmp/repo"
ssh-keygen -q -t ed25519 -N '' -C alice -f "$tmp/alice"

commit() { # SUBJECT: everything in the repository's folder
  git -C "$repo" add -A &&
    git -C "$repo" -c user.name=Bob -c user.email=bob@example.org commit -q -m "$1"
}
is_state() {
  assent status web | grep -q "^web: $1:"
}
# The plan that waits, when it is of the newest commit.
pending() {
  assent plans web --state pending --json | python3 -c '
import json, sys
print("".join(p["id"] for p in json.load(sys.stdin)["plans"] if p["commit"] == sys.argv[1]))' \
    "$(git -C "$repo" rev-parse HEAD)"
}
section() { # ID: what is shown of this change, below its heading
  awk -v want="$1" '/^== / { on = index($0, " " want) > 0 } on' "$tmp/shown" >"$tmp/out"
}
change() { # ID: the two lines about it in the list of changes
  grep -F -A1 -e "$1" "$tmp/shown" | head -n 2 >"$tmp/out"
}

mkdir -p "$repo/www/folder" "$HOME/conf"
git init -q -b main "$repo"
cat >"$repo/assent.yaml" <<END
resources:
  - tree: $target
    source: www/
    prune: true
END
cd "$repo/www" || exit 1
printf '\1\0\2' >binary
printf 'no newline' >open-end
printf 'one\ntwo\n' >script
printf 'text\n' >to-link
printf 'inside\n' >folder/inside
printf 'moves\n' >old-name
seq 100000 >large
printf 'a\n' >$'latin-\xe9'
printf -- '-- a comment\n' >comment
commit 'the first' || skip_all 'git cannot commit'
printf 'alice namespaces="assent.approval.v1" %s\n' "$(cut -d' ' -f1,2 "$tmp/alice.pub")" \
  >"$HOME/conf/allowed_signers"
cat >"$ASSENT_CONFIG" <<END
agent: web1.example.org
stacks:
  web:
    source: {url: "file://$repo", interval: 1h, backoff-max: 1h}
    drift-interval: 30d
    approval: {required: 1, from: [alice]}
people:
  alice: {email: [alice@example.org]}
END
chmod 600 "$ASSENT_CONFIG" "$HOME/conf/allowed_signers"
exits 0 'init' assent init
background "$tmp/assentd.log" assentd --worker "$builddir/assent-worker"
wait_for test -S "$socket" || sed 's/^/# /' "$tmp/assentd.log"

exits 1 'everything is new' assent sync
exits 0 'and is shown' assent show "$(pending)"
cp "$tmp/out" "$tmp/shown"
section "file:$target/large"
ok 'of a large file only a part' test "$(wc -l <"$tmp/out")" -lt 5000
says 'and how much is missing' out 'more lines'
exits 0 'it is approved' assent approve "$(pending)" --yes --as alice --key "$tmp/alice"
wait_for is_state converged
cmp -s large "$target/large"
ok 'the whole of it is there' cmp large "$target/large"

printf '\1\0\3' >binary
printf 'still none' >open-end
chmod +x script
rm to-link && ln -s script to-link
rm -r folder && echo flat >folder
mv old-name new-name
sed -i 's/^50000$/changed/' large
printf 'b\n' >$'latin-\xe9'
printf -- '++ an operator\n' >comment
commit 'the second' || exit 1
exits 1 'a change of every kind' assent sync
plan=$(pending)
exits 0 'is shown' assent show "$plan"
cp "$tmp/out" "$tmp/shown"
says 'with what goes counted' out '2 resources are REMOVED. 11 changes:'
section "file:$target/binary"
says 'a binary file is named as one' out 'Binary files differ'
says 'by size and digest' out 'old 3 bytes sha256:'
section "file:$target/open-end"
ok 'no newline at the end is said of both' \
  test "$(grep -c '^\\ No newline at end of file' "$tmp/out")" = 2
section "file:$target/script"
says 'a mode alone' out 'new mode 100755'
lacks 'is no change of content' out '@@'
change "file:$target/script"
ok 'and its line tells the mode alone' grep -q '=> file 0755$' "$tmp/out"
section "link:$target/to-link"
says 'a file that becomes a link loses its text' out '-text'
says 'and gets a target' out '+script'
says 'with the type' out 'new mode 120000'
section "file:$target/folder/inside"
says 'what was in a folder goes' out 'deleted file mode 100644'
section "file:$target/folder"
says 'before a file takes its place' out '+flat'
section "file:$target/new-name"
says 'a renamed file is known' out "same content as $target/old-name, which goes"
section "file:$target/large"
says 'one line of 100,000' out '+changed'
ok 'is shown with what is around it only' test "$(wc -l <"$tmp/out")" -lt 20
section "file:$target/latin-<E9>"
says 'a name that is not UTF-8 is escaped as in git' out 'latin-\351"'
exits 0 'in colour' assent show "$plan" --color=always
ok 'a line that goes is red, even if it begins like a name' \
  grep -qF $'\033[31m--- a comment\033[0m' "$tmp/out"
ok 'and one that comes is green' grep -qF $'\033[32m+++ an operator\033[0m' "$tmp/out"
exits 0 'as JSON' assent show "$plan" --json
ok 'the plan and its diff are in one document' python3 -c '
import base64, json, sys
d = json.load(open(sys.argv[1]))
assert d["schema_version"] == 1 and d["verified"] is True
assert any("path_b64" in c for c in d["plan"]["changes"])
assert "+changed\n" in d["diff"]' "$tmp/out"

# On a terminal, through a pager.
on_terminal() { # STATUS NAME WORDS VARIABLE...: assent with these words
  # shellcheck disable=SC2086
  exits "$1" "$2" env TERM=xterm "${@:4}" "$python" "$terminal" '' assent $3
}
on_terminal 0 'a pager gets the plan' "show $plan" PAGER='sed -n "s/Plan /paged: /p"'
says 'and nothing else is printed' out 'paged:'
lacks 'really' out '+changed'
on_terminal 0 'no pager, when it is not wanted' "show --no-pager $plan" PAGER=false
says 'the diff is there all the same' out '+changed'
on_terminal 1 'a pager that is not there' "show $plan" PAGER=no-such-pager
says 'is a failure' out 'cannot write the output'
mkdir "$tmp/bin"
ln -s "$(command -v sh)" "$(realpath "$(command -v assent)")" "$tmp/bin"
on_terminal 0 'a host without any pager' "show $plan" PATH="$tmp/bin"
says 'sees the plan' out '+changed'

# Names that nobody knows, and nothing that is there.
exits 1 'a stack that is not there' assent plans nope
says 'has no list of plans' err "there is no stack 'nope'"
exits 1 'a state that is none' assent plans --state open
says 'is told with those that are' err 'pending, applying'
exits 1 'a plan that is not there' assent show 0123456
for command in status sync plan replan; do
  exits 1 "$command of a stack that is not there" assent "$command" nope --json
  says 'has a code' err '"code":"unknown-stack"'
done

# Why nothing new comes is told whatever the state is.
mv "$repo" "$repo.away"
exits 1 'a repository that is away' assent sync web
exits 0 'is told while a plan waits' assent status
says 'for its approval' out '0 of 1 approvals'
says 'with the reason' out "fetching fails: network: cannot fetch"
exits 0 'and as JSON' assent status web --json
ok 'as a member' grep -q '"fetch_problem":"network: ' "$tmp/out"
mv "$repo.away" "$repo"
exits 1 'once it is back' assent sync web
lacks 'nothing is said of it' out 'fetching fails'

# Why nothing is followed.
blocked() { # NAME TEXT
  exits 1 "$1 blocks" assent sync web
  exits 0 'and status' assent status
  ok 'says so' grep -q '^web  *blocked ' "$tmp/out"
  says 'with the reason' out "$2"
}
second=$(git -C "$repo" rev-parse HEAD)
git -C "$repo" checkout -q -B main HEAD~1
commit_id=$(git -C "$repo" -c user.name=B -c user.email=b@x commit-tree -m other 'HEAD^{tree}')
git -C "$repo" reset -q --hard "$commit_id"
blocked 'a rewound branch' \
  "'refs/heads/main' was rewound: commit ${commit_id:0:12} does not descend"
git -C "$repo" update-ref -d refs/heads/main
blocked 'a repository that lost all its branches' "no 'refs/heads/main' any more, nor any other"
git -C "$repo" reset -q --hard "$second"
git -C "$repo" rm -q -r .
commit 'all gone'
blocked 'an empty tree' "has no files in '.'"
git -C "$repo" branch -q -m main away
blocked 'a branch that was renamed' "the repository has no 'refs/heads/main'"
git -C "$repo" branch -q -m away main
git -C "$repo" reset -q --hard "$second"
printf 'resources:\n  - {fiel: /x}\n  - {link: /y}\n' >"$repo/assent.yaml"
commit 'two slips'
blocked 'a manifest with mistakes' "assent.yaml:2:6: unknown kind 'fiel': did you mean 'file'?"
says 'and the second one' out "assent.yaml:3:5: 'to' is missing"
git -C "$repo" reset -q --hard "$second"
exits 1 'and the right commit' assent sync
ok 'is planned again' grep -q '^web: pending:' "$tmp/out"
finish
