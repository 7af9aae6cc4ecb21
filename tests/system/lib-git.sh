# shellcheck shell=sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Git servers for tests: nginx with git's own CGI (TLS by a throwaway CA), sshd, a faulty proxy.
#
#	. "$srcdir/tests/system/lib-git.sh"
#	git_begin                      # $T: a new folder, removed at the end with all servers
#	git_seed                       # $T/work, $T/srv/repo.git with three commits on main
#	git_http_up || tap_skip_all "$REASON"    # $HTTP_PORT $HTTPS_PORT ..., CA in $T/ca.pem
#	git_ssh_up || tap_skip_all "$REASON"     # $SSH_PORT, $T/ssh_config, $T/id, $T/id_rsa
#	git_proxy MODE [N] PORT        # $PROXY_PORT, a faulty way to 127.0.0.1:PORT
#
# http://localhost:$HTTP_PORT/git/repo.git   user op, password s3cret
# .../tok/repo.git                           token tok123 (bearer, or password of any user)
# .../open/repo.git                          for everybody
# Everything runs as the caller, root or not; ports are free ones.

: "${srcdir:=.}" "${builddir:=.}"
PATH=$PATH:/usr/sbin:/sbin
export PATH
unset http_proxy https_proxy all_proxy HTTPS_PROXY ALL_PROXY GIT_DIR GIT_WORK_TREE \
  SUDO_UID SUDO_USER SUDO_COMMAND PKEXEC_UID DOAS_USER

tap_count=0 tap_failed=0
tap_ok() { # NAME, after a command: its status
  tap_status=$?
  tap_count=$((tap_count + 1))
  if [ "$tap_status" = 0 ]; then
    echo "ok $tap_count - $1"
  else
    echo "not ok $tap_count - $1"
    tap_failed=1
  fi
  return "$tap_status"
}
tap_skip() { # NAME REASON
  tap_count=$((tap_count + 1))
  echo "ok $tap_count - $1 # SKIP $2"
}
tap_skip_all() {
  echo "1..0 # SKIP $1"
  exit 0
}
tap_end() {
  echo "1..$tap_count"
  exit "$tap_failed"
}
tap_note() { # FILE...: what a failed test looked at
  sed 's/^/# /' "$@" >&2
}

git_pids=
cleaners= # functions that are called at the end, before the folder goes
git_cleanup() {
  for cleaner in $cleaners; do
    "$cleaner"
  done
  for pid in $git_pids; do
    kill "$pid" 2>/dev/null
    wait "$pid" 2>/dev/null
  done
  for file in "$T"/run/*.pid; do
    [ -s "$file" ] && kill "$(cat "$file")" 2>/dev/null
  done
  [ -n "$T" ] && rm -rf "$T"
}

git_need() { # PROGRAM...: false, with $REASON, when one is missing
  for program in "$@"; do
    if ! command -v "$program" >/dev/null 2>&1; then
      REASON="$program is not installed"
      return 1
    fi
  done
}

git_begin() {
  T=$(mktemp -d "${TMPDIR:-/tmp}/assent-git-XXXXXX") || exit 1
  trap git_cleanup EXIT
  trap 'exit 1' HUP INT TERM
  mkdir -p "$T/run" "$T/home" "$T/srv"
  HOME=$T/home GIT_CONFIG_NOSYSTEM=1 GIT_TERMINAL_PROMPT=0
  GIT_AUTHOR_NAME=Ada GIT_AUTHOR_EMAIL=ada@example.org
  GIT_COMMITTER_NAME=Bob GIT_COMMITTER_EMAIL=bob@example.org
  export HOME GIT_CONFIG_NOSYSTEM GIT_TERMINAL_PROMPT GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL \
    GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL
}

git_commit() { # TEXT: one more commit on main, pushed to the server
  echo "$1" >"$T/work/conf/a.conf"
  git -C "$T/work" add -A
  git -C "$T/work" commit -q -m "$1"
  git -C "$T/work" push -q "$T/srv/repo.git" main
  COMMIT=$(git -C "$T/work" rev-parse HEAD)
}

git_seed() {
  git init -q -b main "$T/work"
  git init -q --bare -b main "$T/srv/repo.git"
  mkdir "$T/work/conf"
  # Not compressible, so that a transfer can be cut in the middle of a pack.
  head -c 300000 /dev/urandom >"$T/work/conf/blob"
  for i in 1 2 3; do
    git_commit "change $i"
  done
}

git_ports() { # COUNT: that many free ports
  python3 - "$1" <<'P'
import socket, sys
s = [socket.socket() for _ in range(int(sys.argv[1]))]
for x in s: x.bind(("127.0.0.1", 0))
print(*(x.getsockname()[1] for x in s))
P
}

# A private CA and certificates: good (localhost and 127.0.0.1), wrong (another name), expired.
git_pki() (
  cd "$T" || exit 1
  key='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
  cat >ca.cnf <<-C
		[req]
		distinguished_name = dn
		[dn]
		[v3ca]
		basicConstraints = critical, CA:TRUE
		keyUsage = critical, keyCertSign
		[ca]
		default_ca = d
		[d]
		database = $T/ca.db
		new_certs_dir = $T/run
		rand_serial = yes
		default_md = sha256
		policy = p
		unique_subject = no
		[p]
		commonName = supplied
		[good]
		subjectAltName = DNS:localhost, IP:127.0.0.1
		[wrong]
		subjectAltName = DNS:other.test
	C
  : >ca.db
  # shellcheck disable=SC2086
  openssl req -config ca.cnf -x509 $key -keyout ca.key -out ca.pem -days 30 -subj '/CN=test CA' \
    -extensions v3ca || exit 1
  for name in good wrong expired; do
    case $name in
    wrong) ext=wrong dates='-days 20' ;;
    expired) ext=good dates='-startdate 20200101000000Z -enddate 20200201000000Z' ;;
    *) ext=good dates='-days 20' ;;
    esac
    # shellcheck disable=SC2086
    openssl req -config ca.cnf -new $key -keyout $name.key -out $name.csr \
      -subj "/CN=$name" || exit 1
    # shellcheck disable=SC2086
    openssl ca -batch -config ca.cnf -cert ca.pem -keyfile ca.key -in $name.csr \
      -out $name.pem -notext -extensions $ext $dates || exit 1
  done
) >"$T/run/pki.log" 2>&1

git_http_conf() {
  backend=$(git --exec-path)/git-http-backend
  [ "$(id -u)" = 0 ] && echo 'user root;'
  cat <<-C
		pid $T/run/nginx.pid; error_log $T/run/nginx.err; worker_processes 1;
		events { worker_connections 64; }
		http {
		 access_log $T/run/nginx.access; client_max_body_size 0;
	client_body_temp_path $T/run/b; proxy_temp_path $T/run/p; fastcgi_temp_path $T/run/f;
		 uwsgi_temp_path $T/run/u; scgi_temp_path $T/run/s;
		 map \$http_authorization \$token_ok { default 0; "Bearer tok123" 1;
		  "Basic $(printf 'x-access-token:tok123' | openssl base64 -A)" 1;
		  "Basic $(printf 'robot:tok123' | openssl base64 -A)" 1; }
	fastcgi_param SCRIPT_FILENAME $backend; fastcgi_param GIT_PROJECT_ROOT $T/srv;
		 fastcgi_param GIT_HTTP_EXPORT_ALL 1; fastcgi_param HOME $T/home;
		 fastcgi_param GIT_CONFIG_NOSYSTEM 1;
	fastcgi_param REQUEST_METHOD \$request_method; fastcgi_param QUERY_STRING \$query_string;
	fastcgi_param CONTENT_TYPE \$content_type; fastcgi_param CONTENT_LENGTH \$content_length;
	fastcgi_param REMOTE_USER \$remote_user; fastcgi_param REMOTE_ADDR \$remote_addr;
		 fastcgi_param SERVER_PROTOCOL \$server_protocol;
		 fastcgi_param HTTP_CONTENT_ENCODING \$http_content_encoding;
		 fastcgi_param PATH_INFO \$repo;
		 server {
		  listen 127.0.0.1:$HTTP_PORT; listen 127.0.0.1:$HTTPS_PORT ssl;
		  ssl_certificate $T/good.pem; ssl_certificate_key $T/good.key;
		  ssl_protocols TLSv1.2 TLSv1.3; set \$repo "";
	location ~ ^/open(/.*) { set \$repo \$1; fastcgi_pass unix:$T/run/fcgi.sock; }
		  location ~ ^/charset(/.*) { set \$repo \$1; charset utf-8;
		   charset_types application/x-git-upload-pack-advertisement
		    application/x-git-upload-pack-result;
		   fastcgi_pass unix:$T/run/fcgi.sock; }
		  location ~ ^/git(/.*) { set \$repo \$1; auth_basic git;
		   auth_basic_user_file $T/htpasswd; fastcgi_pass unix:$T/run/fcgi.sock; }
		  location ~ ^/tok(/.*) { set \$repo \$1;
	if (\$token_ok = 0) { add_header WWW-Authenticate 'Basic realm="tok"' always; return 401; }
		   fastcgi_pass unix:$T/run/fcgi.sock; }
		  location ~ ^/bearer(/.*) { set \$repo \$1;
		   if (\$http_authorization != "Bearer tok123") {
		    add_header WWW-Authenticate 'Bearer realm="tok"' always; return 401; }
		   fastcgi_pass unix:$T/run/fcgi.sock; }
		  location ~ ^/moved/(.*) { return 302 /open/\$1\$is_args\$args; }
		  location ~ ^/loop/(.*) { return 302 /loop/\$1\$is_args\$args; }
	location ~ ^/elsewhere/(.*) {
	  return 302 http://127.0.0.1:$HTTP_PORT/open/\$1\$is_args\$args; }
	location ~ ^/downgrade/(.*) {
	  return 302 http://localhost:$HTTP_PORT/open/\$1\$is_args\$args; }
		  location /forbidden/ { return 403; }
		  location /broken/ { return 503; }
	location /page/ { default_type text/html; return 200 "<html>hello</html>"; }
		 }
	server { listen 127.0.0.1:$TLS13_PORT ssl; ssl_protocols TLSv1.3; set \$repo "";
		  ssl_certificate $T/good.pem; ssl_certificate_key $T/good.key;
	location ~ ^/open(/.*) { set \$repo \$1; fastcgi_pass unix:$T/run/fcgi.sock; } }
		 server { listen 127.0.0.1:$WRONG_PORT ssl;
		  ssl_certificate $T/wrong.pem; ssl_certificate_key $T/wrong.key; }
		 server { listen 127.0.0.1:$EXPIRED_PORT ssl;
		  ssl_certificate $T/expired.pem; ssl_certificate_key $T/expired.key; }
		}
	C
}

# False, with $REASON, when it cannot run here.
git_http_up() {
  git_need nginx fcgiwrap git openssl python3 || return 1
  git_pki || { REASON='openssl cannot make certificates'; return 1; }
  echo "op:$(openssl passwd -apr1 s3cret)" >"$T/htpasswd"
  fcgiwrap -f -c 1 -s "unix:$T/run/fcgi.sock" >"$T/run/fcgiwrap.log" 2>&1 &
  git_pids="$git_pids $!"
  for attempt in 1 2 3; do
    # shellcheck disable=SC2046
    set -- $(git_ports 5)
    HTTP_PORT=$1 HTTPS_PORT=$2 TLS13_PORT=$3 WRONG_PORT=$4 EXPIRED_PORT=$5
    git_http_conf >"$T/nginx.conf"
    nginx -e "$T/run/nginx.err" -c "$T/nginx.conf" 2>"$T/run/nginx.start" && break
    [ "$attempt" = 3 ] && REASON="nginx does not start: $(tail -n 1 "$T/run/nginx.start")" &&
      return 1
  done
  git_wait_for "$T/run/fcgi.sock"
}

git_wait_until() { # COMMAND: until it succeeds
  for i in $(seq 1200); do
    eval "$1" && return 0
    sleep 0.05
  done
  REASON="waited in vain for: $1 ($i)"
  return 1
}
git_wait_for() { # FILE: until it is there
  wait_file=$1
  # shellcheck disable=SC2016
  git_wait_until '[ -e "$wait_file" ]'
}

git_ssh_conf() {
  cat >"$T/sshd_config" <<-C
		Port $SSH_PORT
		ListenAddress 127.0.0.1
		HostKey $T/hostkey
		PidFile $T/run/sshd.pid
		AuthorizedKeysFile $T/authorized_keys
		PasswordAuthentication no
		KbdInteractiveAuthentication no
		UsePAM no
		StrictModes no
		PermitRootLogin prohibit-password
	C
  cat >"$T/ssh_config" <<-C
		UserKnownHostsFile $T/known_hosts
		GlobalKnownHostsFile /dev/null
		IdentityFile $T/id
		IdentitiesOnly yes
		User $(id -un)
	C
}

git_known_host() { # PORT KEY.pub
  echo "[127.0.0.1]:$1 $(cut -d' ' -f1,2 "$2")"
}

git_ssh_up() {
  git_need sshd ssh ssh-keygen git python3 || return 1
  sshd=$(command -v sshd)
  [ "$(id -u)" = 0 ] && mkdir -p /run/sshd
  ssh-keygen -q -t ed25519 -N '' -f "$T/hostkey"
  ssh-keygen -q -t ed25519 -N '' -f "$T/otherkey"
  ssh-keygen -q -t ed25519 -N '' -f "$T/id"
  ssh-keygen -q -t rsa -b 2048 -N '' -f "$T/id_rsa"
  cat "$T/id.pub" "$T/id_rsa.pub" >"$T/authorized_keys"
  for attempt in 1 2 3; do
    SSH_PORT=$(git_ports 1)
    git_ssh_conf
    "$sshd" -f "$T/sshd_config" -E "$T/run/sshd.log" && break
    [ "$attempt" = 3 ] && REASON='sshd does not start' && return 1
  done
  git_known_host "$SSH_PORT" "$T/hostkey.pub" >"$T/known_hosts"
  if ! ssh -F "$T/ssh_config" -o BatchMode=yes -p "$SSH_PORT" 127.0.0.1 true \
    2>"$T/run/ssh.err"; then
    REASON="sshd does not let $(id -un) in: $(tail -n 1 "$T/run/ssh.err")"
    return 1
  fi
}

git_proxy() { # MODE [N] PORT
  proxy_file=$T/run/proxy-$$-$(date +%s%N)
  python3 "$srcdir/tests/system/fault-proxy.py" "$proxy_file" "$@" 2>>"$T/run/proxy.log" &
  PROXY_PID=$!
  git_pids="$git_pids $PROXY_PID"
  git_wait_for "$proxy_file" && PROXY_PORT=$(cat "$proxy_file")
}
git_proxy_down() {
  kill "$PROXY_PID" 2>/dev/null
  wait "$PROXY_PID" 2>/dev/null
}

: "${WORKER:=$builddir/assent-worker}"
git_escape() { printf '%s' "$1" | sed 's/[\\"]/\\&/g'; }

# Runs the worker's job fetch; $RC, $T/out, $T/err. Members after the third as NAME=VALUE.
git_fetch() { # URL KNOWN [NAME=VALUE]...
  request="{\"v\":1,\"job\":\"fetch\",\"url\":\"$(git_escape "$1")\",\"known\":\"$2\""
  request="$request,\"mirror\":\"${MIRROR:-$T/mirror.git}\""
  shift 2
  ref=refs/heads/main path=
  for member in "$@"; do
    name=${member%%=*} value=${member#*=}
    case $name in
    ref) ref=$value ;;
    path) path=$value ;;
    max_bytes | timeout | connect_timeout | low_speed_time | signatures)
      request="$request,\"$name\":$value" ;;
    *) request="$request,\"$name\":\"$(git_escape "$value")\"" ;;
    esac
  done
  printf '%s,"ref":"%s","path":"%s"}\n' "$request" "$ref" "$path" >"$T/request"
  # shellcheck disable=SC2086
  $WRAP "$WORKER" <"$T/request" >"$T/out" 2>"$T/err"
  RC=$?
}
git_member() { # NAME: a string or number of the answer's last line
  tail -n 1 "$T/out" | sed -n "s/.*\"$1\":\"\\{0,1\\}\\([^\",}]*\\).*/\\1/p"
}
git_says() { # CODE WORDS: the last fetch failed so
  [ "$RC" = 1 ] && [ "$(git_member code)" = "$1" ] && tail -n 1 "$T/out" | grep -qF -- "$2" &&
    return 0
  echo "# expected error '$1' with '$2', exit code $RC:" >&2
  tap_note "$T/out" "$T/err"
  return 1
}
git_gives() { # STATE COMMIT
  [ "$RC" = 0 ] && [ "$(git_member state)" = "$1" ] &&
    tail -n 1 "$T/out" | grep -q "\"commit\":\"$2\"" &&
    return 0
  echo "# expected state '$1' with commit '$2', exit code $RC:" >&2
  tap_note "$T/out" "$T/err"
  return 1
}
