/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * A plan's checks, after its changes are in place: `http` wants an answer of
 * 200 to 299, `tcp` a connection, tried once a second until `within` is over.
 */
#include <glib.h>
#include <stdbool.h>

#include "core/plan.h"

/* stopped: asked between two tries. */
bool checks_run(const struct plan *plan, bool (*stopped)(void *user), void *user, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
