/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Digests and sizes from the metadata of rpm repositories. */
#include "worker/target/rpm-md.h"

#include <glob.h>
#include <string.h>

#include "base/error.h"
#include "base/proc.h"
#include "worker/target/rpm.h"

#define MAX_METADATA ((guint64)2 << 30) /* unpacked */
#define MAX_TEXT 4096

/* What is known of the package that is being read. */
struct reading {
	GHashTable *wanted; /* "NAME VERSION ARCH" to struct package_change, borrowed */
	GHashTable *found;  /* struct package_change that a repository has already */
	GString *text;	    /* of the innermost element that is kept */
	bool inside, keep;
	char *name, *arch, *version, *digest;
	int64_t download, installed;
	bool sha256;
};

static char *make_key(const char *name, const char *version, const char *arch)
{
	return g_strconcat(name, " ", version, " ", arch, NULL);
}

static void forget(struct reading *r)
{
	g_clear_pointer(&r->name, g_free);
	g_clear_pointer(&r->arch, g_free);
	g_clear_pointer(&r->version, g_free);
	g_clear_pointer(&r->digest, g_free);
	r->download = r->installed = -1;
	r->sha256 = false;
}

static const char *attribute(const char **names, const char **values, const char *name)
{
	for (size_t i = 0; names[i] != NULL; i++) {
		if (strcmp(names[i], name) == 0) {
			return values[i];
		}
	}
	return NULL;
}

static int64_t number(const char *text)
{
	return text != NULL && g_ascii_isdigit(*text) ? g_ascii_strtoll(text, NULL, 10) : -1;
}

static void take_version(struct reading *r, const char **names, const char **values)
{
	const char *epoch = attribute(names, values, "epoch");
	const char *version = attribute(names, values, "ver");
	const char *release = attribute(names, values, "rel");

	if (version != NULL && release != NULL && r->version == NULL) {
		bool zero = epoch == NULL || strcmp(epoch, "0") == 0;

		r->version = g_strconcat(zero ? "" : epoch, zero ? "" : ":", version, "-", release,
					 NULL);
	}
}

static void on_start(GMarkupParseContext *context, const char *element, const char **names,
		     const char **values, gpointer data, GError **error)
{
	struct reading *r = data;

	(void)error;
	r->keep = false;
	if (strcmp(element, "package") == 0) {
		forget(r);
		r->inside = true;
		return;
	}
	/* Only what stands right in a package: its files and what it needs stand deeper. */
	if (!r->inside ||
	    g_slist_length((GSList *)g_markup_parse_context_get_element_stack(context)) != 3) {
		return;
	}
	if (strcmp(element, "version") == 0) {
		take_version(r, names, values);
	} else if (strcmp(element, "size") == 0) {
		r->download = number(attribute(names, values, "package"));
		r->installed = number(attribute(names, values, "installed"));
	} else if (strcmp(element, "checksum") == 0) {
		r->sha256 = g_strcmp0(attribute(names, values, "type"), "sha256") == 0;
		r->keep = true;
	} else {
		r->keep = strcmp(element, "name") == 0 || strcmp(element, "arch") == 0;
	}
	g_string_truncate(r->text, 0);
}

static void take_package(struct reading *r)
{
	g_autofree char *key = NULL;
	struct package_change *c;

	if (r->name == NULL || r->arch == NULL || r->version == NULL) {
		return;
	}
	key = make_key(r->name, r->version, r->arch);
	c = g_hash_table_lookup(r->wanted, key);
	if (c == NULL) {
		return;
	}
	if (g_hash_table_add(r->found, c)) {
		g_free(c->archive);
		c->archive = g_strdup(r->digest);
	} else if (g_strcmp0(c->archive, r->digest) != 0) {
		g_clear_pointer(&c->archive, g_free);
	}
	c->download = r->download;
	c->new_size = r->installed;
}

static bool is_sha256(const char *text)
{
	return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

static void on_end(GMarkupParseContext *context, const char *element, gpointer data, GError **error)
{
	struct reading *r = data;

	(void)context;
	(void)error;
	if (strcmp(element, "package") == 0) {
		take_package(r);
		r->inside = false;
	} else if (r->keep && strcmp(element, "name") == 0) {
		g_free(r->name);
		r->name = g_strdup(r->text->str);
	} else if (r->keep && strcmp(element, "arch") == 0) {
		g_free(r->arch);
		r->arch = g_strdup(r->text->str);
	} else if (r->keep && r->sha256 && is_sha256(r->text->str)) {
		g_free(r->digest);
		r->digest = g_strconcat("sha256:", r->text->str, NULL);
	}
	r->keep = false;
}

static void on_text(GMarkupParseContext *context, const char *text, gsize len, gpointer data,
		    GError **error)
{
	struct reading *r = data;

	(void)context;
	(void)error;
	if (r->keep && r->text->len + len < MAX_TEXT) {
		g_string_append_len(r->text, text, (gssize)len);
	}
}

static bool read_stream(GMarkupParseContext *context, GInputStream *stream, GError **error)
{
	g_autofree char *buffer = g_malloc(1 << 16);
	guint64 total = 0;
	gssize got;

	while ((got = g_input_stream_read(stream, buffer, 1 << 16, NULL, error)) > 0) {
		total += (guint64)got;
		if (total > MAX_METADATA) {
			return fail(error, PACKAGE_ERROR, PACKAGE_ERROR_FAILED,
				    "the metadata of a repository is too large");
		}
		if (!g_markup_parse_context_parse(context, buffer, got, error)) {
			return false;
		}
	}
	return got == 0 && g_markup_parse_context_end_parse(context, error);
}

bool rpm_md_parse(GPtrArray *changes, GInputStream *stream, GError **error)
{
	static const GMarkupParser parser = {
		.start_element = on_start, .end_element = on_end, .text = on_text};
	struct reading r = {.download = -1, .installed = -1};
	GMarkupParseContext *context;
	bool ok;

	r.wanted = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	r.found = g_hash_table_new(NULL, NULL);
	r.text = g_string_new(NULL);
	for (guint i = 0; i < changes->len; i++) {
		struct package_change *c = changes->pdata[i];

		if (c->to != NULL) {
			g_hash_table_insert(r.wanted, make_key(c->name, c->to, c->arch), c);
			if (c->archive != NULL) {
				g_hash_table_add(r.found, c);
			}
		}
	}
	context = g_markup_parse_context_new(&parser, 0, &r, NULL);
	ok = g_hash_table_size(r.wanted) == 0 || read_stream(context, stream, error);
	g_markup_parse_context_free(context);
	forget(&r);
	g_hash_table_unref(r.wanted);
	g_hash_table_unref(r.found);
	g_string_free(r.text, TRUE);
	return ok;
}

/* zstd is not in GLib: its program, where there is one. */
static GInputStream *open_zstd(const char *path)
{
	const char *const argv[] = {"zstd", "-dcq", "--", path, NULL};
	g_autoptr(GSubprocess) zstd = g_subprocess_newv(
		argv, G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE, NULL);

	return zstd != NULL ? g_object_ref(g_subprocess_get_stdout_pipe(zstd)) : NULL;
}

static GInputStream *open_metadata(const char *path)
{
	g_autoptr(GFile) file = g_file_new_for_path(path);
	g_autoptr(GInputStream) raw = NULL;
	g_autoptr(GConverter) unpack = NULL;

	if (g_str_has_suffix(path, ".zst")) {
		return open_zstd(path);
	}
	raw = G_INPUT_STREAM(g_file_read(file, NULL, NULL));
	if (raw == NULL || g_str_has_suffix(path, ".xml")) {
		return g_steal_pointer(&raw);
	}
	unpack = G_CONVERTER(g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP));
	return g_converter_input_stream_new(raw, unpack);
}

void rpm_md_complete(GPtrArray *changes, const char *const *patterns)
{
	for (; *patterns != NULL; patterns++) {
		glob_t found;

		memset(&found, 0, sizeof(found));
		(void)glob(*patterns, 0, NULL, &found);
		for (size_t i = 0; i < found.gl_pathc; i++) {
			g_autoptr(GInputStream) stream = open_metadata(found.gl_pathv[i]);

			if (stream != NULL && !rpm_md_parse(changes, stream, NULL)) {
				continue; /* not known, then */
			}
		}
		globfree(&found);
	}
}
