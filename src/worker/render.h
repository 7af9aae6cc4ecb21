/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Runs a renderer (kustomize build, helm template, ...) on a folder of the commit
 * and takes what it writes to its standard output.
 *
 * Which program, and with which arguments, the agent's configuration says alone.
 * What it reads comes from the commit, which nobody has approved yet: so it runs
 * shut in (worker/sandbox.h), without network, as nobody's user where we are root,
 * and sees of this host /usr, itself and its input only, none of which it can
 * write. It has an empty HOME and TMPDIR in memory, a fixed environment, and
 * bounds. Where no sandbox can be made it does not run: RENDER_ERROR_SANDBOX.
 *
 * The same input and the same program are to give the same bytes; facts tell
 * which they were, so that a plan can keep the output by its digest and never
 * render again.
 *
 *	struct render_ask ask = {.argv = argv, .timeout = 60, .reader = reader,
 *				 .root = "hosts/web1", .folder = "hosts/web1/chart"};
 *
 *	if (!render_run(&ask, &out, &facts, error)) return false;
 *	... out->str, out->len ...
 *	render_facts_clear(&facts);
 *
 * Errors are for whoever wrote the commit or the configuration, and quote the end
 * of what the renderer said; its bytes are made harmless.
 */
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/hash.h"
#include "desired/reader.h"
#include "worker/sandbox.h"

#define RENDER_MAX_INPUT ((size_t)64 << 20) /* all files together */
#define RENDER_MAX_ENTRIES 20000	    /* files and links */
#define RENDER_MAX_OUTPUT ((size_t)64 << 20)
#define RENDER_TIMEOUT 60 /* seconds */
#define RENDER_SAID 4096  /* bytes that are kept of what it says */
#define RENDER_INPUT "/input"

#define RENDER_ERROR render_error_quark()
GQuark render_error_quark(void);
enum render_error {
	RENDER_ERROR_FAILED,  /* this host's fault: no memory, no disk, ... */
	RENDER_ERROR_PROGRAM, /* it is missing, or others may change it; or what it may read */
	RENDER_ERROR_SANDBOX, /* none can be made here */
	RENDER_ERROR_INPUT,   /* what the commit holds there is refused */
	RENDER_ERROR_REFUSED, /* it ended with another code than 0, wrote nothing, or no text */
	RENDER_ERROR_LIMIT,   /* too long, too much */
	RENDER_ERROR_STOPPED, /* ask->stopped said so */
};

struct render_ask {
	const char *const *argv;   /* argv[0] is absolute; shown in errors, so nothing secret */
	const char *const *reads;  /* absolute paths that it may read besides; NULL: none */
	const char *const *hidden; /* and those that no `reads` may show; NULL: none */
	unsigned timeout;	   /* seconds; 0: RENDER_TIMEOUT */
	size_t max_output;	   /* 0: RENDER_MAX_OUTPUT */
	struct reader *reader;	   /* of the commit */
	const char *root;	   /* the folder that is given to it, as RENDER_INPUT */
	const char *folder;	   /* where in it the renderer starts: root or beneath */
	enum sandbox_kind sandbox;
	bool (*stopped)(void *user); /* NULL: never */
	void *user;
};

/* What a plan keeps beside the output. */
struct render_facts {
	char *program;		/* the file that ran, links followed */
	struct hash program_is; /* its SHA-256 */
	struct hash input;	/* of all names, modes and contents that it was given */
	struct hash output;
	char *said; /* the end of its standard error, harmless; NULL: nothing */
	enum sandbox_kind sandbox;
};

/* *out: free with g_string_free(). */
bool render_run(const struct render_ask *ask, GString **out, struct render_facts *facts,
		GError **error) G_GNUC_WARN_UNUSED_RESULT;
void render_facts_clear(struct render_facts *facts);
