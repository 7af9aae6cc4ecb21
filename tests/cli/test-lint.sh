#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# assent lint: what is said about a manifest, in which form, with which exit code.
. "${srcdir:-.}/tests/cli/libtest.sh" || exit 1

mkdir "$tmp/good" "$tmp/good/www" "$tmp/bad" "$tmp/empty"
echo hello >"$tmp/good/www/index.html"
# shellcheck disable=SC2016
echo 'port ${port}' >"$tmp/good/app.conf"
cat >"$tmp/good/assent.yaml" <<'END'
vars: {port: 80}
include: [{file: db.yaml, hosts: role=db}]
resources:
  - {file: ~/app.conf, source: app.conf, template: true, mode: "0666"}
  - {tree: ~/www, source: www, hosts: role=web}
  - {directory: ~/www, hosts: role=db}
END
echo 'resources: [{directory: ~/data}]' >"$tmp/good/db.yaml"
printf 'include: more.yaml\nresources:\n  - {file: x, mode: 0640}\n  - {pakage: nginx}\n' \
  >"$tmp/bad/assent.yaml"
printf 'resources:\n  - {link: "/a\\e[2Jb", to: x}\n' >"$tmp/bad/more.yaml"

exits 0 'a good manifest is clean for all hosts' assent lint "$tmp/good"
says 'a wide mode is warned of' out 'can be written by everybody: mode 0666'
says 'the resources are counted' err '4 resources, no problem found'
exits 0 'a manifest may be named itself' assent lint "$tmp/good/assent.yaml"
exits 0 'one host is checked' assent lint --agent web1 --label role=web "$tmp/good"
says 'only what is meant for it counts' err '2 resources'
exits 0 'another host takes the included file' assent lint --agent db1 --label role=db "$tmp/good"
says 'and has more' err '3 resources'

exits 1 'a bad manifest is refused' assent lint "$tmp/bad"
says 'a path is refused with its place' out \
  "$tmp/bad/assent.yaml:3:12: the path must begin with '/' or '~/': 'x'"
says 'an unquoted mode too' out "$tmp/bad/assent.yaml:3:21: 'mode' must be quoted"
says 'and a misspelt kind' out "$tmp/bad/assent.yaml:4:6: unknown kind 'pakage'"
says 'and what is included' out "$tmp/bad/more.yaml:2:12: the path has a control character"
lacks 'nothing of it reaches the terminal raw' out "$(printf '\033')"
says 'the problems are counted' err '5 problems found'
cd "$tmp/bad" || exit 1
exits 1 'without operand it is this folder' assent lint
says 'and places are relative to it' out 'assent.yaml:3:12:'
lacks 'without a prefix' out './assent.yaml'

exits 1 'with --json too' assent lint --json "$tmp/bad"
says 'it is one document' out '{"schema_version":1,"ok":false,"diagnostics":[{"file":"'
says 'with places' out '"line":3,"column":21,"message":"'
ok 'and nothing else is said' test ! -s "$tmp/err"
exits 0 'a good manifest in JSON' assent lint --json "$tmp/good"
says 'says so' out '"ok":true,"diagnostics":[],"warnings":["file:'

mkdir "$tmp/acts"
cat >"$tmp/acts/assent.yaml" <<'END'
resources:
  - {package: [app, curl], version: "1"}
  - {user: app}
  - {command: x, run: [x]}
  - {file: /etc/x, content: a, after: service:app, notify: [service:app, package:curl]}
  - {service: app, state: running}
END
exits 1 'faults of packages, services and commands are told' assent lint "$tmp/acts"
says 'a version of a list' out "acts/assent.yaml:2:37: 'version' belongs to one package"
says 'what is no kind, and what to write' out "acts/assent.yaml:3:6: 'user' is no kind yet: write"
says 'a command without guard' out "acts/assent.yaml:4:5: a command needs 'unless'"
says 'a circle, whole' out 'next: file:/etc/x -> service:app.service -> file:/etc/x; what notif'
says 'what cannot be notified' out "'package:curl' cannot be notified"
cat >"$tmp/acts/assent.yaml" <<'END'
resources:
  - {package: [app, curl], hosts: role=web}
  - {package: app, state: absent, hosts: role=db}
  - {service: app, state: running}
  - {command: x, run: [x], when: notified}
END
exits 0 'good ones are not' assent lint "$tmp/acts"
says 'each of a list counts' err '5 resources, no problem found'
says 'what never happens is told' out 'warning: command:x is never run'

mkdir "$tmp/large"
head -c 1100000 /dev/zero | tr '\0' x >"$tmp/large/big"
echo 'resources: [{file: ~/x, source: big, template: true}]' >"$tmp/large/assent.yaml"
exits 1 'a template that is too large' assent lint "$tmp/large"
says 'is told with its place and name' out "assent.yaml:1:33: 'big' is larger than 1048576 bytes"
printf 'resources:\n  - {directory: "~/\377"}\n' >"$tmp/large/assent.yaml"
exits 1 'a manifest that is not UTF-8' assent lint "$tmp/large"
says 'is told where' out 'assent.yaml:2:20: not YAML: '

exits 1 'a folder without manifest is refused' assent lint "$tmp/empty"
says 'the file is named' out "no such file in the repository"
exits 2 'a folder that is not there is a wrong use' assent lint "$tmp/nope"
exits 2 'a label without agent too' assent lint --label a=b "$tmp/good"
exits 2 'and what is no label' assent lint --agent a --label ab "$tmp/good"
exits 2 'and a home that is no path' assent lint --home here "$tmp/good"
exits 2 'and two folders' assent lint "$tmp/good" "$tmp/bad"

exits 0 'the schema is printed' assent lint --schema
ok 'it is the one that is installed' diff <(tr -d ' \n' <"$tmp/out") \
  <(tr -d ' \n' <"$srcdir/doc/manifest.schema.json")
finish
