/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The journal of an apply. */
#include "worker/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "core/plan.h"

#define CHECK_DIGITS 16
#define MAX_LINE 128
#define MAX_FILE ((size_t)64 << 20)

struct journal {
	char *folder;
	int dir, lock, file; /* file: -1 until something is to be written */
	bool dead;	     /* a write or sync failed */
	bool loaded;	     /* what there is may be gone on with, at: */
	off_t good;
	char check[CHECK_DIGITS + 1];
};

void journal_state_clear(struct journal_state *state)
{
	g_clear_pointer(&state->steps, g_array_unref);
}

/* Recovery believes what the journal says, so nobody else may have written it: whoever may start
 * this worker as root must not make it undo what never was. */
static bool check_folder(const struct journal *journal, GError **error)
{
	struct stat st;

	if (fstat(journal->dir, &st) != 0) {
		return fail_errno(error, "cannot look at '%s'", journal->folder);
	}
	if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "the journal's folder '%s' must belong to the user who applies, and "
			    "nobody else may write there",
			    journal->folder);
	}
	return true;
}

bool journal_open(const char *folder, struct journal **out, GError **error)
{
	g_autoptr(journal_auto) journal = g_new0(struct journal, 1);
	char lock[64];

	journal->dir = journal->lock = journal->file = -1;
	journal->folder = g_strdup(folder);
	if (!file_mkdirs(folder, 0700, error)) {
		return false;
	}
	journal->dir = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (journal->dir < 0) {
		return fail_errno(error, "cannot open '%s'", folder);
	}
	/* In the folder that was checked, whatever the path means by now. */
	g_snprintf(lock, sizeof(lock), "/proc/self/fd/%d/lock", journal->dir);
	if (!check_folder(journal, error) || !file_lock(lock, &journal->lock, error)) {
		return fail_prefix(error, "journal '%s'", folder);
	}
	*out = g_steal_pointer(&journal);
	return true;
}

void journal_close(struct journal *journal)
{
	if (journal == NULL) {
		return;
	}
	autofd_close(&journal->file);
	autofd_close(&journal->dir);
	autofd_close(&journal->lock);
	g_free(journal->folder);
	g_free(journal);
}

bool journal_is_pending(const struct journal *journal)
{
	struct stat st;

	return fstatat(journal->dir, "journal", &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static void next_check(char check[CHECK_DIGITS + 1], const char *text)
{
	g_autofree char *chained = g_strconcat(check, " ", text, NULL);
	char digest[HASH_TEXT_SIZE];
	struct hash hash;

	hash_bytes(&hash, chained, strlen(chained));
	hash_text(digest, &hash);
	memcpy(check, digest + strlen("sha256:"), CHECK_DIGITS);
	check[CHECK_DIGITS] = '\0';
}

/* After what was loaded; a line that was cut short goes. */
static bool go_on(struct journal *journal, GError **error)
{
	journal->file =
		openat(journal->dir, "journal", O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
	if (journal->file < 0 || ftruncate(journal->file, journal->good) != 0) {
		return fail_errno(error, "cannot go on with journal '%s'", journal->folder);
	}
	return true;
}

bool journal_sync(struct journal *journal, GError **error)
{
	if (journal->dead || journal->file < 0) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "the journal cannot be written any more");
	}
	if (fsync(journal->file) != 0) {
		journal->dead = true;
		return fail_errno(error, "cannot sync journal '%s'", journal->folder);
	}
	return true;
}

static bool append(struct journal *journal, const char *text, bool sync, GError **error)
{
	g_autofree char *line = NULL;

	if (journal->dead || (journal->file < 0 && !journal->loaded)) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "the journal cannot be written any more");
	}
	journal->dead = true;
	if (journal->file < 0 && !go_on(journal, error)) {
		return false;
	}
	next_check(journal->check, text);
	line = g_strconcat(journal->check, " ", text, "\n", NULL);
	if (!file_write_all(journal->file, line, strlen(line), error)) {
		return fail_prefix(error, "journal '%s'", journal->folder);
	}
	journal->dead = false;
	return !sync || journal_sync(journal, error);
}

static bool start_file(struct journal *journal, GError **error)
{
	journal->file =
		openat(journal->dir, "journal",
		       O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
	return journal->file >= 0 || fail_errno(error, "cannot make journal '%s'", journal->folder);
}

bool journal_begin(struct journal *journal, const char *tx, const char *plan, size_t len,
		   const char *signature, size_t signature_len, size_t count, GError **error)
{
	char digest[HASH_TEXT_SIZE];
	char text[MAX_LINE];
	struct hash hash;

	hash_bytes(&hash, plan, len);
	hash_text(digest, &hash);
	g_snprintf(text, sizeof(text), "begin %s %s %zu", tx, digest, count);
	memset(journal->check, '0', CHECK_DIGITS);
	journal->check[CHECK_DIGITS] = '\0';
	/* The plan first: whoever finds a journal finds its plan. */
	return file_replace_at(journal->dir, "plan.json", plan, len, 0600, error) &&
	       file_replace_at(journal->dir, "plan.json.sig", signature, signature_len, 0600,
			       error) &&
	       start_file(journal, error) && append(journal, text, true, error) &&
	       file_sync_dir(journal->dir, ".", error);
}

bool journal_step(struct journal *journal, size_t index, const struct journal_step *step,
		  GError **error)
{
	char text[MAX_LINE];

	if (step->kept) {
		g_snprintf(text, sizeof(text),
			   "step %zu %c %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 " %" PRId64,
			   index, step->way, step->old_ino, step->new_ino, step->mode, step->uid,
			   step->gid);
	} else {
		g_snprintf(text, sizeof(text), "step %zu %c %" PRIu64 " %" PRIu64, index, step->way,
			   step->old_ino, step->new_ino);
	}
	return append(journal, text, false, error);
}

static bool append_index(struct journal *journal, const char *word, size_t index, GError **error)
{
	char text[MAX_LINE];

	g_snprintf(text, sizeof(text), "%s %zu", word, index);
	return append(journal, text, false, error);
}

bool journal_act(struct journal *journal, size_t index, GError **error)
{
	return append_index(journal, "act", index, error);
}

bool journal_acted(struct journal *journal, size_t index, bool idle, GError **error)
{
	return append_index(journal, idle ? "idle" : "acted", index, error);
}

bool journal_halted(struct journal *journal, GError **error)
{
	return append(journal, "halted", true, error);
}

bool journal_resume(struct journal *journal, GError **error)
{
	return append(journal, "resume", true, error);
}

bool journal_undo(struct journal *journal, GError **error)
{
	return append(journal, "undo", true, error);
}

bool journal_commit(struct journal *journal, GError **error)
{
	return append(journal, "commit", true, error);
}

bool journal_committed(struct journal *journal, GError **error)
{
	return append(journal, "committed", true, error);
}

bool journal_end(struct journal *journal, GError **error)
{
	static const char *const names[] = {"journal", "plan.json", "plan.json.sig"};

	/* The journal first: without it there is nothing to recover. */
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		if (unlinkat(journal->dir, names[i], 0) != 0 && errno != ENOENT) {
			return fail_errno(error, "cannot remove '%s/%s'", journal->folder,
					  names[i]);
		}
		if (i == 0 && fsync(journal->dir) != 0) {
			return fail_errno(error, "cannot sync '%s'", journal->folder);
		}
	}
	autofd_close(&journal->file);
	journal->file = -1;
	journal->loaded = false;
	return true;
}

bool journal_load_plan(struct journal *journal, char **plan, size_t *len, char **signature,
		       size_t *signature_len, GError **error)
{
	g_autofree char *text = NULL;
	size_t text_len;

	if (!file_read_at(journal->dir, "plan.json", PLAN_MAX_SIZE, &text, &text_len, error) ||
	    !file_read_at(journal->dir, "plan.json.sig", SSHSIG_MAX_ARMOR, signature, signature_len,
			  error)) {
		return fail_prefix(error, "journal '%s'", journal->folder);
	}
	*plan = g_steal_pointer(&text);
	*len = text_len;
	return true;
}

static bool read_begin(struct journal_state *state, const char *text, size_t max_steps)
{
	char digest[HASH_TEXT_SIZE];
	size_t count;
	int end = 0;

	if (state->steps != NULL ||
	    sscanf(text, "begin %16[0-9a-f] %71s %zu%n", state->tx, digest, &count, &end) != 3 ||
	    text[end] != '\0' || !hash_parse(&state->plan, digest) || count > max_steps ||
	    strlen(state->tx) != JOURNAL_TX_SIZE - 1) {
		return false;
	}
	state->steps = g_array_sized_new(FALSE, TRUE, sizeof(struct journal_step), (guint)count);
	g_array_set_size(state->steps, (guint)count);
	return true;
}

static bool read_step(struct journal_state *state, const char *text)
{
	struct journal_step step = {0};
	struct journal_step *known;
	size_t index;
	int end = 0, more = 0;

	if (state->steps == NULL || state->committed ||
	    sscanf(text, "step %zu %c %" SCNu64 " %" SCNu64 "%n", &index, &step.way, &step.old_ino,
		   &step.new_ino, &end) != 4 ||
	    index >= state->steps->len || strchr("ptsm", step.way) == NULL) {
		return false;
	}
	if (text[end] != '\0') {
		step.kept = true;
		if (sscanf(text + end, " %" SCNd64 " %" SCNd64 " %" SCNd64 "%n", &step.mode,
			   &step.uid, &step.gid, &more) != 3 ||
		    text[end + more] != '\0') {
			return false;
		}
	}
	known = &g_array_index(state->steps, struct journal_step, index);
	step.begun = known->begun;
	step.acted = known->acted;
	step.idle = known->idle;
	*known = step;
	return true;
}

/* "act N", "acted N", "idle N"; what was begun again is not at its end. */
static bool read_act(struct journal_state *state, const char *text)
{
	struct journal_step *step;
	char word[6];
	size_t index;
	int end = 0;

	if (!state->commit || state->committed || state->halted ||
	    sscanf(text, "%5[a-z] %zu%n", word, &index, &end) != 2 || text[end] != '\0' ||
	    index >= state->steps->len) {
		return false;
	}
	step = &g_array_index(state->steps, struct journal_step, index);
	step->idle = strcmp(word, "idle") == 0;
	step->acted = step->idle || strcmp(word, "acted") == 0;
	if (step->acted) {
		return step->begun;
	}
	step->begun = true;
	return strcmp(word, "act") == 0;
}

/* Lines of one word. */
static bool read_word(struct journal_state *state, const char *text)
{
	bool open = state->commit && !state->committed;

	if (strcmp(text, "commit") == 0 && state->steps != NULL && !state->commit) {
		state->commit = true;
	} else if (strcmp(text, "committed") == 0 && open) {
		state->committed = true;
	} else if (strcmp(text, "halted") == 0 && open && !state->halted) {
		state->halted = true;
	} else if ((strcmp(text, "resume") == 0 || strcmp(text, "undo") == 0) && open &&
		   state->halted) {
		state->halted = false;
	} else {
		return false;
	}
	return true;
}

static bool read_text(struct journal_state *state, const char *text, size_t max_steps)
{
	if (g_str_has_prefix(text, "begin ")) {
		return read_begin(state, text, max_steps);
	}
	if (g_str_has_prefix(text, "step ")) {
		return read_step(state, text);
	}
	if (g_str_has_prefix(text, "act") || g_str_has_prefix(text, "idle ")) {
		return read_act(state, text);
	}
	return read_word(state, text);
}

/* One line without its newline. */
static bool read_line(struct journal_state *state, char check[CHECK_DIGITS + 1], const char *line,
		      size_t max_steps)
{
	const char *text = line + CHECK_DIGITS + 1;

	if (strlen(line) <= CHECK_DIGITS + 1 || line[CHECK_DIGITS] != ' ') {
		return false;
	}
	next_check(check, text);
	return memcmp(check, line, CHECK_DIGITS) == 0 && read_text(state, text, max_steps);
}

/* *good: how far what is there is whole. */
static bool read_lines(struct journal_state *state, char *text, size_t len, size_t max_steps,
		       char check[CHECK_DIGITS + 1], off_t *good)
{
	char *p = text;

	memset(check, '0', CHECK_DIGITS);
	check[CHECK_DIGITS] = '\0';
	*good = 0;

	while (p < text + len) {
		char *end = memchr(p, '\n', (size_t)(text + len - p));

		if (end == NULL) {
			return true; /* cut short: was never acted upon */
		}
		*end = '\0';
		if (strlen(p) != (size_t)(end - p) || !read_line(state, check, p, max_steps)) {
			return false;
		}
		p = end + 1;
		*good = p - text;
	}
	return true;
}

bool journal_load(struct journal *journal, size_t max_steps, struct journal_state *out,
		  GError **error)
{
	struct journal_state state = {0};
	g_autofree char *text = NULL;
	size_t len;

	if (!file_read_at(journal->dir, "journal", MAX_FILE, &text, &len, error)) {
		return false;
	}
	if (!read_lines(&state, text, len, max_steps, journal->check, &journal->good)) {
		journal_state_clear(&state);
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    "journal '%s' is damaged; look at the targets of its plan.json for "
			    "names that begin with .assent-",
			    journal->folder);
	}
	journal->loaded = journal->file < 0;
	*out = state;
	return true;
}
