/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The last question before something that matters, on a terminal.
 */
#include <glib.h>
#include <stdbool.h>

/* True after a yes. question ends in "[y/N] "; hint: what to do without a terminal; declined: what
 * did not happen after any other answer. */
bool confirm_ask(const char *question, const char *hint, const char *declined, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
