/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Drives the back end of a package manager, without plan and transaction.
 *
 *	package-driver MANAGER list                 NAME ARCH VERSION [held] [problem]
 *	package-driver MANAGER available NAME...    NAME VERSION...
 *	package-driver MANAGER simulate WANT...     what would change, a line each
 *	package-driver MANAGER transact CHANGE...   exactly that; says "said: ..."
 *	package-driver MANAGER fetch CHANGE...
 *	package-driver MANAGER hold|unhold NAME...
 *	package-driver MANAGER repair
 *	package-driver MANAGER compare A B ...      -1, 0 or 1 of each two versions, a line each
 *
 * A WANT is NAME, NAME=VERSION or -NAME; "held" among them: what is held may change. A CHANGE is
 * NAME,ARCH,FROM,TO[,i|,h][,sha256:...], FROM or TO empty. $LOCK_WAIT: seconds. An error begins
 * with its kind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "worker/target/package.h"

static const char *const codes[] = {"failed", "refused", "stopped", "busy"};

static int complain(const GError *error)
{
	const char *code = error->domain == PACKAGE_ERROR ? codes[error->code] : "other";

	fprintf(stderr, "%s: %s\n", code, error->message);
	return 1;
}

static const char *or_dash(const char *text)
{
	return text != NULL ? text : "-";
}

static int do_list(const struct package_ops *ops, const struct package_run *run)
{
	g_autoptr(package_list_auto) list = NULL;
	g_autoptr(GError) error = NULL;

	if (!ops->list(run, &list, &error)) {
		return complain(error);
	}
	for (guint i = 0; i < list->items->len; i++) {
		const struct package *p = list->items->pdata[i];

		printf("%s %s %s%s%s%s%s\n", p->name, p->arch, p->version, p->held ? " held" : "",
		       p->problem != NULL ? " (" : "", p->problem != NULL ? p->problem : "",
		       p->problem != NULL ? ")" : "");
	}
	return 0;
}

static int do_available(const struct package_ops *ops, const struct package_run *run,
			const char *const *names)
{
	g_autoptr(GHashTable) table = NULL;
	g_autoptr(GError) error = NULL;

	if (!ops->available(run, names, &table, &error)) {
		return complain(error);
	}
	for (; *names != NULL; names++) {
		const GPtrArray *versions = g_hash_table_lookup(table, *names);

		printf("%s", *names);
		for (guint i = 0; versions != NULL && i < versions->len; i++) {
			printf(" %s", (const char *)versions->pdata[i]);
		}
		printf("\n");
	}
	return 0;
}

static void print_change(const struct package_change *c)
{
	printf("%s,%s,%s,%s,%s archive=%s download=%lld size=%lld->%lld why=%s\n", c->name, c->arch,
	       c->from != NULL ? c->from : "", c->to != NULL ? c->to : "", c->held ? "h" : "",
	       or_dash(c->archive), (long long)c->download, (long long)c->old_size,
	       (long long)c->new_size, or_dash(c->why));
}

static int do_simulate(const struct package_ops *ops, const struct package_run *run, char **words)
{
	guint count = g_strv_length(words);
	g_autofree struct package_want *wants = g_new0(struct package_want, count + 1);
	struct package_request request = {.wants = wants};
	g_autoptr(package_list_auto) list = NULL;
	g_autoptr(GPtrArray) changes = NULL;
	g_autoptr(GError) error = NULL;

	for (; *words != NULL; words++) {
		struct package_want *want = &wants[request.count];
		char *is = strchr(*words, '=');

		if (strcmp(*words, "held") == 0) {
			request.change_held = true;
			continue;
		}
		if (is != NULL) {
			*is = '\0';
			want->version = is + 1;
		}
		want->absent = **words == '-';
		want->name = want->absent ? *words + 1 : *words;
		request.count++;
	}
	if (!ops->list(run, &list, &error) ||
	    !ops->simulate(run, list, &request, &changes, &error)) {
		return complain(error);
	}
	for (guint i = 0; i < changes->len; i++) {
		print_change(changes->pdata[i]);
	}
	return 0;
}

static int do_compare(const struct package_ops *ops, char **versions)
{
	for (; versions[0] != NULL && versions[1] != NULL; versions += 2) {
		int order = ops->compare(versions[0], versions[1]);

		printf("%d\n", (order > 0) - (order < 0));
	}
	return 0;
}

static GPtrArray *read_changes(char **words)
{
	GPtrArray *changes = g_ptr_array_new_with_free_func(package_change_destroy);

	for (; *words != NULL; words++) {
		g_auto(GStrv) f = g_strsplit(*words, ",", -1);
		struct package_change *c;

		if (g_strv_length(f) < 4) {
			fprintf(stderr, "no change: %s\n", *words);
			exit(2);
		}
		c = package_change_new(f[0], f[1], *f[2] != '\0' ? f[2] : NULL,
				       *f[3] != '\0' ? f[3] : NULL);
		for (char **more = f + 4; *more != NULL; more++) {
			c->implied = c->implied || strcmp(*more, "i") == 0;
			c->held = c->held || strcmp(*more, "h") == 0;
			if (g_str_has_prefix(*more, "sha256:")) {
				c->archive = g_strdup(*more);
			}
		}
		g_ptr_array_add(changes, c);
	}
	g_ptr_array_sort(changes, package_change_compare);
	return changes;
}

static int do_transact(const struct package_ops *ops, const struct package_run *run, char **words)
{
	g_autoptr(GPtrArray) changes = read_changes(words);
	g_autoptr(GError) error = NULL;
	g_autofree char *said = NULL;
	bool ok = ops->transact(run, changes, &said, &error);

	if (said != NULL) {
		printf("said: %s\n", said);
	}
	return ok ? 0 : complain(error);
}

static int do_rest(const struct package_ops *ops, const struct package_run *run, char **argv)
{
	g_autoptr(GError) error = NULL;
	const char *const *names = (const char *const *)argv + 3;
	bool ok;

	if (strcmp(argv[2], "fetch") == 0) {
		g_autoptr(GPtrArray) changes = read_changes(argv + 3);

		ok = ops->fetch(run, changes, &error);
	} else if (strcmp(argv[2], "repair") == 0) {
		ok = ops->repair(run, &error);
	} else if (strcmp(argv[2], "hold") == 0 || strcmp(argv[2], "unhold") == 0) {
		ok = ops->hold(run, names, *argv[2] == 'h', &error);
	} else {
		fprintf(stderr, "no such command: %s\n", argv[2]);
		return 2;
	}
	return ok ? 0 : complain(error);
}

int main(int argc, char **argv)
{
	const char *wait = g_getenv("LOCK_WAIT");
	struct package_run run = {
		.lock_wait = wait != NULL ? (unsigned)g_ascii_strtoull(wait, NULL, 10) : 5};
	const struct package_ops *ops = argc > 2 ? package_manager_find(argv[1]) : NULL;

	if (ops == NULL || !ops->detect()) {
		fprintf(stderr, "usage: package-driver MANAGER COMMAND ...\n");
		return 2;
	}
	if (strcmp(argv[2], "list") == 0) {
		return do_list(ops, &run);
	}
	if (strcmp(argv[2], "available") == 0) {
		return do_available(ops, &run, (const char *const *)argv + 3);
	}
	if (strcmp(argv[2], "simulate") == 0) {
		return do_simulate(ops, &run, argv + 3);
	}
	if (strcmp(argv[2], "compare") == 0) {
		return do_compare(ops, argv + 3);
	}
	if (strcmp(argv[2], "transact") == 0) {
		return do_transact(ops, &run, argv + 3);
	}
	return do_rest(ops, &run, argv);
}
