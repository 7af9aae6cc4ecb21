/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sets of keys and names that belong together, and what a list of signers says of them. */
#include "worker/source/person.h"

#include <stdbool.h>
#include <string.h>

struct persons {
	GHashTable *above; /* a thing to another of its set; the first of a set has none */
};

struct persons *persons_new(void)
{
	struct persons *persons = g_new0(struct persons, 1);

	persons->above = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	return persons;
}

void persons_free(struct persons *persons)
{
	if (persons != NULL) {
		g_hash_table_unref(persons->above);
		g_free(persons);
	}
}

static const char *first_of(const struct persons *persons, const char *thing)
{
	const char *above;

	while ((above = g_hash_table_lookup(persons->above, thing)) != NULL) {
		thing = above;
	}
	return thing;
}

/* A principal may look like a key, but not like what stands here for one. */
static char *thing_of_key(const char *key)
{
	return g_strconcat("key ", key, NULL);
}

void persons_unite(struct persons *persons, const char *key, const char *name)
{
	g_autofree char *a = thing_of_key(key), *low = g_ascii_strdown(name, -1);
	g_autofree char *b = g_strconcat("name ", low, NULL);
	const char *x = first_of(persons, a), *y = first_of(persons, b);

	if (strcmp(x, y) != 0) {
		g_hash_table_insert(persons->above, g_strdup(y), g_strdup(x));
	}
}

char *persons_of(const struct persons *persons, const char *key)
{
	g_autofree char *thing = thing_of_key(key);

	return g_strdup(first_of(persons, thing));
}

/* The end of a word, in which quotes hold blanks together. */
static char *skip_word(char *at)
{
	bool quoted = false;

	for (; *at != '\0' && (quoted || (*at != ' ' && *at != '\t')); at++) {
		if (*at == '\\' && at[1] == '"') {
			at++;
		} else if (*at == '"') {
			quoted = !quoted;
		}
	}
	return at;
}

/* Ends the word at *at and moves on to the next one. */
static char *take_word(char **at)
{
	char *word = *at + strspn(*at, " \t");
	char *end = skip_word(word);

	*at = *end == '\0' ? end : end + 1;
	*end = '\0';
	return word;
}

/* "SHA256:..." of a key, as ssh-keygen writes it; NULL: it is none. */
static char *fingerprint(const char *type, const char *base64)
{
	gsize len, digest_len = 32;
	g_autofree guchar *blob = g_base64_decode(base64, &len);
	size_t type_len = strlen(type);
	guint8 digest[32];
	g_autofree char *text = NULL;
	g_autoptr(GChecksum) sum = NULL;

	if (type_len == 0 || type_len > 100 || len < 4 + type_len || blob[0] != 0 || blob[1] != 0 ||
	    blob[2] != 0 || blob[3] != type_len || memcmp(blob + 4, type, type_len) != 0) {
		return NULL;
	}
	sum = g_checksum_new(G_CHECKSUM_SHA256);
	g_checksum_update(sum, blob, (gssize)len);
	g_checksum_get_digest(sum, digest, &digest_len);
	text = g_base64_encode(digest, digest_len);
	text[strcspn(text, "=")] = '\0';
	return g_strconcat("SHA256:", text, NULL);
}

static bool is_authority(const char *options)
{
	static const char word[] = "cert-authority";
	bool quoted = false, fresh = true;

	for (; *options != '\0'; options++) {
		const char *end = options + strlen(word);

		if (fresh && !quoted && g_ascii_strncasecmp(options, word, strlen(word)) == 0 &&
		    (*end == '\0' || *end == ',')) {
			return true;
		}
		quoted ^= *options == '"';
		fresh = *options == ',';
	}
	return false;
}

static void unite_all(struct persons *persons, const char *key, const char *principals)
{
	g_auto(GStrv) names = g_strsplit(principals, ",", -1);

	for (size_t i = 0; names[i] != NULL; i++) {
		g_strstrip(g_strdelimit(names[i], "\"", ' '));
		if (names[i][0] != '\0' && names[i][0] != '!') {
			persons_unite(persons, key, names[i]);
		}
	}
}

static void read_line(struct persons *persons, char *line)
{
	char *at = line + strspn(line, " \t");
	g_autofree char *key = NULL;
	char *principals, *first, *second;

	if (*at == '\0' || *at == '#') {
		return;
	}
	principals = take_word(&at);
	first = take_word(&at);
	second = take_word(&at);
	key = fingerprint(first, second);
	if (key == NULL && !is_authority(first)) {
		key = fingerprint(second, take_word(&at));
	}
	if (key != NULL) {
		unite_all(persons, key, principals);
	}
}

void persons_read_signers(struct persons *persons, const char *text, size_t len)
{
	g_autofree char *copy = g_strndup(text, len);
	g_auto(GStrv) lines = g_strsplit_set(copy, "\r\n", -1);

	for (size_t i = 0; lines[i] != NULL; i++) {
		read_line(persons, lines[i]);
	}
}
