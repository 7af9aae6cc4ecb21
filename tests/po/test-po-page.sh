#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Each reader of an agent gets their own language, and what is logged and recorded none.
# shellcheck disable=SC1091,SC2016,SC2119,SC2153,SC2154
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
. "${srcdir:-.}/tests/system/lib-review.sh"
git_need git curl ssh-keygen python3 xgettext msgfmt || tap_skip_all "$REASON"
agent_begin
# zz is the agent's own language, yy that of who looks at its pages; neither has a locale.
options=$(sed -n 's/^XGETTEXT_OPTIONS *= *//p' "$srcdir/po/Makevars")
# shellcheck disable=SC2086 # a list
GETTEXTDATADIRS=$srcdir/po xgettext --directory="$srcdir" --output="$T/assent.pot" \
  --files-from="$srcdir/po/POTFILES.in" $options 2>"$T/xgettext.err"
for language in zz yy; do
  case $language in
  zz) marks=［］ ;;
  *) marks=｛｝ ;;
  esac
  mkdir -p "$T/locale/$language/LC_MESSAGES"
  python3 -B "$srcdir/tests/po/catalogue.py" pseudo "$T/assent.pot" "$language" "$marks" \
    >"$T/$language.po" &&
    msgfmt -o "$T/locale/$language/LC_MESSAGES/assent.mo" "$T/$language.po"
done
mkdir -p "$T/locale/xx/LC_MESSAGES"
head -c 5000 "$T/locale/zz/LC_MESSAGES/assent.mo" >"$T/locale/xx/LC_MESSAGES/assent.mo"
export ASSENT_LOCALEDIR="$T/locale" LANGUAGE=zz

# A chat: ntfy, which takes plain text.
FAKE=$T/fake
mkdir "$FAKE"
: >"$FAKE/got"
python3 "$srcdir/tests/system/fake-chats.py" "$FAKE" >"$T/fake.log" 2>&1 </dev/null &
git_pids="$git_pids $!"
agent_wait_for '[ -s "$FAKE/port" ]'
review_stack app
cat >>"$CONF" <<C
notify:
  - ntfy: {url: "http://127.0.0.1:$(cat "$FAKE/port")/", topic: ops}
C
review_http
agent_init 0
echo 'attested: [page]' >>"$T/etc/trust.yaml"
agent_start
agent_sync app
first=$PLAN

login() { # ACCEPT-LANGUAGE: the page that needs no signing in; $LANG_NOW is what it says of itself
  review_curl nobody -H "Accept-Language: $1" "$URL/login?t=0000" || return 1
  LANG_NOW=$(printf '%s' "$BODY" | sed -n 's/.*<html lang="\([^"]*\)">.*/\1/p')
}
reads() { # ACCEPT-LANGUAGE LANGUAGE MARKED-TEXT
  login "$1" && [ "$LANG_NOW" = "$2" ] && printf '%s' "$BODY" | grep -qF "$3" &&
    grep -qi "^content-language: $2" "$T/header" &&
    grep -qi '^vary: accept-language' "$T/header" && return
  echo "# $1: lang=$LANG_NOW" >&2
  return 1
}
reads yy yy '｛Sign in｝' && reads zz zz '［Sign in］'
tap_ok 'a page is in the language of its reader' || tap_note "$T/body"
reads en en '<title>Sign in</title>' && reads en-GB en '<title>Sign in</title>'
tap_ok 'in English, if that is what they read'
reads 'tlh, yy;q=0.5, en;q=0.4' yy '｛Sign in｝' && reads 'yy;q=0.2,en;q=0.3' en 'Sign in</title>' &&
  reads 'yy-XX, en;q=0.9' yy '｛Sign in｝'
tap_ok 'the first of theirs that there is'
reads tlh zz '［Sign in］' && reads '*' zz '［Sign in］' && reads ',;q=,yy;q=x' zz '［Sign in］'
tap_ok "otherwise in the agent's own"
review_curl nobody "$URL/login?t=0000" && printf '%s' "$BODY" | grep -qF '<html lang="zz">'
tap_ok 'as without that header'
reads xx zz '［Sign in］'
tap_ok 'a catalogue that is cut off is none'

review_login alice
review_curl alice -H 'Accept-Language: yy' "$URL/plans/$(review_short "$first")"
[ "$STATUS" = 200 ] && printf '%s' "$BODY" | grep -qF '<html lang="yy">' &&
  printf '%s' "$BODY" | grep -qF '｛Changes and their risk｝' &&
  printf '%s' "$BODY" | grep -qF '<td class="act">｛create｝</td>' &&
  printf '%s' "$BODY" | grep -qF '｛0：1 more approval is needed' &&
  ! printf '%s' "$BODY" | grep -qF ［
tap_ok 'a plan is in one language from its head to its form' || tap_note "$T/body"
printf '%s' "$BODY" | grep -q '｛2：[0-9]* changes in all.｝\|｛1：2 changes in all.｝'
tap_ok 'with the forms of plurals of that language'
agent_get "/v1/plans/$first" && cp "$T/body" "$T/plan" && agent_get /v1/status &&
  ! grep -qF -e ［ -e ｛ "$T/plan" "$T/body"
tap_ok 'the API is not translated'

said() { # TEXT
  python3 -c '
import json, sys
bodies = [json.loads(json.loads(line)["body"]) for line in open(sys.argv[1])]
sys.exit(sys.argv[2] not in json.dumps(bodies, ensure_ascii=False))' "$FAKE/got" "$1"
}
agent_wait_for "said '［Plan'"
tap_ok "a chat reads the agent's own language" || tap_note "$FAKE/got"
: >"$FAKE/got"
CSRF=
review_curl alice -H 'Accept-Language: yy' "$URL/plans/$(review_short "$first")"
CSRF=$(printf '%s\n' "$BODY" | sed -n 's/.*name="csrf" value="\([0-9a-f]*\)".*/\1/p')
review_post alice "/plans/$(review_short "$first")/decision" "csrf=$CSRF" "plan=$first" \
  decision=reject reason= && [ "$STATUS" = 400 ]
tap_ok 'a rejection without a reason is refused as ever'
review_curl alice -X POST -H 'Accept-Language: yy' -H 'Sec-Fetch-Site: same-origin' \
  -H "Origin: $URL" --data-urlencode "csrf=$CSRF" --data-urlencode "plan=$first" \
  --data-urlencode decision=reject --data-urlencode 'reason=not today' \
  "$URL/plans/$(review_short "$first")/decision" && [ "$STATUS" = 303 ]
tap_ok 'who reads another language decides'
agent_wait_for "said 'was rejected］'" && ! said ｛
tap_ok "and the chat is told in the agent's own" || tap_note "$FAKE/got"
! grep -rqaF -e ［ -e ｛ "$T/agent.log" "$STATE"
tap_ok 'nothing that was logged, recorded or kept is translated' ||
  grep -rlaF -e ［ -e ｛ "$T/agent.log" "$STATE" | sed 's/^/# /'
agent_stop
tap_ok 'the agent ends well'

LC_ALL=C.UTF-8 LANGUAGE=yy "$builddir/assentd" --help >"$T/help" 2>&1
grep -qF '｛configuration file｝' "$T/help"
tap_ok "assentd's help is translated" || tap_note "$T/help"
LC_ALL=C LANGUAGE=yy "$builddir/assentd" --help | grep -q ' configuration file'
tap_ok 'not in the locale C'

# As a unit of a server has it: LANG alone, and no such locale.
mkdir "$T/bin"
printf '#!/bin/sh\nLC_ALL=yy_YY.UTF-8 LANGUAGE="" exec "%s/assentd" "$@"\n' "$builddir" \
  >"$T/bin/assentd"
chmod +x "$T/bin/assentd"
WORKER=$builddir/assent-worker builddir=$T/bin
agent_start
reads tlh yy '｛Sign in｝'
tap_ok "the agent's own language needs no locale"
agent_stop
tap_end
