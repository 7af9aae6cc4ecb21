#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Fetching over HTTP and TLS from git's own server: credentials, certificates, redirects.
. "$srcdir/tests/system/lib-git.sh"
git_begin
git_need git python3 || tap_skip_all "$REASON"
git_seed
git_http_up || tap_skip_all "$REASON"
http=http://localhost:$HTTP_PORT https=https://localhost:$HTTPS_PORT
ca=ca_file=$T/ca.pem
printf 's3cret\n' >"$T/password"
printf 'wrong\n' >"$T/badpassword"
printf 'tok123\n' >"$T/token"
chmod 600 "$T/password" "$T/badpassword" "$T/token"
tip=$COMMIT
fresh() { rm -rf "$T/mirror.git"; git_fetch "$@"; }

fresh "$http/open/repo.git" ""
git_gives ok "$tip"
tap_ok "a clone over plain HTTP"
git_fetch "$http/open/repo.git" "$tip"
git_gives unchanged "$tip"
tap_ok "a second fetch finds nothing new"
git --git-dir="$T/mirror.git" fsck --strict >"$T/out" 2>&1
tap_ok "git finds no fault in the mirror"
git_commit "change 4"
git_fetch "$http/open/repo.git" "$tip"
git_gives ok "$COMMIT" && grep -q '"subject":"change 4"' "$T/out" &&
  [ "$(git_member commits_total)" = 1 ]
tap_ok "a new commit arrives, with its subject"
tip=$COMMIT
fresh "$http/open/repo.git/" ""
git_gives ok "$tip"
tap_ok "a slash at the end of the URL does no harm"
charset=$(echo "$http" | sed s/localhost/127.0.0.1/)/charset/repo.git
python3 -c '
import sys, urllib.request
print(urllib.request.urlopen(sys.argv[1]).headers["Content-Type"])' \
  "$charset/info/refs?service=git-upload-pack" >"$T/head" 2>&1
grep -qi '^application/x-git-.*; charset=utf-8' "$T/head"
tap_ok "a server adds a parameter to the type" || tap_note "$T/head"
fresh "$http/charset/repo.git" ""
git_gives ok "$tip"
tap_ok "which does no harm, as in git"

fresh "$https/git/repo.git" "" "$ca" username=op "password_file=$T/password"
git_gives ok "$tip"
tap_ok "TLS by a private CA, with a password"
fresh "https://127.0.0.1:$HTTPS_PORT/git/repo.git" "" "$ca" username=op "password_file=$T/password"
git_gives ok "$tip"
tap_ok "a certificate for an IP address"
fresh "https://op@localhost:$HTTPS_PORT/git/repo.git" "" "$ca" "password_file=$T/password"
git_gives ok "$tip"
tap_ok "the user name from the URL"
fresh "https://localhost:$TLS13_PORT/open/repo.git" "" "$ca"
git_gives ok "$tip"
tap_ok "a server that speaks TLS 1.3 only"
# With a configuration of OpenSSL that would let the old version pass.
cat >"$T/openssl.cnf" <<-'C'
	openssl_conf = init
	[init]
	ssl_conf = ssl
	[ssl]
	system_default = all
	[all]
	MinProtocol = TLSv1
	CipherString = ALL:@SECLEVEL=0
C
old_port=$(git_ports 1)
openssl s_server -accept "127.0.0.1:$old_port" -tls1_1 -cipher ALL:@SECLEVEL=0 -WWW \
  -cert "$T/good.pem" -key "$T/good.key" >"$T/run/s_server" 2>&1 </dev/null &
git_pids="$git_pids $!"
# shellcheck disable=SC2016
git_wait_until 'grep -q ACCEPT "$T/run/s_server"' &&
  OPENSSL_CONF=$T/openssl.cnf openssl s_client -connect "localhost:$old_port" \
    -CAfile "$T/ca.pem" -verify_return_error </dev/null >"$T/run/s_client" 2>&1
if grep -q 'Protocol *: TLSv1.1' "$T/run/s_client"; then
  export OPENSSL_CONF="$T/openssl.cnf"
  fresh "https://localhost:$old_port/open/repo.git" "" "$ca"
  unset OPENSSL_CONF
  git_says tls "localhost:$old_port"
  tap_ok "a server that speaks TLS 1.1 only is refused"
else
  tap_skip "TLS 1.1" "OpenSSL does not speak it here"
fi

fresh "$https/git/repo.git" "" "$ca"
git_says auth "none are configured"
tap_ok "no credentials: the error says so"
: >"$T/run/nginx.access"
fresh "$https/git/repo.git" "" "$ca" username=op "password_file=$T/badpassword"
git_says auth "refuses the user name and password"
tap_ok "a wrong password is refused"
[ "$(grep -c ' - op ' "$T/run/nginx.access")" = 1 ] && ! grep -q wrong "$T/out" "$T/err"
tap_ok "it is tried once and never shown"
chmod 644 "$T/password"
fresh "$https/git/repo.git" "" "$ca" username=op "password_file=$T/password"
git_says auth "$T/password"
tap_ok "a password file that others may read is refused"
chmod 600 "$T/password"
fresh "https://op:s3cret@localhost:$HTTPS_PORT/git/repo.git" "" "$ca"
git_says usage "holds a password" && ! grep -q s3cret "$T/out" "$T/err"
tap_ok "a password in the URL is refused and not shown"

for kind in tok bearer; do
  fresh "$https/$kind/repo.git" "" "$ca" "token_file=$T/token"
  git_gives ok "$tip"
  tap_ok "a token, the server asks for $kind"
done
fresh "$https/tok/repo.git" "" "$ca" username=robot "token_file=$T/token"
git_gives ok "$tip"
tap_ok "a token as a user's password"

cat >"$T/helper" <<-'C'
	#!/bin/sh
	cat >>"$0.seen"
	echo "verb=$1" >>"$0.seen"
	[ "$1" = get ] && printf 'username=op\npassword=%s\n' "$(cat "$0.password")"
C
chmod 755 "$T/helper"
echo s3cret >"$T/helper.password"
fresh "$https/git/repo.git" "" "$ca" "credential_helper=$T/helper"
git_gives ok "$tip" && grep -qx "host=localhost:$HTTPS_PORT" "$T/helper.seen" &&
  grep -qx protocol=https "$T/helper.seen"
tap_ok "a credential helper is asked"
echo wrong >"$T/helper.password"
: >"$T/helper.seen"
fresh "$https/git/repo.git" "" "$ca" "credential_helper=$T/helper"
git_says auth "refuses" && grep -qx verb=erase "$T/helper.seen" &&
  grep -qx password=wrong "$T/helper.seen"
tap_ok "a helper is told when its password was refused"
git config --file "$T/home/.gitconfig" credential.helper "store --file $T/store"
echo "https://op:s3cret@localhost%3a$HTTPS_PORT" >"$T/store"
fresh "$https/git/repo.git" "" "$ca" "credential_helper=git credential"
git_gives ok "$tip"
tap_ok "git credential serves as a helper"
rm "$T/home/.gitconfig"
fresh "$https/git/repo.git" "" "$ca" "credential_helper=store --file '$T/store'"
git_gives ok "$tip"
tap_ok "a mere name is one of git's helpers"

fresh "$https/open/repo.git" ""
git_says tls "CA"
tap_ok "a CA that the system does not know"
fresh "https://localhost:$WRONG_PORT/open/repo.git" "" "$ca"
git_says tls "localhost"
tap_ok "a certificate for another name"
fresh "https://localhost:$EXPIRED_PORT/open/repo.git" "" "$ca"
git_says tls "expired"
tap_ok "an expired certificate"
fresh "https://localhost:$HTTP_PORT/open/repo.git" "" "$ca"
git_says tls "localhost:$HTTP_PORT"
tap_ok "a port that does not speak TLS"
fresh "$https/open/repo.git" "" "ca_file=$T/no-such"
git_says tls "CA file"
tap_ok "a CA file that is not there"

fresh "$http/moved/repo.git" ""
git_gives ok "$tip"
tap_ok "a redirect on the same host is followed"
fresh "$http/elsewhere/repo.git" ""
git_says network "redirects to 'http://127.0.0.1:$HTTP_PORT/open/repo.git"
tap_ok "a redirect to another host is not"
fresh "$https/downgrade/repo.git" "" "$ca"
git_says network "not followed"
tap_ok "a redirect away from TLS is not"
fresh "$http/loop/repo.git" ""
git_says network "HTTP 302"
tap_ok "redirects in a circle end"

fresh "$http/open/none.git" ""
git_says repository "HTTP 404"
tap_ok "a repository that is not there"
fresh "$http/forbidden/repo.git" ""
git_says auth "HTTP 403"
tap_ok "a repository that may not be read"
fresh "$http/broken/repo.git" ""
git_says network "HTTP 503"
tap_ok "a broken server"
fresh "$http/page/repo.git" ""
git_says repository "does not answer as a Git repository"
tap_ok "a web page instead of a repository"
git init -q --bare --object-format=sha256 "$T/srv/long.git" &&
  long=$(git --git-dir="$T/srv/long.git" -c user.name=a -c user.email=a commit-tree -m x \
    "$(git --git-dir="$T/srv/long.git" mktree </dev/null)") &&
  git --git-dir="$T/srv/long.git" update-ref refs/heads/main "$long"
# libgit2 1.5 forgets three of its patterns when it refuses such a folder.
options=${ASAN_OPTIONS-}
for url in "$http/open/long.git" "file://$T/srv/long.git"; do
  export ASAN_OPTIONS="$options:detect_leaks=0"
  fresh "$url" ""
  git_says repository "SHA-256 repository" && git_says repository "deploy from one that"
  tap_ok "a SHA-256 repository, by ${url%%:*}"
done
export ASAN_OPTIONS="$options"
fresh "http://localhost:1/open/repo.git" ""
git_says network "localhost:1"
tap_ok "nobody listens"
fresh "http://no-such-host.invalid/repo.git" ""
git_says network "no-such-host.invalid"
tap_ok "a host name that does not resolve"
fresh "$http/open/repo.git" "" max_bytes=100000
git_says limit "100000 bytes" && [ ! -e "$T/mirror.git/refs/assent/heads/main" ]
tap_ok "a pack beyond the limit is refused"
git_fetch "$http/open/repo.git" ""
git_gives ok "$tip" && [ -z "$(find "$T/mirror.git" -name 'pack_git2_*')" ]
tap_ok "the next fetch works and leaves nothing over"
fresh "$http/open/repo.git" "" "proxy=http://localhost:1"
git_says network "port 1 "
tap_ok "a proxy that is not there is named"
fresh "http://example.invalid/open/repo.git" "" "proxy=http://127.0.0.1:$HTTP_PORT"
git_gives ok "$tip"
tap_ok "a proxy is used"
git_proxy tunnel 0 "$HTTPS_PORT"
fresh "https://localhost:9/open/repo.git" "" "$ca" "proxy=http://127.0.0.1:$PROXY_PORT"
git_gives ok "$tip"
tap_ok "a tunnel through a proxy, and TLS in it"
fresh "https://localhost:9/open/repo.git" "" "proxy=http://127.0.0.1:$PROXY_PORT"
git_says tls "CA"
tap_ok "which is checked as without"
git_proxy_down
git_proxy locked 0 "$HTTPS_PORT"
for scheme in http https; do
  fresh "$scheme://localhost:9/open/repo.git" "" "$ca" "proxy=http://127.0.0.1:$PROXY_PORT"
  git_says auth "the proxy on the way to '$scheme://localhost:9/open/repo.git' wants a password"
  tap_ok "a proxy that wants a password is named, $scheme"
done
git_proxy_down
fresh "$http/open/repo.git" "" ref=refs/heads/none
[ "$RC" = 0 ] && [ "$(git_member state)" = deleted ]
tap_ok "a branch that is not there is said to be deleted"
git_fetch "$http/open/repo.git" "" path=conf
git_gives ok "$tip"
tap_ok "a folder of the repository"
git_fetch "$http/open/repo.git" "" path=none
git_gives empty "$tip"
tap_ok "a folder that is not there is empty"
git -C "$T/work" checkout -q -B main HEAD~2
echo other >"$T/work/conf/a.conf"
git -C "$T/work" commit -qam other
git -C "$T/work" push -qf "$T/srv/repo.git" main
COMMIT=$(git -C "$T/work" rev-parse HEAD)
git_fetch "$http/open/repo.git" "$tip"
git_gives rewound "$COMMIT" && grep -qx "$tip" "$T/mirror.git/refs/assent/kept/$tip"
tap_ok "a rewound branch is not followed, and the old tip is kept"
tap_end
