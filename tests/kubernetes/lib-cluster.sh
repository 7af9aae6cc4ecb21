# shellcheck shell=sh
# SPDX-License-Identifier: GPL-3.0-or-later
# An agent of one's own and API servers for it, with lib-git.sh, lib-agent.sh and lib-kube.sh:
#
#	. "$srcdir/tests/kubernetes/lib-cluster.sh"
#	cluster_begin [NAME...]        # agent_begin, then kube_begin; or all is skipped
#	cluster_conf LINE...           # after the stacks: the clusters of the configuration
#	cluster_map NAME VALUE [NAMESPACE]         # manifest of a ConfigMap
#	cluster_web IMAGE [REPLICAS [NAMESPACE]]   # of a Deployment "web"
#
. "${srcdir:-.}/tests/system/lib-git.sh"
. "${srcdir:-.}/tests/system/lib-agent.sh"
. "${srcdir:-.}/tests/kubernetes/lib-kube.sh"

cluster_begin() { # [NAME...]
  git_need git curl ssh-keygen python3 || tap_skip_all "$REASON"
  kube_need || tap_skip_all "$REASON"
  agent_begin
  kube_begin "$@" || exit 1
}

cluster_conf() { # LINE...
  printf 'kubernetes:\n  clusters:\n' >>"$CONF"
  printf '    %s\n' "$@" >>"$CONF"
}

cluster_map() { # NAME VALUE [NAMESPACE]
  printf -- '---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s%s}\ndata: {value: "%s"}\n' \
    "$1" "${3:+, namespace: $3}" "$2"
}

cluster_web() { # IMAGE [REPLICAS [NAMESPACE]]
  cat <<-Y
	---
	apiVersion: apps/v1
	kind: Deployment
	metadata: {name: web${3:+, namespace: $3}}
	spec:
	  replicas: ${2:-1}
	  selector: {matchLabels: {app: web}}
	  template:
	    metadata: {labels: {app: web}}
	    spec: {containers: [{name: web, image: "$1"}]}
	Y
}
