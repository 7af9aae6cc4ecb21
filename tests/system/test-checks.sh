#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Checks of the manifest after an apply of the worker, against servers of TLS and others.
# shellcheck disable=SC2119 # arguments of commit, plan and sign are optional
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
. "$srcdir/tests/system/lib-apply.sh"
need git python3 openssl
apply_setup
trace=

# A server that answers GET /N/X with the Nth of the letters in $tmp/script-X that it was not asked
# for before: y is 200 "all is well", n is 503. The last one stays.
cat >"$tmp/server.py" <<'END'
import http.server, os, ssl, sys
folder, cert = sys.argv[1], sys.argv[2:]
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        name = folder + "/script" + self.path.replace("/", "-")
        script = open(name).read().strip()
        if len(script) > 1:
            open(name + ".new", "w").write(script[1:])
            os.rename(name + ".new", name)
        body = b"all is well" if script[0] == "y" else b"not yet"
        self.send_response(200 if script[0] == "y" else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
if cert:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*cert)
    server.socket = context.wrap_socket(server.socket, server_side=True)
print(server.server_address[1], flush=True)
server.serve_forever()
END
serve() { # FILE ARGUMENT...: FILE has its port
  local out=$1
  shift
  background "$out" python3 "$tmp/server.py" "$tmp" "$@"
  wait_for test -s "$out"
}
# A certificate of its own authority for localhost.
authority() { # NAME
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
    -subj "/CN=$1" -addext basicConstraints=critical,CA:TRUE \
    -keyout "$tmp/$1.key" -out "$tmp/$1.pem" 2>/dev/null
}
certificate() { # AUTHORITY
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost \
    -keyout "$tmp/server.key" -out "$tmp/server.csr" 2>/dev/null &&
    printf 'subjectAltName=DNS:localhost\n' >"$tmp/server.ext" &&
    openssl x509 -req -in "$tmp/server.csr" -CA "$tmp/$1.pem" -CAkey "$tmp/$1.key" -days 2 \
      -CAcreateserial -extfile "$tmp/server.ext" -out "$tmp/server.pem" 2>/dev/null
}
ok 'there is a server' serve "$tmp/port"
port=$(cat "$tmp/port")
make_tls() {
  authority good && authority other && certificate good &&
    serve "$tmp/tls-port" "$tmp/server.pem" "$tmp/server.key"
}
ok 'and one of TLS' make_tls
tls=$(cat "$tmp/tls-port")

script() { # NAME LETTERS
  echo "$2" >"$tmp/script-$1"
}
# One more version of a file, and the checks from standard input.
version=0 on_failure=rollback
go() {
  version=$((version + 1))
  {
    printf 'resources:\n  - file: %s\n    content: "%s"\n' "$host/conf" "$version"
    printf 'on-failure: %s\nchecks:\n' "$on_failure"
    sed 's/^/  /'
  } >"$repo/assent.yaml"
  commit
  plan && sign && apply alice
}
holds() { # ...and the file is the new one
  go && is result ok && test "$(cat "$host/conf")" = "$version"
}
came_back() { # ...or the old one, since
  go && is result rolled-back && test "$(cat "$host/conf" 2>/dev/null)" != "$version" &&
    no_leftovers
}
reason() { # TEXT
  field reason | grep -qF -- "$1" || { field reason; return 1; }
}

script a y
ok 'an answer' holds <<END
- http: http://127.0.0.1:$port/a
  status: 200
  body: is well
END
script b nny
ok 'an answer that comes after a while' holds <<END
- http: http://127.0.0.1:$port/b
  within: 1m
END
script c y
ok 'another body takes it back' came_back <<END
- http: http://127.0.0.1:$port/c
  body: all is lost
  within: 1s
END
ok 'which is told' reason "does not contain 'all is lost'"
ok 'with what was tried' reason "check http http://127.0.0.1:$port/c failed: 1 try in "

# A service that flaps.
script d ynyyy
ok 'three in a row, at last' holds <<END
- http: http://127.0.0.1:$port/d
  successes: 3
  within: 1m
END
told() { # TEXT DONE TOTAL
  grep -qF "\"check http http://127.0.0.1:$port/$1\",\"done\":$2,\"total\":$3}" "$tmp/answer"
}
ok 'and each is told' told d 2 3
ok 'also that they began anew' told d 0 3
script e yynyynyynyynyynyynyynyynyynyyn
ok 'never three in a row' came_back <<END
- http: http://127.0.0.1:$port/e
  successes: 3
  within: 3s
END
ok 'which is told' reason '3 successes in a row are wanted'

# TLS.
script f y
ok 'an authority that is right' holds <<END
- http: https://localhost:$tls/f
  ca: $tmp/good.pem
END
ok 'one that is wrong' came_back <<END
- http: https://localhost:$tls/f
  ca: $tmp/other.pem
  within: 1s
END
ok 'which is told' reason "https://localhost:$tls/f"
ok 'none but those of the system' came_back <<END
- http: https://localhost:$tls/f
  within: 1s
END
ok 'another name than that of the certificate' came_back <<END
- http: https://127.0.0.1:$tls/f
  ca: $tmp/good.pem
  within: 1s
END

# A connection, a command.
ok 'a connection' holds <<END
- tcp: 127.0.0.1:$port
END
ok 'nobody listens' came_back <<END
- tcp: 127.0.0.1:1
  within: 1s
END
ok 'which is told' reason 'check tcp 127.0.0.1:1 failed'
ok 'a command' holds <<END
- command: is-there
  run: [test, -e, "$host/conf"]
END
ok 'one that fails' came_back <<END
- command: is-there
  shell: "cat $host/conf; echo it is not >&2; exit 2"
  within: 1s
END
ok 'which is told' reason 'it ended with status 2: it is not'
ok 'the first that fails is the last' came_back <<END
- command: no
  run: ["false"]
  within: 1s
- command: trace
  run: [touch, "$host/trace"]
END
ok 'so this was not run' test ! -e "$host/trace"

# on-failure: stop leaves what is in place.
stays() {
  on_failure=stop
  go && is result failed && test "$(cat "$host/conf")" = "$version"
}
script g n
ok 'what failed may stay' stays <<END
- http: http://127.0.0.1:$port/g
  within: 1s
END
finish
