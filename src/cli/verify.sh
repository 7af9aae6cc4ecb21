#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Checks this folder without Assent and without a network: what was planned, who approved it, and
# that all of it stands in the agent's signed log. Needs ssh-keygen, openssl 3, awk and coreutils.
#
#	./verify.sh [VKEY [FOLDER]]
#
# VKEY is the log's verifier key as the agent's owner told it to you. Without it the key in the
# file `policy` is believed, which proves only that the folder agrees with itself.
# FOLDER is the one to check, if not that of this script.
# Not checked here: that what is put back by a plan with `restores` is what those plans wanted
# (`assent log verify` compares it), that a security key was touched (ssh-keygen does not tell),
# whether an approver wrote the commits, what the log holds besides these entries (`assent log
# verify` reads all of it), and that no other log with the same key exists (that is what witnesses
# are for).
set -eu
LC_ALL=C
export LC_ALL
self=$(cd "$(dirname "$0")" && pwd)/$(basename "$0")
cd "${2:-$(dirname "$0")}"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM

die() {
  echo "NOT VERIFIED: $*" >&2
  exit 1
}
hex() {
  od -An -v -tx1 | tr -d ' \n'
}
# Bytes of hexadecimal digits, through printf's octal escapes.
unhex() {
  # shellcheck disable=SC2059 # the format is nothing but octal escapes
  printf "$(printf %s "$1" | awk '{
    d = "0123456789abcdef"
    for (i = 1; i < length($0); i += 2)
      printf "\\%03o", (index(d, substr($0, i, 1)) - 1) * 16 + \
        index(d, substr($0, i + 1, 1)) - 1
  }')"
}
sha() {
  sha256sum | cut -d' ' -f1
}
# The value of a member that holds no quotes, at its first place in a canonical document.
member() {
  awk -v name="\"$1\":" '{
    i = index($0, name)
    if (i == 0) exit
    rest = substr($0, i + length(name))
    if (substr(rest, 1, 1) == "\"") { rest = substr(rest, 2); stop = "\"" } else stop = "[,}]"
    if (match(rest, stop)) print substr(rest, 1, RSTART - 1)
    exit
  }' "$2"
}
# A file as it stands inside a JSON string.
quoted() {
  sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' "$1"
}
contains() {
  grep -qF -e "$2" "$1"
}

for file in policy checkpoint plan.json plan.json.sig allowed_signers proofs/0.leaf; do
  [ -f "$file" ] || die "$file is missing"
done
vkey=$(awk '$1 == "log" { print $2; exit }' policy)
[ -n "$vkey" ] || die "policy names no log"
if [ $# -gt 0 ] && [ "$1" != "$vkey" ]; then
  die "policy names another log key than the one given"
fi
origin=${vkey%%+*}
rest=${vkey#*+}
key_id=${rest%%+*}
key=$(printf %s "${rest#*+}" | base64 -d | hex)
[ "${#key}" = 66 ] || die "the log's key is not an Ed25519 key"

# The checkpoint: text, an empty line, signature lines.
awk '/^\342\200\224 / { exit } { if (n++) print last; last = $0 }' checkpoint >"$tmp/text"
signature=$(awk -v name="$origin" \
  '$1 == "\342\200\224" && $2 == name { print $3; exit }' checkpoint |
  base64 -d | hex)
[ "$(printf %.8s "$signature")" = "$key_id" ] || die "checkpoint is not signed by $origin"
unhex "302a300506032b6570032100${key#??}" >"$tmp/key.der"
unhex "${signature#????????}" >"$tmp/signature"
openssl pkey -pubin -inform DER -in "$tmp/key.der" -out "$tmp/key.pem"
openssl pkeyutl -verify -pubin -inkey "$tmp/key.pem" -rawin -in "$tmp/text" \
  -sigfile "$tmp/signature" >/dev/null || die "the checkpoint's signature does not hold"
[ "$(sed -n 1p "$tmp/text")" = "$origin" ] || die "the checkpoint is of another log"
size=$(sed -n 2p "$tmp/text")
root=$(sed -n 3p "$tmp/text" | base64 -d | hex)
echo "ok: checkpoint of $origin, $size entries"

# Each entry is in the tree (RFC 9162, 2.1.3.2). Every leaf: the rest believes what it reads there.
for leaf in proofs/*.leaf; do
  proof=${leaf%.leaf}.tlog-proof
  name=${leaf#proofs/}
  [ -f "$proof" ] || die "$leaf has no proof that it is in the log"
  index=$(awk '$1 == "index" { print $2; exit }' "$proof")
  [ "$index" = "${name%.leaf}" ] || die "$proof is for entry $index"
  sed '1,/^$/d' "$proof" | cmp -s - checkpoint || die "$proof is for another checkpoint"
  [ "$index" -lt "$size" ] || die "entry $index is beyond the checkpoint"
  hash=$({
    printf '\000'
    cat "$leaf"
  } | sha)
  fn=$index
  sn=$((size - 1))
  # shellcheck disable=SC2013 # hashes have no spaces
  for step in $(awk '/^$/ { exit } NR > 1 && $1 != "index" && $1 != "extra" { print }' "$proof"); do
    step=$(printf %s "$step" | base64 -d | hex)
    [ "$sn" -gt 0 ] || die "the proof of entry $index is too long"
    if [ $((fn & 1)) = 1 ] || [ "$fn" = "$sn" ]; then
      hash=$(unhex "01$step$hash" | sha)
      while [ $((fn & 1)) = 0 ] && [ "$fn" -gt 0 ]; do
        fn=$((fn >> 1))
        sn=$((sn >> 1))
      done
    else
      hash=$(unhex "01$hash$step" | sha)
    fi
    fn=$((fn >> 1))
    sn=$((sn >> 1))
  done
  if [ "$sn" != 0 ] || [ "$hash" != "$root" ]; then
    die "entry $index is not in the log"
  fi
  [ "$(member seq "$leaf")" = "$index" ] || die "entry $index calls itself otherwise"
  echo "ok: entry $index ($(member type "$leaf")) is in the log"
done

# The first entry names the keys.
[ "$(member type proofs/0.leaf)" = genesis ] || die "the log does not begin with a genesis entry"
[ "$(member log_key proofs/0.leaf)" = "$vkey" ] || die "the first entry names another log key"
[ "$(member agent proofs/0.leaf)" = "$origin" ] || die "the first entry names another agent"
printf 'agent namespaces="assent.plan.v1,assent.attestation.v1" %s\n' \
  "$(member plan_key proofs/0.leaf)" >"$tmp/agent"

# The plan is the agent's, and logged.
ssh-keygen -Y verify -f "$tmp/agent" -I agent -n assent.plan.v1 -s plan.json.sig <plan.json \
  >/dev/null || die "the plan's signature does not hold"
plan=sha256:$(sha <plan.json)
plan_entry=
for leaf in proofs/*.leaf; do
  if [ "$(member type "$leaf")" = plan ] && [ "$(member plan "$leaf")" = "$plan" ]; then
    plan_entry=$leaf
  fi
done
[ -n "$plan_entry" ] || die "the plan does not stand in the log"
echo "ok: plan $plan is signed by the agent and logged"
# A plan of a rewritten history says so, and that somebody had accepted it before.
if contains plan.json '"rewritten":{'; then
  accepted=
  base=$(sed 's/.*"base":{"commit":"\([0-9a-f]*\)".*/\1/' plan.json)
  target=$(sed 's/.*"target":{"commit":"\([0-9a-f]*\)".*/\1/' plan.json)
  for leaf in proofs/*.leaf; do
    if [ "$(member type "$leaf")" = rewritten ] && [ "$(member base "$leaf")" = "$base" ] &&
      [ "$(member commit "$leaf")" = "$target" ] &&
      [ "$(member seq "$leaf")" -lt "$(member seq "$plan_entry")" ]; then
      accepted="entry $(member seq "$leaf"), by $(member person "$leaf")"
    fi
  done
  [ -n "$accepted" ] || die "the plan is of a rewritten history that nobody had accepted"
  echo "ok: its rewritten history was accepted ($accepted)"
fi
if [ -f diff ]; then
  grep -q "\"created\":[0-9]*,\"diff\":\"sha256:$(sha <./diff)\"" plan.json ||
    die "diff is not the one that the plan names"
  echo "ok: the diff is the one that the plan names"
fi

# The approver list is the one that the plan names, and was in force when the plan was made.
list=sha256:$(sha <allowed_signers)
contains plan.json "\"policy\":{\"approvers\":\"$list\"" ||
  die "allowed_signers is not the list that the plan names"
# The digest of the list in force at an entry.
list_at() {
  newest=-1
  named=
  for leaf in proofs/*.leaf; do
    case $(member type "$leaf") in genesis | policy) ;; *) continue ;; esac
    seq=$(member seq "$leaf")
    if [ "$seq" -lt "$1" ] && [ "$seq" -gt "$newest" ]; then
      newest=$seq
      named=$(member allowed_signers "$leaf")
    fi
  done
  echo "$named"
}
[ "$(list_at "$(member seq "$plan_entry")")" = "$list" ] ||
  die "the approver list was not in force when the plan was made"
echo "ok: the approver list is the one that the plan and the log name"

# The approvals: what the person signed, at the time of its entry, is what the log holds.
from=$(sed 's/.*"policy":{[^{}]*"from":\[\([^]]*\)\].*/\1/' plan.json)
approvals=
rejected=
people=
keys=
glass=
may_break=$(sed -n 's/.*"policy":{[^{}]*"break_glass":\[\([^]]*\)\].*/\1/p' plan.json)
channels=$(sed -n 's/.*"policy":{[^{}]*"channels":\[\([^]]*\)\].*/\1/p' plan.json)
[ -n "$channels" ] || channels='"signature"'
for statement in approval-*.json; do
  [ -e "$statement" ] || continue
  index=${statement#approval-}
  index=${index%.json}
  leaf=proofs/$index.leaf
  [ -f "$leaf" ] || die "$statement does not stand in the log"
  [ "$(member type "$leaf")" = approval ] || die "entry $index is no approval"
  person=$(member approver "$statement")
  [ "$(member plan "$statement")" = "$plan" ] || die "$statement is for another plan"
  [ "$(member person "$leaf")" = "$person" ] || die "$statement is by another person"
  contains "$leaf" "\"statement\":\"$(quoted "$statement")\"" ||
    die "$statement is not what the log holds"
  channel=$(member channel "$leaf")
  if [ "$channel" = signature ]; then
    [ "$(member type "$statement")" = approval ] || die "$statement is no approval"
    when=$(date -u -d "@$(member time "$leaf")" +%Y%m%d%H%M%SZ)
    good=$(ssh-keygen -Y verify -f allowed_signers -I "$person" -n assent.approval.v1 \
      "-Overify-time=$when" -s "$statement.sig" <"$statement") ||
      die "the signature of $person does not hold"
    key=${good##* }
    [ "$(member fingerprint "$leaf")" = "$key" ] || die "entry $index names another key than $key"
    how="signed by $person"
  else
    [ "$(member type "$statement")" = attestation ] || die "$statement is no attestation"
    [ "$(member channel "$statement")" = "$channel" ] || die "$statement is of another channel"
    ssh-keygen -Y verify -f "$tmp/agent" -I agent -n assent.attestation.v1 \
      -s "$statement.sig" <"$statement" >/dev/null ||
      die "what the agent attests about $person does not hold"
    [ "$(member evidence "$statement")" = "sha256:$(sha <"evidence-$index.json")" ] ||
      die "evidence-$index.json is not the one that $statement names"
    key=
    how="attested by the agent, channel $channel"
  fi
  case ",$channels,:$(member decision "$statement")" in
  *",\"$channel\","* | *:break-glass) ;;
  *) die "the plan takes no decisions by channel $channel" ;;
  esac
  decision=$(member decision "$statement")
  echo "ok: $person said $decision (entry $index, $how)"
  if [ "$decision" = break-glass ]; then
    [ "$channel" = signature ] || die "the glass was broken without a signature"
    case ",$may_break," in
    *",\"$person\","*) glass="$glass $index" ;;
    *) die "$person may not break the glass" ;;
    esac
    continue
  fi
  if [ "$decision" != approve ]; then
    rejected=$person
    continue
  fi
  case ,$from, in
  *",\"$person\","*) ;;
  *) die "$person is not among those who may approve this plan" ;;
  esac
  case " $people " in
  *" $person "*) die "$person counts twice" ;;
  esac
  case " $keys " in
  *" ${key:-none} "*) die "the key $key counts twice" ;;
  esac
  people="$people $person"
  keys="$keys $key"
  approvals="$approvals $index"
done
for leaf in proofs/*.leaf; do
  [ "$(member type "$leaf") $(member plan "$leaf")" = "approval $plan" ] || continue
  index=$(member seq "$leaf")
  [ -f "approval-$index.json" ] || die "approval-$index.json is missing, entry $index is there"
done

# Nothing was applied without them.
quiet=$(sed -n 's/.*"policy":{[^{}]*"quiet":\([0-9]*\),"required":.*/\1/p' plan.json)
created=$(sed -n 's/.*"commits_total":[0-9]*,"created":\([0-9]*\),"diff":.*/\1/p' plan.json)
required=$(sed -n 's/.*"policy":{[^{}]*"required":\([0-9]*\)[},].*/\1/p' plan.json)
for number in "$created" "$required" "${quiet:-0}"; do
  case $number in
    '' | *[!0-9]*) die "plan.json does not say when it was made and what it requires" ;;
  esac
done
started=
# Did an apply of the plan halt before this entry?
halted_before() {
  for ended in proofs/*.leaf; do
    if [ "$(member type "$ended") $(member plan "$ended")" = "apply-done $plan" ] &&
      [ "$(member halted "$ended")" = true ] && [ "$(member seq "$ended")" -lt "$1" ]; then
      return 0
    fi
  done
  return 1
}
for leaf in proofs/*.leaf; do
  [ "$(member type "$leaf")" = apply-start ] || continue
  [ "$(member plan "$leaf")" = "$plan" ] || die "$leaf applies another plan"
  mode=$(member mode "$leaf")
  if [ -n "$mode" ]; then
    halted_before "$(member seq "$leaf")" || die "$leaf goes back to an apply that had not halted"
    echo "ok: $mode, asked for by $(member person "$leaf") (entry $(member seq "$leaf"))"
  fi
  if [ "$mode" = undo ]; then
    continue # which needs nobody's approval
  fi
  [ "$(member time "$leaf")" -le "$(member expires "$plan_entry")" ] ||
    die "applied after it had expired"
  if [ -z "$mode" ]; then
    [ -z "$started" ] || die "$leaf applies the plan a second time"
    started=$(member seq "$leaf")
  fi
  [ -z "$rejected" ] || die "applied although $rejected had rejected it"
  [ "$(list_at "$(member seq "$leaf")")" = "$list" ] || die "applied under another approver list"
  count=0
  counted=
  broken=
  for index in $(sed 's/.*"approvals":\[\([0-9,]*\)\].*/\1/' "$leaf" | tr , ' '); do
    case " $counted " in
    *" $index "*) die "applied on entry $index twice" ;;
    esac
    counted="$counted $index"
    case " $approvals : $glass " in
    *" $index "*:*) count=$((count + 1)) ;;
    *:*" $index "*) broken=$index ;;
    *) die "applied on entry $index, which is no approval" ;;
    esac
    [ "$index" -lt "$(member seq "$leaf")" ] || die "approved after it was applied"
  done
  if [ -n "$broken" ]; then
    echo "ok: by break-glass (entry $broken), whoever else had decided"
  elif [ "$count" -lt "$required" ]; then
    if [ -z "$quiet" ] || [ "$(member time "$leaf")" -lt $((created + quiet)) ]; then
      die "applied with $count of $required approvals"
    fi
    echo "ok: nobody rejected the plan for $quiet seconds, which its policy takes for approval"
  fi
  echo "ok: applied with $count of $required approvals (entry $(member seq "$leaf"))"
done
for leaf in proofs/*.leaf; do
  steps=$(member steps "$leaf")
  if [ "$(member type "$leaf")" = apply-done ] && [ -n "$steps" ]; then
    index=$(member seq "$leaf")
    [ "$steps" = "sha256:$(sha <"steps-$index.json")" ] ||
      die "steps-$index.json is not what $leaf names"
    echo "ok: steps-$index.json is what became of the changes"
  fi
done
# What is put back without asking anybody was approved with these plans, whose own folders are here.
restores=$(sed -n 's/.*,"restores":\["\([^]]*\)"\],.*/\1/p' plan.json | sed 's/","/ /g')
stack=$(member stack "$plan_entry")
stack_of() { # FOLDER PLAN
  for leaf in "$1"/proofs/*.leaf; do
    if [ "$(member type "$leaf") $(member plan "$leaf")" = "plan $2" ]; then
      member stack "$leaf"
    fi
  done
}
# Was the plan of this folder applied before ours was, or had been by now?
applied_before() {
  for leaf in "$1"/proofs/*.leaf; do
    if [ "$(member type "$leaf")" = apply-start ] && [ -z "$(member mode "$leaf")" ] &&
      [ "$(member seq "$leaf")" -lt "${started:-$size}" ]; then
      return 0
    fi
  done
  return 1
}
for other in $restores; do
  folder=restores/${other#sha256:}
  [ -f "$folder/plan.json" ] || die "it puts back what plan $other had approved: $folder is missing"
  [ "sha256:$(sha <"$folder/plan.json")" = "$other" ] || die "$folder is of another plan"
  cmp -s "$folder/checkpoint" checkpoint || die "$folder is of another checkpoint"
  if contains "$folder/plan.json" ',"restores":['; then
    die "plan $other restores itself"
  fi
  sh "$self" "$vkey" "$folder" >"$tmp/other" || die "of plan $other, which it puts back"
  [ "$(stack_of "$folder" "$other")" = "$stack" ] || die "plan $other is of another stack"
  applied_before "$folder" || die "plan $other was not applied before it was put back"
  sed '/^VERIFIED$/d; s/^ok: /ok: restores: /' "$tmp/other"
  echo "ok: plan $other, which it puts back, was approved and applied before"
done
if [ $# -eq 0 ]; then
  echo "The log's key was taken from this folder: $vkey"
fi
echo "VERIFIED"
