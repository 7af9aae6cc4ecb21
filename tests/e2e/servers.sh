# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Real Git servers on loopback for the tests here, from the folder $site/srv that holds bare
# repositories: nginx with fcgiwrap by https with a password, and sshd. Each start sets the
# address; what it started is ended with the test. Read after lib.sh.

servers_free_port() {
  python3 -c '
import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

servers_listens() { # PORT
  python3 -c 'import socket, sys; socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1)' "$1"
}

# A private authority and a certificate for localhost: $site/tls/ca.pem, server.pem, server.key.
servers_make_certificate() {
  mkdir -p "$site/tls"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
    -keyout "$site/tls/ca.key" -out "$site/tls/ca.pem" -subj '/CN=authority of a test' \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=localhost' \
    -keyout "$site/tls/server.key" -out "$site/tls/server.csr"
  echo 'subjectAltName=DNS:localhost,IP:127.0.0.1' >"$site/tls/names"
  openssl x509 -req -days 2 -in "$site/tls/server.csr" -CA "$site/tls/ca.pem" \
    -CAkey "$site/tls/ca.key" -CAcreateserial -extfile "$site/tls/names" -out "$site/tls/server.pem"
} >/dev/null 2>&1

servers_write_nginx() {
  cat <<END
pid $site/web/pid;
error_log $site/web/error.log;
daemon off;
worker_processes 1;
$([ "$(id -u)" != 0 ] || echo "user $(id -un);")
events { worker_connections 64; }
http {
  access_log $site/web/access.log;
  client_body_temp_path $site/web/body;
  proxy_temp_path $site/web/proxy;
  fastcgi_temp_path $site/web/fastcgi;
  uwsgi_temp_path $site/web/uwsgi;
  scgi_temp_path $site/web/scgi;
  server {
    listen 127.0.0.1:$https_port ssl;
    ssl_certificate $site/tls/server.pem;
    ssl_certificate_key $site/tls/server.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    client_max_body_size 0;
    location ~ ^/git(/.*) {
      auth_basic git;
      auth_basic_user_file $site/web/users;
      fastcgi_pass unix:$site/web/cgi.sock;
      fastcgi_param SCRIPT_FILENAME $(git --exec-path)/git-http-backend;
      fastcgi_param GIT_PROJECT_ROOT $site/srv;
      fastcgi_param GIT_HTTP_EXPORT_ALL 1;
      fastcgi_param PATH_INFO \$1;
      fastcgi_param REMOTE_USER \$remote_user;
      fastcgi_param REQUEST_METHOD \$request_method;
      fastcgi_param QUERY_STRING \$query_string;
      fastcgi_param CONTENT_TYPE \$content_type;
      fastcgi_param CONTENT_LENGTH \$content_length;
      fastcgi_param HTTP_GIT_PROTOCOL \$http_git_protocol;
      fastcgi_param HTTP_CONTENT_ENCODING \$http_content_encoding;
    }
  }
}
END
}

# Sets https_port; repositories are at https://localhost:$https_port/git/NAME.git, user op,
# password from $site/web/password.
servers_start_https() {
  mkdir -p "$site/web"
  servers_make_certificate || return 1
  openssl rand -hex 16 >"$site/web/password"
  chmod 600 "$site/web/password"
  printf 'op:%s\n' "$(openssl passwd -apr1 -in "$site/web/password")" >"$site/web/users"
  https_port=$(servers_free_port)
  servers_write_nginx >"$site/web/nginx.conf"
  background "$site/web/cgi.log" fcgiwrap -f -c 1 -s "unix:$site/web/cgi.sock"
  background "$site/web/nginx.log" nginx -e "$site/web/error.log" -c "$site/web/nginx.conf"
  wait_for test -S "$site/web/cgi.sock" && wait_for servers_listens "$https_port"
}

# Sets ssh_port; the key is $site/ssh/id, the server's name for known_hosts $site/ssh/known_hosts.
servers_start_ssh() {
  mkdir -p "$site/ssh"
  [ "$(id -u)" != 0 ] || mkdir -p /run/sshd
  ssh-keygen -q -t ed25519 -N '' -f "$site/ssh/hostkey"
  ssh-keygen -q -t ed25519 -N '' -f "$site/ssh/id"
  cp "$site/ssh/id.pub" "$site/ssh/authorized_keys"
  ssh_port=$(servers_free_port)
  cat >"$site/ssh/sshd_config" <<END
Port $ssh_port
ListenAddress 127.0.0.1
HostKey $site/ssh/hostkey
PidFile none
AuthorizedKeysFile $site/ssh/authorized_keys
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
END
  # sshd wants to be called by its whole path.
  background "$site/ssh/log" "$(command -v sshd)" -D -e -f "$site/ssh/sshd_config"
  printf '[127.0.0.1]:%s %s\n' "$ssh_port" "$(cut -d' ' -f1,2 "$site/ssh/hostkey.pub")" \
    >"$site/ssh/known_hosts"
  wait_for servers_listens "$ssh_port"
}

# servers_start_proxy PORT: sets proxy_port; the fault is what $site/proxy/fault says.
servers_start_proxy() {
  mkdir -p "$site/proxy"
  echo none >"$site/proxy/fault"
  background "$site/proxy/log" python3 "$srcdir/tests/e2e/faulty-proxy.py" "127.0.0.1:$1" \
    "$site/proxy/fault" "$site/proxy/port"
  wait_for test -s "$site/proxy/port" || return 1
  proxy_port=$(cat "$site/proxy/port")
}

servers_fault() {
  echo "$*" >"$site/proxy/fault.new"
  mv "$site/proxy/fault.new" "$site/proxy/fault"
}
