# shellcheck shell=sh
# SPDX-License-Identifier: GPL-3.0-or-later
# An agent with pages, and a browser of sorts (curl); after lib-agent.sh.
#
#	review_stack NAME REST...      # a stack whose plans may be decided on by the page
#	review_http LINE...            # the section http, listening on $URL
#	review_link PERSON [PLAN]      # $LINK, $TOKEN
#	review_login PERSON            # signs in; the cookie stays in $T/PERSON.jar
#	review_get PERSON PATH         # $BODY, $STATUS, the header in $T/header
#	review_post PERSON PATH FIELD=VALUE...    # from a page of the agent's own
#	review_form PERSON PLAN        # $CSRF, as that person's page of the plan has it
#	review_decide PERSON PLAN DECISION [REASON [FIELD=VALUE...]]
#	review_refused STATUS TEXT     # of the last answer
#
# shellcheck disable=SC2034 # variables for those who include this

REVIEW_PORT=$(git_ports 1)
URL=http://127.0.0.1:$REVIEW_PORT

review_stack() { # NAME LINE...
  stack=$1
  shift
  agent_repo "$stack"
  agent_stack "$stack" \
    'approval: {required: 1, from: [ops], channels: [signature, page]}' \
    'rules: [{match: {risk: root}, channels: [signature, page]}]' "$@"
}
review_http() { # LINE...
  sed -i '/^http:/,$d' "$CONF"
  printf 'http:\n  listen: "127.0.0.1:%s"\n' "$REVIEW_PORT" >>"$CONF"
  printf '  rate: 100000\n  burst: 100000\n' >>"$CONF"
  for line in "$@"; do
    echo "  $line" >>"$CONF"
  done
}
review_link() { # PERSON [PLAN]
  agent_post /v1/review "{\"person\":\"$1\"${2:+,\"plan\":\"$2\"}}" && [ "$STATUS" = 200 ] &&
    LINK=$(field "d['url']") && TOKEN=${LINK#*t=}
}
review_curl() { # PERSON CURL-ARGUMENT...
  jar=$T/$1.jar
  shift
  STATUS=$(curl -sS --noproxy '*' --max-time 60 -b "$jar" -c "$jar" -D "$T/header" \
    -o "$T/body" -w '%{http_code}' "$@" 2>"$T/curl.err") || return 1
  BODY=$(cat "$T/body")
}
review_get() { # PERSON PATH
  review_curl "$1" -H 'Accept: text/html' "$URL$2"
}
# Arguments as fields of a form, percent-encoded.
review_post() { # PERSON PATH FIELD=VALUE...
  who=$1 path=$2
  shift 2
  for pair in "$@"; do
    shift
    set -- "$@" --data-urlencode "$pair"
  done
  review_curl "$who" -X POST -H 'Sec-Fetch-Site: same-origin' -H "Origin: $URL" "$@" "$URL$path"
}
review_login() { # PERSON
  review_link "$1" && review_post "$1" /login "t=$TOKEN" && [ "$STATUS" = 303 ]
}
review_short() { # PLAN
  echo "$1" | cut -c8-19
}
review_form() { # PERSON PLAN
  review_get "$1" "/plans/$(review_short "$2")"
  CSRF=$(printf '%s\n' "$BODY" | sed -n 's/.*name="csrf" value="\([0-9a-f]*\)".*/\1/p')
}
review_decide() { # PERSON PLAN DECISION [REASON [FIELD=VALUE...]]
  review_form "$1" "$2"
  person=$1 plan=$2 decision=$3 reason=${4-}
  if [ $# -lt 4 ]; then
    set --
  else
    shift 4
  fi
  review_post "$person" "/plans/$(review_short "$plan")/decision" "csrf=$CSRF" "plan=$plan" \
    "decision=$decision" "reason=$reason" "$@"
}
review_refused() { # STATUS TEXT
  if [ "$STATUS" = "$1" ] && printf '%s' "$BODY" | grep -q "$2"; then
    return 0
  fi
  echo "# $STATUS instead of $1: $(printf '%s' "$BODY" | sed 's/.*<main//' | head -c 600)" >&2
  return 1
}
