/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the commands that steer a stack have in common. */
#include "cli/steer.h"

#include <glib/gi18n.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "cli/say.h"

char *steer_body(struct json_writer *w, GError **error)
{
	autocfree char *text = NULL;
	struct assent_error core;
	size_t len;

	json_w_end(w);
	if (json_writer_finish(w, &text, &len, &core) != 0) {
		fail_core(error, &core, "request");
		return NULL;
	}
	return g_strdup(text);
}

bool steer_has_reason(const char *reason, GError **error)
{
	return reason != NULL || problem(error, EXIT_USAGE, "usage", _("say why, with --reason"),
					 _("it is done for a reason only"));
}

bool steer_say(struct cli *cli, const struct api_stack *stack, GError **error)
{
	struct json_writer *w;

	if (!out_is_json(cli->out)) {
		say_stack(cli->out, stack, g_get_real_time() / G_USEC_PER_SEC);
		return true;
	}
	w = out_json_begin(cli->out);
	say_stack_json(w, stack);
	return out_json_end(cli->out, w, error);
}
