#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The real helm and kustomize, shut in: they make what they make outside, from charts and overlays
# of ours, and find neither network nor anything of this host.
: "${srcdir:=.}"
# By the user's home, which libtest.sh replaces.
tools=${ASSENT_KUBE_BIN-$("$srcdir/tests/kubernetes/build" --path)}
. "$srcdir/tests/cli/libtest.sh" || exit 1
for tool in helm kustomize; do
  [ -x "$tools/$tool" ] || skip_all "there is no $tool: run tests/kubernetes/build"
done
need python3
bin=$tmp/bin repo=$tmp/repo outside=$tmp/outside
chmod 755 "$tmp"
mkdir -p "$bin" "$tmp/tmp" "$outside"
cp "$tools/helm" "$tools/kustomize" "$bin"
chmod 755 "$bin" "$bin"/*

put() { # FILE, its text from standard input
  mkdir -p "$(dirname "$repo/$1")"
  cat >"$repo/$1"
}
put chart/Chart.yaml <<'END'
apiVersion: v2
name: shop
version: 1.2.3
appVersion: "4.5"
dependencies:
  - {name: cache, version: 0.1.0, condition: cache.enabled}
END
put chart/values.yaml <<'END'
replicas: 2
image: {name: registry.example/shop, tag: "4.5"}
motd: "hello"
cache: {enabled: true, size: 64}
END
put chart/templates/_names.tpl <<'END'
{{- define "shop.labels" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}
END
put chart/templates/deployment.yaml <<'END'
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}-web
  labels: {{- include "shop.labels" . | nindent 4 }}
spec:
  replicas: {{ .Values.replicas }}
  selector:
    matchLabels: {{- include "shop.labels" . | nindent 6 }}
  template:
    metadata:
      labels: {{- include "shop.labels" . | nindent 8 }}
      annotations:
        config: {{ include (print $.Template.BasePath "/config.yaml") . | sha256sum }}
    spec:
      containers:
        - name: web
          image: "{{ .Values.image.name }}:{{ .Values.image.tag }}"
END
put chart/templates/config.yaml <<'END'
{{- $old := lookup "v1" "ConfigMap" .Release.Namespace "settings" -}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  motd: {{ .Values.motd | quote }}
  known: {{ empty $old | ternary "no" "yes" | quote }}
  file: {{ .Files.Get "files/motd.txt" | quote }}
  home: {{ .Capabilities.KubeVersion.Version | quote }}
END
printf 'from a file\n' | put chart/files/motd.txt
put chart/charts/cache/Chart.yaml <<'END'
apiVersion: v2
name: cache
version: 0.1.0
END
printf 'size: 8\n' | put chart/charts/cache/values.yaml
put chart/charts/cache/templates/cache.yaml <<'END'
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-cache}
data: {size: {{ .Values.size | quote }}}
END
printf 'replicas: 5\nmotd: "production"\n' | put prod.yaml
put base/kustomization.yaml <<'END'
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [deployment.yaml]
configMapGenerator:
  - {name: settings, files: [motd.txt], literals: [colour=blue]}
END
put base/deployment.yaml <<'END'
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - {name: web, image: registry.example/shop, envFrom: [{configMapRef: {name: settings}}]}
END
printf 'hello\n' | put base/motd.txt
put overlays/prod/kustomization.yaml <<'END'
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: shop
namePrefix: prod-
resources: [../../base]
images: [{name: registry.example/shop, newTag: "4.5"}]
patches:
  - target: {kind: Deployment, name: web}
    patch: |
      - {op: add, path: /spec/replicas, value: 5}
END
put remote/kustomization.yaml <<'END'
resources: ["https://192.0.2.1/manifests/deployment.yaml"]
END
put outward/kustomization.yaml <<'END'
configMapGenerator: [{name: stolen, files: [/etc/passwd]}]
END
put broken/Chart.yaml <<'END'
apiVersion: v2
name: broken
version: 0.0.1
END
printf 'a: {{ required "a name is needed" .Values.name }}\n' | put broken/templates/x.yaml
put needs/Chart.yaml <<'END'
apiVersion: v2
name: needs
version: 0.0.1
dependencies: [{name: far, version: 1.0.0, repository: "https://192.0.2.1/charts"}]
END
printf 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n' | put needs/templates/x.yaml
chmod -R a+rX "$repo"

render() { # FOLDER PROGRAM ARG...
  local folder=$1
  shift
  TMPDIR=$tmp/tmp "$builddir/render-driver" "$kind" --facts "$repo" '' "$folder" "$@"
}
# The same by hand, with a home of its own.
outside() { # FOLDER PROGRAM ARG...
  (cd "$repo/$1" && shift && HOME=$outside "$@") >"$tmp/by-hand" 2>"$tmp/by-hand.err" ||
    { cat "$tmp/by-hand.err"; return 1; }
}

for kind in --bwrap --own; do
  if ! render chart "$bin/helm" version >"$tmp/probe" 2>&1 &&
    grep -q '^sandbox: ' "$tmp/probe"; then
    ok "$kind # SKIP $(tr -d '#' <"$tmp/probe" | head -c 200)" true
    continue
  fi
  exits 0 "$kind: helm renders a chart" render chart "$bin/helm" template shop .
  says "$kind: its template" out 'image: "registry.example/shop:4.5"'
  says "$kind: and that of a chart inside" out 'name: shop-cache'
  says "$kind: a cluster is not asked" out 'known: "no"'
  outside chart "$bin/helm" template shop .
  ok "$kind: as it does outside" cmp "$tmp/out" "$tmp/by-hand"
  cp "$tmp/err" "$tmp/facts"
  exits 0 "$kind: and again" render chart "$bin/helm" template shop .
  ok "$kind: with the same digests" cmp "$tmp/err" "$tmp/facts"
  says "$kind: of the program, too" err "$(sha256sum "$bin/helm" | cut -d ' ' -f 1)"
  exits 0 "$kind: with values of the repository" render chart "$bin/helm" template shop . \
    --namespace shop --values=/input/prod.yaml
  says "$kind: they count" out 'motd: "production"'
  exits 1 "$kind: a chart that lacks a value" render broken "$bin/helm" template shop .
  says "$kind: is told by helm" err 'a name is needed'
  exits 1 "$kind: one that lacks a chart from elsewhere" render needs "$bin/helm" template shop .
  says "$kind: is, too" err 'missing in charts/ directory: far'
  exits 1 "$kind: nothing is fetched" render needs "$bin/helm" template shop far \
    --repo https://192.0.2.1/charts
  says "$kind: for there is no network" err 'network is unreachable'

  exits 0 "$kind: kustomize builds an overlay" render overlays/prod "$bin/kustomize" build .
  says "$kind: of a base beside it" out 'image: registry.example/shop:4.5'
  says "$kind: with its patch" out 'replicas: 5'
  outside overlays/prod "$bin/kustomize" build .
  ok "$kind: as it does outside" cmp "$tmp/out" "$tmp/by-hand"
  exits 1 "$kind: a base from the network" render remote "$bin/kustomize" build .
  says "$kind: is refused" err 'network is unreachable'
  exits 1 "$kind: a file of this host" render outward "$bin/kustomize" build \
    --load-restrictor LoadRestrictionsNone .
  says "$kind: is not there" err 'no such file or directory'
done
ok 'no folder is left' test -z "$(ls -A "$tmp/tmp")"
finish
