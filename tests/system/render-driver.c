/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs a renderer on a plain folder, without commit and plan.
 *
 *	render-driver [OPTION...] REPOSITORY ROOT FOLDER PROGRAM ARG...
 *
 *	--bwrap, --own, --any   which sandbox
 *	--timeout SECONDS   --max BYTES   --read PATH   --hide PATH
 *	--facts             after the output, on stderr: what a plan keeps
 *
 * An error begins with its kind and makes it end with 1.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "worker/confine.h"
#include "worker/render.h"

static const char *const codes[] = {"failed",  "program", "sandbox", "input",
				    "refused", "limit",	  "stopped"};

static void print_facts(const struct render_facts *facts)
{
	char program[HASH_TEXT_SIZE], input[HASH_TEXT_SIZE], output[HASH_TEXT_SIZE];

	hash_text(program, &facts->program_is);
	hash_text(input, &facts->input);
	hash_text(output, &facts->output);
	fprintf(stderr, "program %s %s\ninput %s\noutput %s\nsandbox %s\n", facts->program, program,
		input, output, sandbox_name(facts->sandbox));
	if (facts->said != NULL) {
		fprintf(stderr, "said %s\n", facts->said);
	}
}

static int run(const char *repository, const struct render_ask *from, bool show)
{
	struct render_ask ask = *from;
	struct render_facts facts = {0};
	g_autoptr(GError) error = NULL;
	GString *out = NULL;

	ask.reader = reader_open_folder(repository, &error);
	if (ask.reader == NULL) {
		fprintf(stderr, "%s\n", error->message);
		return 2;
	}
	if (!render_run(&ask, &out, &facts, &error)) {
		fprintf(stderr, "%s: %s\n",
			error->domain == RENDER_ERROR ? codes[error->code] : "other",
			error->message);
		reader_free(ask.reader);
		return 1;
	}
	fwrite(out->str, 1, out->len, stdout);
	if (show) {
		print_facts(&facts);
	}
	g_string_free(out, TRUE);
	render_facts_clear(&facts);
	reader_free(ask.reader);
	return 0;
}

int main(int argc, char **argv)
{
	const char *reads[] = {NULL, NULL}, *hidden[] = {NULL, NULL};
	struct render_ask ask = {.reads = reads, .hidden = hidden};
	bool show = false;
	int i = 1;

	if (argc > 1 && strcmp(argv[1], CONFINE_ARGUMENT) == 0) {
		confine_main(argc, argv);
	}
	for (; i < argc && g_str_has_prefix(argv[i], "--"); i++) {
		if (strcmp(argv[i], "--bwrap") == 0) {
			ask.sandbox = SANDBOX_BWRAP;
		} else if (strcmp(argv[i], "--own") == 0) {
			ask.sandbox = SANDBOX_OWN;
		} else if (strcmp(argv[i], "--facts") == 0) {
			show = true;
		} else if (strcmp(argv[i], "--timeout") == 0 && i + 1 < argc) {
			ask.timeout = (unsigned)g_ascii_strtoull(argv[++i], NULL, 10);
		} else if (strcmp(argv[i], "--max") == 0 && i + 1 < argc) {
			ask.max_output = g_ascii_strtoull(argv[++i], NULL, 10);
		} else if (strcmp(argv[i], "--read") == 0 && i + 1 < argc) {
			reads[0] = argv[++i];
		} else if (strcmp(argv[i], "--hide") == 0 && i + 1 < argc) {
			hidden[0] = argv[++i];
		}
	}
	if (argc < i + 4) {
		fprintf(stderr, "usage: render-driver [OPTION...] REPOSITORY ROOT FOLDER PROGRAM "
				"ARG...\n");
		return 2;
	}
	/* As the worker: our memory is nobody's. */
	prctl(PR_SET_DUMPABLE, 0);
	ask.root = argv[i + 1];
	ask.folder = argv[i + 2];
	ask.argv = (const char *const *)argv + i + 3;
	return run(argv[i], &ask, show);
}
