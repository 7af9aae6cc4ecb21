# shellcheck shell=sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The agent's TCP side in tests; after lib-agent.sh.
#
#	http_section LINE...           # replaces the section http of the configuration
#	http_port                      # $PORT, once the agent runs
#	http_reload                    # SIGHUP, and waits until it has been acted upon
#	http_probe COMMAND...          # see http-probe.py
#	http_raw TEXT [FROM]           # $ANSWER, $STATUS; escapes as in Python
#	http_get CURL-ARGUMENT...      # $BODY, $STATUS, the header in $T/header
#	http_logged TEXT               # the agent's log has it
#	http_each COMMAND ARGUMENT...  # fails with the first that does
#	http_mark                      # http_logged looks only beyond here
#
# shellcheck disable=SC2034  # variables for those who include this
# shellcheck disable=SC2016 # conditions are evaluated later

http_section() { # LINE...
  sed -i '/^http:/,$d' "$CONF"
  echo 'http:' >>"$CONF"
  for line in 'listen: 127.0.0.1:0' "$@"; do
    echo "  $line" >>"$CONF"
  done
}
http_port() {
  PORT=$(sed -n 's/.*requests are taken at .*:\([0-9]*\).*/\1/p' "$T/agent.log" | tail -n 1)
}
http_reloads() {
  grep -c 'has been read again\|stays in force' "$T/agent.log"
}
http_reload() {
  before=$(http_reloads)
  kill -HUP "$agent_pid"
  agent_wait_for '[ "$(http_reloads)" -gt "$before" ]'
  http_port
}
http_probe() {
  python3 "$srcdir/tests/system/http-probe.py" "${PORT:-0}" "$@"
}
http_raw() { # TEXT [FROM]
  ANSWER=$(http_probe raw "$@")
  STATUS=$(printf '%s\n' "$ANSWER" | sed -n '1s/^HTTP[^ ]* \([0-9]*\).*/\1/p')
}
http_get() { # CURL-ARGUMENT...
  STATUS=$(curl -sS --noproxy '*' --max-time 120 -D "$T/header" -o "$T/body" -w '%{http_code}' \
    "$@" 2>"$T/curl.err") || return 1
  BODY=$(cat "$T/body")
}
http_mark() {
  mark=$(wc -l <"$T/agent.log")
}
# A line is written when its answer has gone out, so it may come a moment later.
http_logged() { # TEXT
  text=$1
  agent_wait_for 'sed "1,${mark}d" "$T/agent.log" | grep -qF -e "$text"'
}
# The command of each argument, until one fails.
http_each() { # COMMAND ARGUMENT...
  each=$1
  shift
  for argument in "$@"; do
    "$each" "$argument" || {
      echo "# $each $argument: $STATUS" >&2
      return 1
    }
  done
}
http_status() { # STATUS...: is $STATUS one of these
  case " $* " in *" $STATUS "*) return 0 ;; esac
  echo "# $STATUS instead of $*" >&2
  return 1
}
