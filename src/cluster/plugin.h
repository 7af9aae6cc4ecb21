/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * A program that gives credentials (client.authentication.k8s.io). Only one that
 * kube_config_load() took from the caller's list is run: without a shell, without
 * a terminal, for a bounded time, and what it prints is bounded and wiped.
 */
#include <glib.h>
#include <stdbool.h>

#include "base/seal.h"
#include "kube/config.h"

struct plugin_result {
	struct seal_bytes *token;      /* NULL: none */
	struct seal_bytes *cert, *key; /* PEM; both or none */
	int64_t ends;		       /* POSIX seconds; 0: not said */
};
void plugin_result_free(struct plugin_result *result);
typedef struct plugin_result plugin_result_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(plugin_result_auto, plugin_result_free)

bool plugin_run(const struct kube_config *config, struct plugin_result **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
