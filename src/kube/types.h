/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Types that people get wrong in manifests, found before a server is asked.
 *
 * A server does not turn 5 into "5": it answers 500 with a path and no line. So what is a text,
 * a whole number or true or false in Kubernetes' own kinds, wherever such slips are common, is
 * judged here. Nothing is quoted or converted: what was meant is for the author to say. Kinds and
 * fields that are not known here are the server's.
 */
#include "base/yaml.h"
#include "kube/id.h"

/* False with diagnostics; file is for them. */
bool kube_types_check(const struct kube_value *object, const struct kube_id *id, const char *file,
		      struct diag_list *diags);
/* The pod template's map (with metadata and spec) of a workload; NULL when it has none. */
struct kube_value *kube_types_template(const struct kube_value *object, const struct kube_id *id);
