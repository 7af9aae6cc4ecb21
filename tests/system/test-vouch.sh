#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Which commits must be signed, and by how many: none, head, all, merges, seals, sign-offs.
# shellcheck disable=SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
git_need git ssh-keygen gpg gpgconf python3 || tap_skip_all "$REASON"
git_begin
W=$T/work
git init -q -b main "$W"
git -C "$W" config gpg.format ssh
for person in alice bob carol mallory; do
  ssh-keygen -q -t ed25519 -N '' -C '' -f "$T/$person"
done
allow() { # PERSON...: who may sign
  for person in "$@"; do
    printf '%s@example.org %s\n' "$person" "$(cut -d' ' -f1,2 "$T/$person.pub")"
  done >"$T/signers"
}
allow alice bob carol

# commit KEY MESSAGE [FILE]: signed by KEY ("-": not), with new content unless FILE is "="
commit() {
  [ "${3:-}" = = ] || { echo "$2" >"$W/a" && git -C "$W" add a; }
  sign="-S$T/$1"
  [ "$1" = - ] && sign=--no-gpg-sign
  git -C "$W" commit -q --allow-empty "$sign" -m "$2" || exit 1
  COMMIT=$(git -C "$W" rev-parse HEAD)
}
merge() { # KEY BRANCH: with a content of its own
  sign="-S$T/$1"
  [ "$1" = - ] && sign=--no-gpg-sign
  git -C "$W" merge -q --no-ff --no-commit -s ours "$2" >/dev/null 2>&1
  commit "$1" "merge $2" "${3:-}"
}
on() { # BRANCH [START]: a new one, or back
  git -C "$W" checkout -q ${2:+-b} "$1" ${2:+"$2"}
}
ask() { # MODE SIGNATURES [KNOWN] [MEMBER=VALUE]...
  mode=$1 signatures=$2 known=${3:-}
  shift 2
  [ $# = 0 ] || shift
  git_fetch "file://$W" "$known" "verify=$mode" "signers=$T/signers" "signatures=$signatures" "$@"
}
# An expression on r, the result, and v, its verification.
holds() {
  tail -n 1 "$T/out" | python3 -c "
import json, sys
r = json.load(sys.stdin)
r = r.get('result', r)
v = r.get('verification')
sys.exit(0 if ($1) else 1)" && return 0
  tap_note "$T/out" "$T/err"
  return 1
}
bad() { # WORDS of the reason
  git_gives bad-signature "$(git -C "$W" rev-parse main)" &&
    holds "v is None and '''$1''' in r['reason']" && return 0
  echo "# expected: $1" >&2
  return 1
}
good() { # CHECKED SIGNERS [SEAL]
  git_gives ok "$(git -C "$W" rev-parse main)" &&
    holds "(v['checked'], ' '.join(s.split('@')[0] for s in v['signers']), v.get('seal', '')) ==
      ($1, '$2', '${3:-}') and v['mode'] == '$mode' and v['signatures'] == $signatures"
}

# --- none
commit - one
commit alice two
two=$COMMIT
commit mallory three
three=$COMMIT
ask none 1
git_gives ok "$COMMIT" && holds "[c['signature'] for c in r['commits']] ==
  ['untrusted', 'good', 'none'] and v is None and
  [c.get('signer') for c in r['commits']] == [None, 'alice@example.org', None]"
tap_ok 'none: nothing is demanded, and all verdicts are shown'
git_fetch "file://$W" ''
git_gives ok "$COMMIT" && holds "[c['signature'] for c in r['commits']] ==
  ['unknown', 'unknown', 'none']"
tap_ok 'without keys nothing is known of signatures'

# --- head
ask head 1
bad "commit $(echo "$three" | cut -c1-12) is signed by the key SHA256:"
tap_ok 'head: by a stranger it does not do'
allow alice bob carol mallory
ask head 1
good 1 mallory
tap_ok 'a list of signers that has changed lifts it'
allow alice bob carol
commit - four
ask head 1
bad 'has no signature; sign it'
tap_ok 'nor without a signature'
commit alice five
five=$COMMIT
ask head 1
good 1 alice
tap_ok 'what lies below does not matter'
ask head 1 '' "revoked_keys=$T/alice.pub"
bad 'which is revoked'
tap_ok 'a revoked key does not do'
ask head 1 '' "revoked_keys=$T/missing"
[ "$RC" = 1 ] && grep -q "keys of those who sign commits: .*missing" "$T/out"
tap_ok 'a file of revoked keys that is missing is an error' || tap_note "$T/out"
git_fetch "file://$W" '' verify=head "signers=$T/missing"
[ "$RC" = 1 ]
tap_ok 'so is a list of signers that is missing'
chmod 666 "$T/signers"
ask head 1
[ "$RC" = 1 ] && grep -q "signers' can be written by others.*chmod go-w" "$T/out"
tap_ok 'and a list that others may write, which git takes' || tap_note "$T/out"
chmod 644 "$T/signers"
mkdir -m 777 "$T/open"
cp "$T/signers" "$T/open/list"
ln -s open/list "$T/linked"
git_fetch "file://$W" '' verify=head "signers=$T/linked"
[ "$RC" = 1 ] && grep -q "open' can be written by others" "$T/out"
tap_ok 'or put another in its place' || tap_note "$T/out"
chmod 755 "$T/open"
git_fetch "file://$W" '' verify=head "signers=$T/linked"
git_gives ok "$COMMIT"
tap_ok 'a link leads to keys, too'
for kind in mkfifo mkdir; do
  rm -rf "$T/odd"
  $kind "$T/odd"
  git_fetch "file://$W" '' verify=head "signers=$T/signers" "revoked_keys=$T/odd"
  [ "$RC" = 1 ] && grep -q "odd' is not a regular file" "$T/out"
  tap_ok "nothing but a file holds keys ($kind)" || tap_note "$T/out"
done
PATH=/nowhere ask head 1 2>/dev/null
[ "$RC" != 0 ]
tap_ok 'and so is a missing ssh-keygen'
git_fetch "file://$W" '' verify=some "signers=$T/signers"
[ "$RC" = 1 ] && [ "$(git_member code)" = usage ]
tap_ok 'no other mode is known'

# --- all
ask all 1
below=$(git -C "$W" rev-parse --short=12 HEAD~1)
bad "commit $below, on which $(echo "$five" | cut -c1-12) builds"
tap_ok 'all: the newest that is not signed is named'
commit bob six
commit carol seven
ask all 1 "$five"
good 2 carol
tap_ok 'all since what was applied last, and no more'
ask all 1 "$COMMIT"
git_gives unchanged "$COMMIT" && holds 'v is None'
tap_ok 'what was applied is judged no more'
ask all 1 "$two"
bad 'has no signature'
tap_ok 'one of them that is not signed is one too many'
ask all 1 1111111111111111111111111111111111111111
git_gives rewound "$COMMIT"
tap_ok 'a history that was rewound is asked about first'
git -C "$W" checkout -q --orphan other && commit alice unrelated && other=$COMMIT
on main
ask all 1 "$other" "accepted=$(git -C "$W" rev-parse main)"
bad 'has no signature'
tap_ok 'who accepts a rewritten history accepts no unsigned commit'

# --- merges
base=$(git -C "$W" rev-parse main)
on side "$base"
commit alice side1
commit bob side2
on main
merge carol side
ask all 1 "$base"
good 3 carol
tap_ok 'a merge: all on its other side is checked'
base=$COMMIT
on evil "$base"
commit mallory evil1
commit alice evil2
on main
merge carol evil
ask all 1 "$base"
bad "$(git -C "$W" rev-parse --short=12 HEAD^2^), on which"
tap_ok 'a merge whose other side has a bad commit is refused'
git -C "$W" reset -q --hard "$base"
on fine "$base"
commit alice fine
on main
merge - fine
ask all 1 "$base"
bad 'has no signature; sign it'
tap_ok 'a merge commit is signed, too'
git -C "$W" reset -q --hard "$base"

# --- seals
seal='seal it

Assent-Seal: keys were rotated'
commit - unsigned1
commit mallory unsigned2
commit alice "$seal"
sealed=$COMMIT
commit bob after
ask all 1 "$base"
good 2 bob "$sealed"
tap_ok 'a seal vouches for what is older'
ask all 1
good 2 bob "$sealed"
tap_ok 'and so it does for a whole history, at the first apply'
holds "[c['signature'] for c in r['commits']][:4] == ['good', 'good', 'untrusted', 'none']"
tap_ok 'what lies below shows its own verdict'
ask head 1 "$base"
good 1 bob
tap_ok 'head knows no seals'
allow bob carol
ask all 1 "$base"
bad "commit $(echo "$sealed" | cut -c1-12), on which"
tap_ok 'a seal by a key that was removed is none'
printf 'alice@example.org valid-before="20200101Z" %s\n' "$(cut -d' ' -f1,2 "$T/alice.pub")" \
  >>"$T/signers"
GIT_COMMITTER_DATE='1500000000 +0000'
export GIT_COMMITTER_DATE
git -C "$W" reset -q --hard "$base"
commit - unsigned
commit alice "$seal"
unset GIT_COMMITTER_DATE
commit bob after
ask all 1 "$base"
bad 'has no signature'
tap_ok 'nor by a key that is valid no more, though git takes the signature'
holds "[c['signature'] for c in r['commits']] == ['good', 'good', 'none']"
tap_ok 'which the list says'
allow alice bob carol
for message in "say

The trailer Assent-Seal: x is not
a trailer" "empty

Assent-Seal: " 'Assent-Seal: only a subject' "early

Assent-Seal: not at the end

more text"; do
  git -C "$W" reset -q --hard "$base"
  commit - unsigned
  commit alice "$message"
  found=$(git -C "$W" log -1 --format='%(trailers:key=Assent-Seal,valueonly)' | tr -d ' \n')
  line=$(echo "$message" | tr '\n' ' ')
  ask all 1 "$base"
  bad 'has no signature' && [ -z "$found" ]
  tap_ok "no seal: $line"
done
git -C "$W" reset -q --hard "$base"
commit - unsigned
commit mallory "$seal"
ask all 1 "$base"
bad 'which may not sign'
tap_ok 'a seal by a stranger is none'
git -C "$W" reset -q --hard "$base"
commit - unsigned
on sealing "$base"
commit alice "$seal"
on main
merge bob sealing
ask all 1 "$base"
bad 'has no signature'
tap_ok 'a seal on one side of a merge vouches for nothing on the other'

# --- several signers
git -C "$W" reset -q --hard "$base"
commit alice content
ask head 2 "$base"
bad 'needs the signatures of 2 different people and has 1 (alice@example.org)'
tap_ok 'two must sign: one does not do'
commit alice 'once more' =
ask all 2 "$base"
bad 'has 1 (alice@example.org)'
tap_ok 'nor one who signs twice'
commit bob 'signed off' =
ask all 2 "$base"
good 3 'alice bob'
tap_ok 'another one signs an empty commit on top'
ask head 3 "$base"
bad 'has 2 ('
tap_ok 'and a third one may be demanded'
commit carol 'more content'
ask head 2 "$base"
bad 'has 1 (carol@example.org)'
tap_ok 'what has another tree does not count'
on topic "$COMMIT"
commit alice 'topic'
on main
git -C "$W" merge -q --no-ff "-S$T/bob" -m 'take the topic' topic
ask all 2 "$base"
good 6 'alice bob'
tap_ok 'a merge that takes a tree as it is is signed by both'
on main
commit mallory 'not me' =
commit carol 'signed off' =
ask head 2 "$base"
good 1 'bob carol'
tap_ok 'a bad one between them counts for nobody'
old=$(git -C "$W" rev-parse "$base~1")
git -C "$W" reset -q --hard "$base"
commit bob 'something new'
known=$COMMIT
tree=$(git -C "$W" rev-parse "$old^{tree}")
git -C "$W" config user.signingkey "$T/carol"
back=$(git -C "$W" commit-tree -S -p "$known" -p "$old" -m back "$tree")
git -C "$W" reset -q --hard "$back"
ask all 2 "$known"
bad 'has 1 (carol@example.org)'
tap_ok 'what was signed and applied once cannot be brought back by one'
printf 'carol@example.org,dora@example.org %s\n' "$(cut -d' ' -f1,2 "$T/carol.pub")" >"$T/signers"
printf 'carol@example.org %s\n' "$(cut -d' ' -f1,2 "$T/alice.pub")" >>"$T/signers"
git -C "$W" reset -q --hard "$known"
commit carol content
commit alice 'signed off' =
ask head 2 "$known"
bad 'has 1 (carol@example.org)'
tap_ok 'two keys of one person are one'
key() { # PERSON
  cut -d' ' -f1,2 "$T/$1.pub"
}
one() { # WHAT: of the two who signed, as the keys tell it
  ask head 2 "$known"
  bad 'has 1 ('
  tap_ok "$1"
}
printf 'carol@home %s\ncarol@work,CAROL@home namespaces="git" %s\n' "$(key carol)" \
  "$(key alice)" >"$T/signers"
one 'a second name of a key that is the name of another key makes both one'
printf 'carol@home %s\nalice@home %s\n"alice@home,carol@home" %s\n' "$(key carol)" \
  "$(key alice)" "$(key bob)" >"$T/signers"
one 'so does a line of a third key that has both names'
printf 'carol@home %s\nalice@home %s\n%s %s\n%s %s\n' "$(key carol)" "$(key alice)" \
  carol@home "$(key bob)" alice@home "$(key bob)" >"$T/signers"
one 'or two lines of it'
printf 'carol@home %s\nalice@home %s\nalice@home,carol@home cert-authority %s\n' \
  "$(key carol)" "$(key alice)" "$(key bob)" >"$T/signers"
ask head 2 "$known"
good 1 'alice carol'
tap_ok 'an authority may certify many, who stay many'
commit carol content
printf 'carol@home %s\ncarol@work %s\n' "$(key carol)" "$(key carol)" >"$T/signers"
commit carol 'once more' =
one 'one key that stands in two lines is one'

# --- OpenPGP
GNUPGHOME=$T/gnupg
export GNUPGHOME
mkdir -m 700 "$GNUPGHOME"
pgp() {
  gpg --batch --quiet --no-tty --pinentry-mode loopback --passphrase '' "$@" 2>"$T/gpg.err" || {
    cat "$T/gpg.err" >&2
    exit 1
  }
}
for who in 'C <carol@example.org>' 'C W <carol@work>' 'A <alice@example.org>'; do
  pgp --quick-gen-key "$who" ed25519 sign never
done
pgp_commit() { # KEY MESSAGE
  git -C "$W" -c gpg.format=openpgp commit -q --allow-empty "-S$1" -m "$2" || exit 1
}
pgp --armor --export >"$T/keys"
pgp_commit alice@example.org 'by alice'
pgp_commit carol@work 'by carol'
ask head 2 "$known" "openpgp_keys=$T/keys"
good 1 'alice carol'
tap_ok 'two primary keys of different addresses are two people'
pgp_commit carol@example.org 'by carol, too'
pgp --quick-add-uid carol@work 'C: at home <Carol@example.org>'
pgp --armor --export carol@work carol@example.org >"$T/keys"
ask head 2 "$known" "openpgp_keys=$T/keys"
bad 'has 1 (carol@'
tap_ok 'one is who has two keys that share an address'
printf 'alice@home,carol@work %s\n' "$(key alice)" >"$T/signers"
commit alice 'by SSH' =
ask head 2 "$known" "openpgp_keys=$T/keys"
bad 'has 1 (alice@'
tap_ok 'or an SSH key and an OpenPGP key'
printf '%s %s\n' carol@work "$(key alice)" carol@example.org "$(key bob)" >"$T/signers"
commit bob 'by SSH, too' =
ask head 2 "$known" "openpgp_keys=$T/keys"
bad 'has 1 (carol@'
tap_ok 'or two SSH keys whose names are those of an OpenPGP key'
gpgconf --kill all
unset GNUPGHOME

# --- what may lie around
allow alice bob carol
git -C "$W" reset -q --hard "$base"
commit mallory 'not me'
evil=$COMMIT
commit carol 'on top'
top=$COMMIT
ask all 1 "$base"
bad "$(echo "$evil" | cut -c1-12), on which"
tap_ok 'a stranger below is seen'
mkdir -p "$T/lies" && mkdir -m 700 "$T/lies/.gnupg"
cat >"$T/lies/lie" <<'END'
#!/bin/sh
echo 'Good "git" signature for carol@example.org with ED25519 key SHA256:x'
END
chmod 755 "$T/lies/lie"
allow alice bob carol mallory
cp "$T/signers" "$T/lies/all"
allow alice bob carol
git config -f "$T/lies/.gitconfig" gpg.ssh.program "$T/lies/lie"
git config -f "$T/lies/.gitconfig" gpg.ssh.allowedSignersFile "$T/lies/all"
git -C "$T/mirror.git" config gpg.ssh.program "$T/lies/lie"
git -C "$T/mirror.git" config gpg.ssh.allowedSignersFile "$T/lies/all"
mkdir -p "$T/mirror.git/info"
git -C "$T/mirror.git" update-ref "refs/replace/$evil" "$base"
echo "$top $base" >"$T/mirror.git/info/grafts"
(
  export HOME="$T/lies" GNUPGHOME="$T/lies/.gnupg" XDG_CONFIG_HOME="$T/lies" \
    GIT_CONFIG_GLOBAL="$T/lies/.gitconfig" GIT_CONFIG_COUNT=1 \
    GIT_CONFIG_KEY_0=gpg.ssh.program GIT_CONFIG_VALUE_0="$T/lies/lie" \
    GIT_GRAFT_FILE="$T/mirror.git/info/grafts" GIT_ALTERNATE_OBJECT_DIRECTORIES="$W/.git/objects" \
    SSH_AUTH_SOCK="$T/lies/none" SSH_ASKPASS="$T/lies/lie" DISPLAY=:0
  ask all 1 "$base"
  bad "$(echo "$evil" | cut -c1-12), on which"
) 2>"$T/lies/said"
tap_ok 'no home, no variable of git, no configuration, graft or replacement hides it'
rm "$T/mirror.git/info/grafts"
echo "$top" >"$T/mirror.git/shallow"
ask all 1 "$base"
[ "$RC" = 1 ] && grep -q 'is shallow: remove it' "$T/out"
tap_ok 'nor is a mirror believed whose history ends early' || tap_note "$T/out"
rm "$T/mirror.git/shallow"
git -C "$T/mirror.git" update-ref -d "refs/replace/$evil"
git clone -q --bare --depth 1 "file://$W" "$T/shallow.git" 2>"$T/err" || cat "$T/err" >&2
mv "$T/mirror.git" "$T/mirror.whole"
git_fetch "file://$T/shallow.git" '' verify=all "signers=$T/signers"
[ "$RC" = 1 ] && [ "$(git_member state)" != ok ]
tap_ok 'nor does a server whose history ends early' || tap_note "$T/out" "$T/err"
rm -rf "$T/mirror.git"
mv "$T/mirror.whole" "$T/mirror.git"

[ -z "$(find "$T/mirror.git" -name 'assent-judge-*')" ]
tap_ok 'nothing is left in the mirror'
mkdir -p "$T/mirror.git/assent-judge-old/gnupg/private"
: >"$T/mirror.git/assent-judge-old/gnupg/private/key"
ask head 1 "$known"
[ ! -e "$T/mirror.git/assent-judge-old" ]
tap_ok 'nor of one that was killed'
tap_end
