#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Fetching by the ssh program from a real sshd: keys, host keys, hostile addresses.
. "$srcdir/tests/system/lib-git.sh"
git_begin
git_need git python3 || tap_skip_all "$REASON"
git_seed
git_ssh_up || tap_skip_all "$REASON"
url=ssh://127.0.0.1:$SSH_PORT$T/srv/repo.git
ssh="ssh_command=ssh -F '$T/ssh_config'"
fresh() { rm -rf "$T/mirror.git"; git_fetch "$@"; }

fresh "$url" "" "$ssh"
git_gives ok "$COMMIT"
tap_ok "an Ed25519 key"
git --git-dir="$T/mirror.git" fsck --strict >"$T/out" 2>&1
tap_ok "git finds no fault in the mirror"
old=$COMMIT
git_commit "change 4"
git_fetch "$url" "$old" "$ssh"
git_gives ok "$COMMIT" && [ "$(git_member commits_total)" = 1 ]
tap_ok "a new commit arrives"
git_fetch "$url" "$COMMIT" "$ssh"
git_gives unchanged "$COMMIT"
tap_ok "nothing new"
fresh "$url" "" "ssh_command=ssh -F '$T/ssh_config' -i '$T/id_rsa' -o 'IdentityFile=$T/id_rsa'"
git_gives ok "$COMMIT"
tap_ok "an RSA key"
fresh "ssh://$(id -un)@127.0.0.1:$SSH_PORT$T/srv/repo.git" "" "$ssh"
git_gives ok "$COMMIT"
tap_ok "a user name in the URL"
cat >>"$T/ssh_config" <<C
Host box
HostName 127.0.0.1
Port $SSH_PORT
C
fresh "box:$T/srv/repo.git" "" "$ssh"
git_gives ok "$COMMIT"
tap_ok "host:path with a host of ssh_config"
cp -r "$T/srv/repo.git" "$T/srv/it's a repo.git"
fresh "box:$T/srv/it's a repo.git" "" "$ssh"
git_gives ok "$COMMIT"
tap_ok "a path with blanks and quotes"

: >"$T/known_hosts"
fresh "$url" "" "$ssh"
git_says hostkey "ssh-keyscan -p $SSH_PORT 127.0.0.1 >> ~/.ssh/known_hosts" &&
  [ ! -s "$T/known_hosts" ]
tap_ok "an unknown host key: the error says what to run, nothing is learnt"
git_known_host "$SSH_PORT" "$T/otherkey.pub" >"$T/known_hosts"
fresh "$url" "" "$ssh"
git_says hostkey "ssh-keygen -R \\\"[127.0.0.1]:$SSH_PORT\\\""
tap_ok "a changed host key: the error says so"
fresh "box:$T/srv/repo.git" "" "$ssh"
git_says hostkey "ssh-keygen -R \\\"[127.0.0.1]:$SSH_PORT\\\"" &&
  git_says hostkey "'ssh-keyscan -p $SSH_PORT 127.0.0.1 >> "
tap_ok "behind an alias it names the real host"
: >"$T/known_hosts"
fresh "box:$T/srv/repo.git" "" "$ssh"
git_says hostkey "if 'box' is an alias" && git_says hostkey "run 'ssh box' once"
tap_ok "an unknown host key behind an alias: the error says what to run"
: >"$T/known_hosts"
fresh "$url" "" "ssh_command=ssh -F '$T/ssh_config' -o StrictHostKeyChecking=accept-new"
git_gives ok "$COMMIT"
tap_ok "the user's own rule for new hosts holds"
git_known_host "$SSH_PORT" "$T/hostkey.pub" >"$T/known_hosts"

cp "$T/authorized_keys" "$T/authorized_keys.all"
: >"$T/authorized_keys"
fresh "$url" "" "$ssh"
git_says auth "refuses the SSH key"
tap_ok "a key that the server does not know"
cp "$T/authorized_keys.all" "$T/authorized_keys"
fresh "ssh://127.0.0.1:$SSH_PORT$T/srv/none.git" "" "$ssh"
git_says repository "none.git"
tap_ok "a repository that is not there"
fresh "ssh://127.0.0.1:1$T/srv/repo.git" "" "$ssh"
git_says network "refused"
tap_ok "nobody listens"
fresh "$url" "" "ssh_command=/no/such/ssh"
git_says network "no such program"
tap_ok "an ssh program that is not there"
fresh "$url" "" "$ssh" max_bytes=100000
git_says limit "100000 bytes"
tap_ok "a pack beyond the limit is refused"
for bad in "ssh://-oProxyCommand=touch%20$T%2fpwned/x" "ssh://-oProxyCommand=x/x" \
  "-oProxyCommand=touch:$T/x" "box:--upload-pack=touch $T/pwned" "ssh://box/" \
  "ssh://-l@box/x" "ext::sh -c 'touch $T/pwned'" "/etc/passwd"; do
  fresh "$bad" "" "$ssh"
  name=$(echo "$bad" | sed "s|$T|T|g;s/#/ /g")
  git_says usage "refused" && [ ! -e "$T/pwned" ]
  tap_ok "refused: $name"
done
fresh "box:x'; touch $T/pwned; '" "" "$ssh"
git_says repository "is not there" && [ ! -e "$T/pwned" ]
tap_ok "a path is not run by the other shell"
tap_end
