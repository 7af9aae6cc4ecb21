#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The configuration is judged as a whole, with the places of all its mistakes.
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1

conf="$HOME/assentd.yaml"
export ASSENT_CONFIG="$conf"
exits 1 'no configuration is told' assent config check
says 'with what to do' err 'assent init'
exits 0 'a sample is printed' assent config sample
cp "$tmp/out" "$conf"
chmod 600 "$conf"
exits 0 'the sample is good' assent config check
says 'and said to be' out 'is good'
exits 0 'a schema is printed' assent config schema
ok 'and is JSON' grep -q '^{' "$tmp/out"

printf 'agent: web1\nfrob: 1\nstacks:\n  web:\n    sorce: {}\n' >"$conf"
exits 1 'mistakes are a difference' assent config check
says 'the first is placed' out "$conf:2:1:"
says 'the second too' out "$conf:5:"
exits 1 'the same as JSON' assent config check --json
ok 'with lines' grep -q '"line":2' "$tmp/out"
ok 'and not good' grep -q '"ok":false' "$tmp/out"
printf 'stacks: {web: {source: {path: web/}}}\n' >"$conf"
exits 1 'a folder that ends in a slash' assent config check
says 'is told to be without' out 'like hosts/web1, without .. and without / at its ends'
printf 'agent: "\\e[31m"\n' >"$conf"
exits 1 'an escape sequence in the file' assent config check
lacks 'does not reach the screen' out $'\033'
chmod 666 "$conf"
exits 1 'a file that others may write is refused' assent config check
exits 1 '--config beats the variable' assent config check --config "$tmp/other.yaml"
says 'and is named' err "$tmp/other.yaml"
# Defaults would lead to another agent than the one that was meant.
exits 1 'a configuration that is not there names no agent' \
  assent status --config "$tmp/other.yaml"
says 'and is named, too' err "there is no configuration '$tmp/other.yaml'"
exits 1 'nor does one below a file' assent status --config "$conf/other.yaml"
exits 3 'an agent needs none that nobody named' \
  env ASSENT_CONFIG="$tmp/other.yaml" assent status --socket "$tmp/none"
finish
