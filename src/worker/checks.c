/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Does what was applied work? */
#include "worker/checks.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/http.h"
#include "worker/probe.h"
#include "worker/target/exec.h"

#define ASK_MS 200
#define LEAST_MS 1000 /* for the only try of a check without time */

/* One check under way. */
struct watch {
	struct probe probe;
	probe_fn run;
	const struct checks_hooks *hooks;
	char *name; /* "check http http://..." */
	int64_t start, end, interval;
	int64_t wanted, row, tries;
};

static int64_t now_ms(void)
{
	return g_get_monotonic_time() / 1000;
}

static char *name_of(const struct plan_check *check)
{
	g_autofree char *shown = strcmp(check->kind, "http") == 0 ? http_url_display(check->target)
								  : g_strdup(check->target);

	return g_strdup_printf("check %s %s", check->kind, shown);
}

bool checks_known(const struct plan *plan, GError **error)
{
	for (size_t i = 0; i < plan->checks_count; i++) {
		const struct plan_check *check = &plan->checks[i];
		g_autofree char *name = name_of(check);

		if (probe_find(check->kind) == NULL) {
			return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
				    "%s: this version knows no checks of that kind", name);
		}
		if (check->exec != NULL && !exec_check(check->exec, error)) {
			return fail_prefix(error, "%s", name);
		}
	}
	return true;
}

static void tell(const struct watch *w)
{
	if (w->hooks->progress != NULL) {
		w->hooks->progress(w->name, (size_t)w->row, (size_t)w->wanted, w->hooks->user);
	}
}

static bool try_once(struct watch *w, GError **error)
{
	int64_t before = w->row;
	int64_t least = w->end == w->start ? LEAST_MS : 1;
	bool ok;

	w->probe.left_ms = MAX(w->end - now_ms(), least);
	ok = w->run(&w->probe, error);
	w->tries++;
	w->row = ok ? w->row + 1 : 0;
	if (w->row != before || w->tries == 1) {
		tell(w);
	}
	return ok;
}

/* True when the time for another try has come. */
static bool wait_for_next(const struct watch *w)
{
	int64_t next = now_ms() + w->interval;
	int64_t left = w->interval;

	if (next >= w->end) {
		return false;
	}
	for (; left > 0 && !w->hooks->stopped(w->hooks->user); left = next - now_ms()) {
		g_usleep((gulong)MIN(left, ASK_MS) * 1000);
	}
	return !w->hooks->stopped(w->hooks->user);
}

static bool give_up(const struct watch *w, const GError *last, GError **error)
{
	int64_t seconds = (now_ms() - w->start + 999) / 1000;
	g_autofree char *row = w->wanted > 1 ? g_strdup_printf(", %" PRId64 " successes in a row "
							       "are wanted",
							       w->wanted)
					     : g_strdup("");
	g_autofree char *came = last != NULL ? g_strdup(last->message)
					     : g_strdup_printf("%" PRId64 " in a row", w->row);

	return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
		    "%s failed%s: %" PRId64 " %s in %" PRId64 " of %" PRId64
		    " seconds%s; the last: %s",
		    w->name, w->hooks->stopped(w->hooks->user) ? ", for we are asked to stop" : "",
		    w->tries, w->tries == 1 ? "try" : "tries", seconds, w->probe.check->within, row,
		    came);
}

static bool run_one(struct watch *w, GError **error)
{
	for (;;) {
		g_autoptr(GError) problem = NULL;

		if (try_once(w, &problem) && w->row >= w->wanted) {
			return true;
		}
		if (!wait_for_next(w)) {
			return give_up(w, problem, error);
		}
	}
}

bool checks_run(const struct plan *plan, const struct checks_hooks *hooks, GError **error)
{
	g_autoptr(host_auto) host = host_new();
	bool ok = checks_known(plan, error);

	for (size_t i = 0; ok && i < plan->checks_count; i++) {
		const struct plan_check *check = &plan->checks[i];
		struct watch w = {
			.probe = {check, host, 0, hooks->stopped, hooks->user},
			.run = probe_find(check->kind),
			.hooks = hooks,
			.name = name_of(check),
			.start = now_ms(),
			.interval = MAX(check->interval, 1) * 1000,
			.wanted = MAX(check->successes, 1),
		};

		w.end = w.start + check->within * 1000;
		ok = run_one(&w, error);
		g_free(w.name);
	}
	return ok;
}
