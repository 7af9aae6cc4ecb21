/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading zypper's XML, and its list of locks. */
#include <string.h>

#include "base/error.h"
#include "worker/target/rpm.h"
#include "worker/target/zypper.h"

struct output {
	GPtrArray *changes;  /* NULL: not wanted */
	GPtrArray *versions; /* NULL: not wanted */
	const char *group;   /* "to-install" ..., NULL: none */
	int64_t said;	     /* packages-to-change; -1: no summary */
	bool keep;	     /* text of a problem */
	GString *problem;
};

/* Where a change of packages may stand, and whether something is there before. */
static const struct {
	const char *name;
	bool in, out;
} groups[] = {
	{"to-install", true, false},
	{"to-upgrade", true, true},
	{"to-downgrade", true, true},
	{"to-change-arch", true, true},
	{"to-upgrade-change-arch", true, true},
	{"to-downgrade-change-arch", true, true},
	{"to-remove", false, true},
};

static const char *attribute(const char **names, const char **values, const char *name)
{
	for (size_t i = 0; names[i] != NULL; i++) {
		if (strcmp(names[i], name) == 0) {
			return values[i];
		}
	}
	return NULL;
}

static bool fail_markup(const char *text, const char *what, GError **error)
{
	return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED,
		    "cannot read what zypper would do: %s '%.200s'", text, what);
}

static bool add_change(struct output *o, const char *name, const char *arch, const char *from,
		       const char *to, GError **error)
{
	const char *version = to != NULL ? to : from;

	if (name == NULL || arch == NULL || version == NULL || !package_name_is_good(name) ||
	    !package_arch_is_good(arch) || !package_version_is_good(version)) {
		return fail_markup("solvable", name != NULL ? name : "?", error);
	}
	g_ptr_array_add(o->changes,
			package_change_new(name, arch, from != NULL ? rpm_version(from) : NULL,
					   to != NULL ? rpm_version(to) : NULL));
	return true;
}

static bool take_solvable(struct output *o, const char **names, const char **values, GError **error)
{
	const char *type = attribute(names, values, "type");
	const char *name = attribute(names, values, "name");
	const char *arch = attribute(names, values, "arch");
	const char *edition = attribute(names, values, "edition");
	const char *old = attribute(names, values, "edition-old");
	const char *old_arch = attribute(names, values, "arch-old");

	if (g_strcmp0(type, "package") != 0) {
		return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_REFUSED,
			    "zypper would do what is no change of a package: %s %s",
			    type != NULL ? type : "?", name != NULL ? name : "?");
	}
	for (size_t i = 0; i < G_N_ELEMENTS(groups); i++) {
		if (strcmp(groups[i].name, o->group) != 0) {
			continue;
		}
		if (!groups[i].in) {
			return add_change(o, name, arch, edition, NULL, error);
		}
		if (groups[i].out && g_strcmp0(old_arch, arch) != 0 && old_arch != NULL) {
			return add_change(o, name, old_arch, old, NULL, error) &&
			       add_change(o, name, arch, NULL, edition, error);
		}
		return add_change(o, name, arch, groups[i].out ? old : NULL, edition, error);
	}
	return fail_markup("group", o->group, error);
}

/* What is there is in no repository when only the system has it. */
static void take_found(struct output *o, const char **names, const char **values)
{
	const char *kind = attribute(names, values, "kind");
	const char *repository = attribute(names, values, "repository");
	const char *name = attribute(names, values, "name");
	const char *arch = attribute(names, values, "arch");
	const char *edition = attribute(names, values, "edition");

	if (g_strcmp0(kind, "package") == 0 && g_strcmp0(repository, "(System Packages)") != 0 &&
	    name != NULL && arch != NULL && edition != NULL) {
		g_ptr_array_add(o->versions,
				g_strconcat(name, " ", arch, " ", rpm_version(edition), NULL));
	}
}

static void on_start(GMarkupParseContext *context, const char *element, const char **names,
		     const char **values, gpointer data, GError **error)
{
	struct output *o = data;

	(void)context;
	if (strcmp(element, "install-summary") == 0) {
		const char *count = attribute(names, values, "packages-to-change");

		o->said = count != NULL ? g_ascii_strtoll(count, NULL, 10) : -1;
	} else if (g_str_has_prefix(element, "to-")) {
		o->group = g_intern_string(element);
	} else if (strcmp(element, "solvable") == 0 && o->group != NULL && o->changes != NULL) {
		(void)take_solvable(o, names, values, error);
	} else if (strcmp(element, "solvable") == 0 && o->group == NULL && o->versions != NULL) {
		take_found(o, names, values);
	}
	o->keep = (strcmp(element, "message") == 0 &&
		   g_strcmp0(attribute(names, values, "type"), "error") == 0) ||
		  (strcmp(element, "description") == 0 && o->group == NULL);
}

static void on_end(GMarkupParseContext *context, const char *element, gpointer data, GError **error)
{
	struct output *o = data;

	(void)context;
	(void)error;
	if (o->group != NULL && strcmp(element, o->group) == 0) {
		o->group = NULL;
	}
	if (o->keep) {
		g_string_append_c(o->problem, '\n');
	}
	o->keep = false;
}

static void on_text(GMarkupParseContext *context, const char *text, gsize len, gpointer data,
		    GError **error)
{
	struct output *o = data;

	(void)context;
	(void)error;
	if (o->keep) {
		g_string_append_len(o->problem, text, (gssize)len);
	}
}

static bool read_output(struct output *o, const char *xml, GError **error)
{
	static const GMarkupParser parser = {
		.start_element = on_start, .end_element = on_end, .text = on_text};
	GMarkupParseContext *context = g_markup_parse_context_new(&parser, 0, o, NULL);
	bool ok;

	ok = g_markup_parse_context_parse(context, xml, -1, error) &&
	     g_markup_parse_context_end_parse(context, error);
	g_markup_parse_context_free(context);
	return ok;
}

char *zypper_problem(const struct proc_result *result)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct output o = {.said = -1, .problem = text};

	if (!read_output(&o, result->out->str, NULL) || text->len == 0) {
		return rpm_words(result, result->err->len > 0 ? result->err->str : "");
	}
	return rpm_words(result, text->str);
}

bool zypper_parse(const struct proc_result *result, GPtrArray **changes, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(package_change_destroy);
	struct output o = {.said = -1, .problem = text, .changes = list};
	g_autoptr(GError) problem = NULL;

	if (result->status != 0) {
		g_autofree char *words = zypper_problem(result);

		return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_REFUSED, "zypper: %s", words);
	}
	if (!read_output(&o, result->out->str, &problem)) {
		bool ours = g_error_matches(problem, PACKAGE_ERROR, PACKAGE_ERROR_REFUSED) ||
			    g_error_matches(problem, PACKAGE_ERROR, PACKAGE_ERROR_FAILED);

		g_propagate_error(error, g_steal_pointer(&problem));
		return ours ? false : fail_prefix(error, "cannot read what zypper would do");
	}
	if (o.said < 0 || (o.said == 0) != (list->len == 0)) {
		return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED,
			    "zypper does not say what it would do");
	}
	*changes = g_steal_pointer(&list);
	return true;
}

bool zypper_versions_parse(const char *xml, GPtrArray **out, GError **error)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GPtrArray) versions = g_ptr_array_new_with_free_func(g_free);
	struct output o = {.said = -1, .problem = text, .versions = versions};

	if (!read_output(&o, xml, error)) {
		return fail_prefix(error, "cannot read what zypper has found");
	}
	*out = g_steal_pointer(&versions);
	return true;
}

/* A lock without a version, of a package; blocks of lines, an empty one between two. */
static void take_lock(GPtrArray *patterns, char *block)
{
	g_auto(GStrv) lines = g_strsplit(block, "\n", -1);
	g_autofree char *name = NULL;
	bool package = true, glob = true;

	for (char **line = lines; *line != NULL; line++) {
		char *colon = strchr(*line, ':');
		const char *value;

		if (**line == '#' || colon == NULL) {
			continue;
		}
		*colon = '\0';
		value = g_strstrip(colon + 1);
		if (strcmp(*line, "type") == 0) {
			package = strcmp(value, "package") == 0;
		} else if (strcmp(*line, "match_type") == 0) {
			glob = strcmp(value, "glob") == 0 || strcmp(value, "exact") == 0;
		} else if (strcmp(*line, "solvable_name") == 0) {
			g_free(name);
			name = g_strdup(value);
		} else if (strcmp(*line, "version") == 0 || strcmp(*line, "repo") == 0) {
			package = false;
		}
	}
	if (name != NULL && package && glob) {
		g_ptr_array_add(patterns, g_steal_pointer(&name));
	}
}

GPtrArray *zypper_locks_parse(const char *text)
{
	GPtrArray *patterns = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) blocks = g_strsplit(text, "\n\n", -1);

	for (char **block = blocks; *block != NULL; block++) {
		take_lock(patterns, *block);
	}
	return patterns;
}
