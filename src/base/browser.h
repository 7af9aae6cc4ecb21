/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Opens a page of the agent in the user's browser, without the address in any
 * program's arguments, which everybody on the host can read: whoever has a link
 * that signs in is that person.
 */
#include <glib.h>
#include <stdbool.h>

/* Does not wait. token: of the press that asks for it (XDG_ACTIVATION_TOKEN), so that the browser
 * may come to the front; NULL: none. BASE_ERROR_NOT_FOUND without xdg-open. */
bool browser_open(const char *url, const char *token, GError **error) G_GNUC_WARN_UNUSED_RESULT;
