#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What the pages show of configurations and manifests is understood by the programs.
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1
command -v ssh-keygen >/dev/null || skip_all 'no ssh-keygen'
command -v python3 >/dev/null || skip_all 'no python3'

for person in alice bob carol dora eve; do
  ssh-keygen -q -t ed25519 -N '' -C $person -f "$tmp/$person"
  printf '%s namespaces="assent.approval.v1" %s\n' $person "$(cut -d' ' -f1,2 "$tmp/$person.pub")"
done >"$tmp/allowed_signers"

take() { # FOLDER PAGE...
  python3 "$srcdir/tests/cli/samples.py" "$tmp/$1" "${@:2}"
  mkdir -p "$tmp/$1/whole" "$tmp/$1/part" "$tmp/$1/manifest"
  cp "$tmp/allowed_signers" "$tmp/$1/whole"
  cp "$tmp/allowed_signers" "$tmp/$1/part"
}

# What a part need not show, and the files that stand beside a manifest.
unshown="'source' is missing|people must approve, but only 0 can|a hook needs the section 'http'"
beside="no such (file|folder) in the repository|cannot read '[^']*': No such file or directory"

judge() { # FILE: true, or what is wrong with it in $tmp/wrong
  case $1 in
    */whole/*) assent config check --config "$1" >"$tmp/wrong" 2>&1 ;;
    */part/*)
      assent config check --config "$1" >"$tmp/all" 2>&1 ||
        ! grep -vE -e "$unshown" "$tmp/all" >"$tmp/wrong"
      ;;
    *)
      assent lint "$(dirname "$1")" >"$tmp/all" 2>&1 ||
        ! grep -vE -e "$beside" -e '^[0-9]+ problems? found$' "$tmp/all" >"$tmp/wrong"
      ;;
  esac
}

take pages "$srcdir/README.md" "$srcdir"/doc/*.md "$srcdir"/doc/*.yaml.5
find "$tmp/pages" -name '*.yaml' | sort >"$tmp/list"
while read -r file <&3; do
  : >"$tmp/wrong"
  if judge "$file"; then
    ok "${file#"$tmp/pages/"}" true
  else
    ok "${file#"$tmp/pages/"}" false
    sed 's/^/# /' "$tmp/wrong"
  fi
done 3<"$tmp/list"
for sample in whole/README.md whole/config.md manifest/README.md manifest/manifest.md \
  manifest/assent.yaml.5 part/config.md part/desktop.md part/verify.md; do
  ok "there is one in ${sample#*/}" grep -q "/$sample-" "$tmp/list"
done

# Would this find a key that was renamed?
sed -e 's/branch: main/brunch: main/' -e 's/prune: true/prun: true/' "$srcdir/README.md" \
  >"$tmp/README.md"
sed 's/verify: /verifies: /' "$srcdir/doc/verify.md" >"$tmp/verify.md"
take bad "$tmp/README.md" "$tmp/verify.md"
for file in "$tmp"/bad/*/*.yaml "$tmp"/bad/*/*/*.yaml; do
  if judge "$file"; then
    ok "a wrong ${file#"$tmp/bad/"} is found" false
  else
    ok "a wrong ${file#"$tmp/bad/"} is found" grep -qE "unknown key|is none of" "$tmp/wrong"
  fi
done
finish
