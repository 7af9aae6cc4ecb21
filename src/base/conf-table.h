/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The table of the configuration's keys; see base/conf.h. A row's path has '*'
 * for a name or an item; its last part is the key. Rows of a section follow it.
 *
 * Reading (conf-load.c), the sample, the schema and the manual (conf-doc.c) know
 * nothing of single keys: a row and a field are enough for a new one.
 */
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum conf_type {
	CONF_TEXT,
	CONF_PATH,
	CONF_SECRET, /* file:PATH or credential:NAME; the field holds the file's path */
	CONF_WORD,
	CONF_NAMES, /* char *, char *, char *, char *, char ** */
	CONF_BOOL,
	CONF_COUNT,
	CONF_DURATION,
	CONF_BYTES, /* bool, int64_t ... */
	CONF_SECTION,
	CONF_MAP,
	CONF_LIST, /* have rows below them */
};
enum conf_reload { CONF_LIVE, CONF_RESTART };

struct conf_key {
	const char *path;
	const char *help;
	enum conf_type type;
	size_t offset; /* in the section's struct */
	bool required;
	enum conf_reload reload;
	const char *dflt;	 /* as it is written in YAML; NULL: none */
	char *(*computed)(void); /* a default of this machine */
	const char *example;	 /* for the sample, when there is no default */
	int64_t min, max;
	const char *const *words;	     /* of CONF_WORD, NULL-terminated */
	bool (*is_valid)(const char *value); /* of CONF_TEXT, and each of CONF_NAMES */
	const char *shape;		     /* what is_valid() wants */
};

/* Ends with a row whose path is NULL. */
extern const struct conf_key conf_keys[];

/* The key's name when row stands directly in section ("" is the whole file), else NULL. */
const char *conf_key_in(const struct conf_key *row, const char *section);
/* "32M" to bytes. */
bool conf_bytes(const char *text, int64_t *bytes);
/* What values a row takes: "a duration from 10s to 1d". g_free(). */
char *conf_key_shape(const struct conf_key *row);
/* The table for doc/config.md and for assentd.yaml(5). g_free(). */
char *conf_reference_markdown(void);
char *conf_reference_mdoc(void);
