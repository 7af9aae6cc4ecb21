#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The review page of a real agent: signing in, reading, deciding, and all that is refused.
# shellcheck disable=SC2016,SC2119,SC2153
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
. "${srcdir:-.}/tests/system/lib-review.sh"
git_need git curl ssh-keygen python3 || tap_skip_all "$REASON"
agent_begin
review_stack app
review_stack pad
agent_repo sig
agent_stack sig 'approval: {required: 1, from: [ops]}'
agent_repo wait
agent_stack wait 'approval: {required: 2, from: [ops], quiet: 1h, break-glass: [carol]}' \
  'rules: [{match: {risk: root}, channels: [signature, page]}]' \
  'windows: [{kind: deny, schedule: "* * * * *"}]'
sed -i "s/^  bob: {}/  bob: {user: $(id -un)}/" "$CONF"
agent_init 0
printf 'attested: [page]\nbreak_glass: true\n' >>"$T/etc/trust.yaml"
agent_start
agent_post /v1/review '{"person":"alice"}'
[ "$STATUS $(field "d['error']['code']")" = '409 no-pages' ]
tap_ok 'without the section http there is no link'
agent_stop
review_http
agent_start
agent_sync app
first=$PLAN short=$(review_short "$PLAN")

# --- links
agent_post /v1/review '{"person":"eve"}'
[ "$STATUS $(field "d['error']['code']")" = '403 unknown-person' ]
tap_ok 'a stranger gets no link'
agent_post /v1/review '{"person":"alice","plan":"0123456789"}'
[ "$STATUS $(field "d['error']['code']")" = '404 unknown-plan' ]
tap_ok 'nor does anybody for a plan that is not there'
for path in / "/plans/$short" /plans/0123456789ab "/plans/$short/diff"; do
  review_get nobody "$path"
  echo "$STATUS $(printf '%s' "$BODY" |
    sed 's/plans\/[0-9a-f]*//; s/review [0-9a-f]*//; s/href="[^"]*"//g' | sha256sum)"
  ! printf '%s' "$BODY" | grep -q 'app.conf\|web1.test' || echo "$path tells something"
done >"$T/pages"
[ "$(sort -u <"$T/pages" | wc -l)" = 1 ] && grep -q '^403 ' "$T/pages"
tap_ok 'who is not signed in learns nothing, not even which plans there are' ||
  tap_note "$T/pages"
review_get nobody '/login?t=0000' && review_refused 403 'too old'
tap_ok 'a token that was made up opens nothing'
review_link alice "$first"
review_get nobody "/login?t=$TOKEN" && [ "$STATUS" = 200 ] &&
  review_get nobody "/login?t=$TOKEN" && printf '%s' "$BODY" | grep -q 'Sign in as alice'
tap_ok 'looking at a link does not spend it'
review_curl nobody -d "t=$TOKEN" -H 'Sec-Fetch-Site: cross-site' "$URL/login"
[ "$STATUS" = 403 ] && review_curl nobody -d "t=$TOKEN" "$URL/login" && [ "$STATUS" = 403 ]
tap_ok 'a form of another site, or of nobody, signs nobody in'
review_post alice /login "t=$TOKEN"
[ "$STATUS" = 303 ] && grep -qi "^location: ./plans/$short" "$T/header" &&
  grep -qi '^set-cookie: assent=[0-9a-f]\{64\}; Path=/; Max-Age=[0-9]*; HttpOnly; SameSite=Strict' \
    "$T/header"
tap_ok 'a link signs in and leads to its plan' || tap_note "$T/header"
review_post eve /login "t=$TOKEN"
review_refused 403 'Please sign in'
tap_ok 'and does so once'
! grep -q "$TOKEN" "$T/agent.log" && grep -q 'GET /login' "$T/agent.log"
tap_ok 'no token stands in the log of requests'
review_login bob && review_login dora && review_login carol
tap_ok 'others sign in, too'

# --- the command
assent() { # ARGUMENT...: $CODE, $T/said, $T/err
  ASSENT_SOCKET=$SOCK "$builddir/assent" "$@" >"$T/said" 2>"$T/err"
  CODE=$?
}
unset DISPLAY WAYLAND_DISPLAY
assent review
[ $CODE = 0 ] && grep -qx "$URL/login?t=[0-9a-f]*" "$T/said" && grep -q 'signed in as bob' "$T/err"
tap_ok 'assent review prints a link for who runs it' || tap_note "$T/said" "$T/err"
assent review --as alice --json "$short"
BODY=$(cat "$T/said")
[ "$(field "(d['person'], d['opened'], d['url'][:7])")" = "('alice', False, 'http://')" ] &&
  LINK=$(field "d['url']") && review_post alice /login "t=${LINK#*t=}" &&
  grep -qi "^location: ./plans/$short" "$T/header"
tap_ok 'or for another one, to a plan' || tap_note "$T/said" "$T/err"
assent review --as eve
[ $CODE = 1 ] && grep -q 'no such person' "$T/err"
tap_ok 'but for no stranger' || tap_note "$T/err"
mkdir "$T/bin"
cat >"$T/bin/xdg-open" <<X
#!/bin/sh
{ echo "\$*"; stat -c %a "\$1"; } >"$T/argv.new"
cp "\$1" "$T/opened"
mv "$T/argv.new" "$T/argv"
X
chmod +x "$T/bin/xdg-open"
PATH=$T/bin:$PATH DISPLAY=:0 assent review --as alice
[ $CODE = 0 ] && agent_wait_for '[ -s "$T/argv" ]' && link=$(cat "$T/said") &&
  [ "$(sed -n 2p "$T/argv")" = 600 ] && ! grep -q "${link#*t=}" "$T/argv" &&
  grep -qF "url=$link" "$T/opened"
tap_ok 'a browser gets it by a file of ours, not as an argument that all can read' ||
  tap_note "$T/said" "$T/err" "$T/argv" "$T/opened"
rm "$T/argv"
PATH=$T/bin:$PATH DISPLAY=:0 assent review --as alice --no-open
[ $CODE = 0 ] && [ ! -e "$T/argv" ]
tap_ok 'and none with --no-open'

# --- reading
review_get alice / && [ "$STATUS" = 200 ] &&
  printf '%s' "$BODY" | grep -q "href=\"./plans/$short\"" &&
  printf '%s' "$BODY" | grep -q 'signed in as alice'
tap_ok 'the overview shows what waits'
review_get alice "/plans/$short" && [ "$STATUS" = 200 ] &&
  printf '%s' "$BODY" | grep -q 'app.conf' && printf '%s' "$BODY" | grep -q '<ins>one</ins>'
tap_ok 'the page of a plan shows its diff'
page_says() { # TEXT
  printf '%s' "$BODY" | grep -q "$1" || {
    printf '%s\n' "$BODY" | sed 's/.*<main/<main/' | cut -c1-1500 | tap_note
    return 1
  }
}
agent_becomes wait pending
broken=/plans/$(review_short "$PLAN")
review_get alice "$broken" && page_says 'approved by silence, if nobody' &&
  page_says 'with a reason: carol<' && page_says 'id="window">No window .* none opens within a year'
tap_ok 'a page tells of silence, of windows, and who may break the glass'
"$builddir/assent" approve --socket "$SOCK" --config "$CONF" --break-glass --yes \
  --key "$T/keys/carol" --reason 'the site is <down>' "$PLAN" >"$T/glass" 2>&1 &&
  agent_becomes wait converged && review_get alice "$broken" &&
  page_says 'BREAK-GLASS: carol decided for all.*: the site is &lt;down&gt;' &&
  ! page_says 'id="window"' 2>/dev/null
tap_ok 'and that somebody has' || tap_note "$T/glass"
review_get alice / && page_says '<strong>BREAK-GLASS by carol</strong>'
tap_ok 'as does the overview'
review_get alice "/plans/$short"
style=$(printf '%s\n' "$BODY" | python3 -c '
import base64, hashlib, re, sys
t = re.search(r"<style>(.*?)</style>", sys.stdin.read(), re.S).group(1)
print(base64.b64encode(hashlib.sha256(t.encode()).digest()).decode())')
grep -qi "^content-security-policy: default-src 'none'.*style-src 'sha256-$style'" "$T/header" &&
  grep -qi '^cache-control: no-store' "$T/header" && ! grep -qi unsafe "$T/header"
tap_ok 'its policy allows one style sheet and nothing else' || tap_note "$T/header"
agent_get "/v1/plans/$first/diff" && cp "$T/body" "$T/diff"
review_get alice "/plans/$short/diff" && cmp -s "$T/diff" "$T/body" &&
  grep -qi '^content-disposition: attachment' "$T/header"
tap_ok 'the whole diff is the one of the API, as a file'
review_get alice /plans/0123456789ab && review_refused 404 'no such plan'
tap_ok 'a plan that is not there is told to those who may know'

# --- what decides nothing
review_form bob "$first"
foreign=$CSRF
review_form alice "$first"
attempt() { # STATUS TEXT FIELD=VALUE...
  want=$1 text=$2
  shift 2
  review_post alice "/plans/$short/decision" "$@" && review_refused "$want" "$text"
}
attempt 403 'made for somebody else' "plan=$first" decision=approve reason=
tap_ok 'a form without its token is refused'
attempt 403 'made for somebody else' "csrf=$foreign" "plan=$first" decision=approve reason=
tap_ok 'so is one with the token of another person'
attempt 400 'not complete' "csrf=$CSRF" "plan=$first" reason=
tap_ok 'one without a decision'
attempt 409 'for another plan' "csrf=$CSRF" "plan=sha256:$(printf '%064d' 0)" \
  decision=approve reason=
tap_ok 'one for another plan'
attempt 400 'Nothing was decided' "csrf=$CSRF" "plan=$first" decision=maybe reason=
tap_ok 'one with a decision that there is not'
attempt 400 'give a reason' "csrf=$CSRF" "plan=$first" decision=reject 'reason=  '
tap_ok 'a rejection without a reason'
review_curl alice -d "csrf=$CSRF&plan=$first&decision=approve&reason=" \
  -H 'Sec-Fetch-Site: cross-site' "$URL/plans/$short/decision"
[ "$STATUS" = 403 ]
tap_ok 'a form that another site sends'
review_get dora "/plans/$short" && ! printf '%s' "$BODY" | grep -q 'value="approve"' &&
  review_decide dora "$first" approve && review_refused 403 'author may not approve'
tap_ok 'the author cannot approve'
review_get carol "/plans/$short" && printf '%s' "$BODY" | grep -q 'does not ask you' &&
  review_post carol "/plans/$short/decision" "csrf=$CSRF" "plan=$first" decision=approve reason=
[ "$STATUS" = 403 ]
tap_ok 'nor can whom the policy does not ask'
agent_entries approval app
[ "$BODY" = '[]' ] && [ ! -e "$T/out/app/app.conf" ]
tap_ok 'nothing of this is in the log, and nothing was done'

# --- deciding
review_decide alice "$first" approve 'looks
  right'
[ "$STATUS" = 303 ] && grep -qi "^location: ../$short" "$T/header" && agent_becomes app converged
tap_ok 'an approval is applied' || tap_note "$T/agent.log"
agent_entries approval app
[ "$(field "[(x['person'], x['channel'], x['reason'], 'fingerprint' in x) for x in d]")" = \
  "[('alice', 'page', 'looks right', False)]" ]
tap_ok 'the log has who, by what and why'
evidence=$(field "__import__('json').loads(d[0]['statement'])['evidence']")
agent_get "/v1/objects/$evidence"
[ "$(field "(d['peer'], d['signed_in'][:15], d['user_agent'][:5])")" = \
  "('127.0.0.1', 'session:sha256:', 'curl/')" ]
tap_ok 'and the evidence tells the session, by its digest'
review_get alice "/plans/$short" && printf '%s' "$BODY" | grep -q 'applied' &&
  ! printf '%s' "$BODY" | grep -q 'name="decision"'
tap_ok 'the page of the applied plan has no form'
review_post bob "/plans/$short/decision" "csrf=$foreign" "plan=$first" decision=approve reason=
review_refused 409 'does not wait'
tap_ok 'a form that was open since is told so'
echo two >"$T/app/app.conf"
agent_commit app 'second <b>'
agent_sync app
second=$PLAN
echo three >"$T/app/app.conf"
agent_commit app third
agent_sync app
review_get alice "/plans/$(review_short "$second")" &&
  printf '%s' "$BODY" | grep -q "taken this one.*$(review_short "$PLAN")" &&
  printf '%s' "$BODY" | grep -q 'second &lt;b&gt;'
tap_ok 'a superseded plan leads to the one that counts'
review_decide bob "$PLAN" reject 'not on a Friday'
agent_entries closed app
[ "$(field "[(x['outcome'], x['reason']) for x in d if x['outcome'] == 'rejected']")" = \
  "[('rejected', 'bob: not on a Friday')]" ]
tap_ok 'a rejection closes the plan'
review_get alice / && printf '%s' "$BODY" | grep -q 'bob rejected (page)' &&
  printf '%s' "$BODY" | grep -q 'alice approved (page)'
tap_ok 'the history names who decided'

# --- what the page must not decide
agent_sync sig
review_get alice "/plans/$(review_short "$PLAN")"
printf '%s' "$BODY" | grep -q 'does not take decisions by this page' &&
  review_post alice "/plans/$(review_short "$PLAN")/decision" "csrf=$CSRF" "plan=$PLAN" \
    decision=approve reason= && [ "$STATUS" = 403 ] && agent_is sig pending
tap_ok 'where a signature is needed the page does not do'
seq 1 2000 >"$T/pad/app.conf"
agent_commit pad large
agent_sync pad
review_decide alice "$PLAN" approve
review_refused 400 'box that says so was not ticked' && agent_is pad pending
tap_ok 'an approval without having seen it all must say so'
review_decide alice "$PLAN" approve '' seen=1
[ "$STATUS" = 303 ] && agent_becomes pad converged
tap_ok 'and then holds'

# --- what people have steered
echo 'short' >"$T/pad/app.conf"
agent_commit pad short
agent_sync pad
review_decide alice "$PLAN" approve '' seen=1
agent_becomes pad converged
assent rollback pad --reason 'it <breaks>'
review_get alice / &&
  page_says 'Rolled back by bob:</strong> it &lt;breaks&gt;; stays at [0-9a-f]\{12\} until' &&
  ! page_says 'waits until the branch passes' 2>/dev/null
tap_ok 'the overview tells of a rollback, once' || tap_note "$T/said" "$T/err"
git -C "$T/app" branch topic
assent try app topic --for 2h --reason 'before it is merged'
review_get alice / &&
  page_says 'Trial of refs/heads/topic by bob:</strong> before it is merged; until: <time'
tap_ok 'of a trial' || tap_note "$T/said" "$T/err"
assent suspend sig --for 2h --reason 'holiday'
review_get alice / &&
  page_says '<td class="text"><strong>Suspended by bob:</strong> holiday; until: <time'
tap_ok 'of a suspension' || tap_note "$T/said" "$T/err"
! page_says 'id="stopped"' 2>/dev/null && assent stop-all --reason fire &&
  review_get alice / && page_says 'id="stopped">Everything is stopped by bob: fire; until somebody'
tap_ok 'and that everything was stopped' || tap_note "$T/said" "$T/err"
assent resume --all

# --- the way out, restarts, proxies
for before in 0 -1 x 1x 9223372036854775808 ''; do
  review_get alice "/?before=$before" && [ "$STATUS" = 400 ] || echo "$before: $STATUS"
done >"$T/before"
review_get alice '/?before=9223372036854775807' && [ "$STATUS" = 200 ] && [ ! -s "$T/before" ]
tap_ok 'a number that is none is refused' || tap_note "$T/before"
review_post alice /logout csrf=0 && [ "$STATUS" = 403 ] && review_get alice / &&
  [ "$STATUS" = 200 ]
tap_ok 'nobody is signed out by a strange form'
CSRF=$(printf '%s\n' "$BODY" | sed -n 's/.*name="csrf" value="\([0-9a-f]*\)".*/\1/p')
cp "$T/alice.jar" "$T/old.jar"
review_post alice /logout "csrf=$CSRF" && review_get alice / && review_refused 403 'sign in' &&
  review_get old / && review_refused 403 'sign in'
tap_ok 'signing out ends the session'
review_curl nobody -H 'X-User: alice' "$URL/" && [ "$STATUS" = 403 ]
tap_ok 'a header that nobody configured names nobody'
agent_stop
printf 'hush\n' >"$T/etc/proxy-secret"
chmod 600 "$T/etc/proxy-secret"
review_http 'trusted-proxy: [192.0.2.1]' 'proxy-user-header: X-User' \
  'proxy-secret: file:proxy-secret' 'public-url: https://ops.test/assent/'
agent_start
review_get bob / && [ "$STATUS" = 403 ]
tap_ok 'a restart ends all sessions'
by_proxy() { # HEADER...
  for header in "$@"; do
    shift
    set -- "$@" -H "$header"
  done
  review_curl nobody "$@" "$URL/"
}
by_proxy 'X-User: alice' 'X-Assent-Proxy-Secret: hush' && [ "$STATUS" = 403 ]
tap_ok 'nor does a header from another address than the proxy'
review_link alice && [ "${LINK%%t=*}" = 'https://ops.test/assent/login?' ] &&
  review_post alice /assent/login "t=$TOKEN" &&
  grep -qi '^set-cookie: assent=.*; Path=/assent/; .*; Secure' "$T/header"
tap_ok 'behind https the cookie is for https and its path alone' || tap_note "$T/header"
agent_stop
review_http 'trusted-proxy: [127.0.0.1]' 'proxy-user-header: X-User' \
  'proxy-secret: file:proxy-secret' 'public-url: https://ops.test'
sed -i -e 's/^  alice: .*/  alice: {email: [alice@example.org, team@example.org]}/' \
  -e 's/^  carol: {}/  carol: {email: [Team@example.org]}/' "$CONF"
agent_start
for who in alice dora@example.org; do
  by_proxy "X-User: $who" 'X-Assent-Proxy-Secret: hush' &&
    printf '%s' "$BODY" | grep -q "signed in as ${who%@*}" || echo "$who: $STATUS"
done >"$T/pages"
[ ! -s "$T/pages" ]
tap_ok 'the proxy names who it is, by name or address' || tap_note "$T/pages"
by_proxy 'X-User: alice' && [ "$STATUS" = 403 ] &&
  by_proxy 'X-User: alice' 'X-Assent-Proxy-Secret: hus' && [ "$STATUS" = 403 ] &&
  by_proxy 'X-User: alice' 'X-Assent-Proxy-Secret: hush' 'X-Assent-Proxy-Secret: hush' &&
  [ "$STATUS" = 403 ]
tap_ok 'from its address, but without its secret, it is not the proxy'
by_proxy 'X-User: eve' 'X-Assent-Proxy-Secret: hush' && [ "$STATUS" = 403 ] &&
  by_proxy 'X-User: alice' 'X-User: bob' 'X-Assent-Proxy-Secret: hush' && [ "$STATUS" = 403 ]
tap_ok 'a stranger, or two at once, are nobody'
by_proxy 'X-User: team@example.org' 'X-Assent-Proxy-Secret: hush' && [ "$STATUS" = 403 ]
tap_ok 'an address of several people is nobody'
review_link bob && review_post bob /login "t=$TOKEN" &&
  grep -qi '^set-cookie: __Host-assent=.*; Path=/; .*; Secure' "$T/header"
tap_ok 'the cookie of a host alone has the name that says so' || tap_note "$T/header"
tap_end
