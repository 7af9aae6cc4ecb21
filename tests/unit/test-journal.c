/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of worker/journal.c. */
#include "worker/journal.h"

#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "scratch.h"

#define TX "0123456789abcdef"

struct fixture {
	char *dir, *folder, *file;
};

static void set_up(struct fixture *f, const void *data)
{
	(void)data;
	f->dir = scratch_new();
	f->folder = g_build_filename(f->dir, "apply/web", NULL);
	f->file = g_build_filename(f->folder, "journal", NULL);
}

static void tear_down(struct fixture *f, const void *data)
{
	(void)data;
	g_free(f->file);
	g_free(f->folder);
	scratch_free(f->dir);
}

static struct journal *open_it(struct fixture *f)
{
	g_autoptr(GError) error = NULL;
	struct journal *journal = NULL;

	g_assert_true(journal_open(f->folder, &journal, &error));
	g_assert_no_error(error);
	return journal;
}

/* An apply that got as far as its commit. */
static void write_one(struct fixture *f, bool committed)
{
	g_autoptr(journal_auto) journal = open_it(f);
	struct journal_step step = {'s', 11, 12};

	g_assert_false(journal_is_pending(journal));
	g_assert_true(journal_begin(journal, TX, "plan", 4, "sig", 3, 2, NULL));
	g_assert_true(journal_step(journal, 1, &step, NULL));
	g_assert_true(journal_commit(journal, NULL));
	g_assert_true(!committed || journal_committed(journal, NULL));
}

static bool load(struct fixture *f, struct journal_state *state)
{
	g_autoptr(journal_auto) journal = open_it(f);
	g_autoptr(GError) error = NULL;

	*state = (struct journal_state){0};
	if (journal_load(journal, 10, state, &error)) {
		return true;
	}
	g_assert_error(error, BASE_ERROR, BASE_ERROR_MALFORMED);
	g_assert_null(state->steps);
	return false;
}

static void test_comes_back(struct fixture *f, const void *data)
{
	g_autoptr(journal_auto) journal = NULL;
	struct journal_state state;
	const struct journal_step *step;
	char *plan, *sig;
	size_t len, sig_len;

	(void)data;
	write_one(f, true);
	g_assert_true(load(f, &state));
	g_assert_cmpstr(state.tx, ==, TX);
	g_assert_true(state.commit && state.committed);
	g_assert_cmpuint(state.steps->len, ==, 2);
	g_assert_cmpint(g_array_index(state.steps, struct journal_step, 0).way, ==, 0);
	step = &g_array_index(state.steps, struct journal_step, 1);
	g_assert_cmpint(step->way, ==, 's');
	g_assert_cmpuint(step->old_ino, ==, 11);
	g_assert_cmpuint(step->new_ino, ==, 12);
	journal_state_clear(&state);
	journal = open_it(f);
	g_assert_true(journal_is_pending(journal));
	g_assert_true(journal_load_plan(journal, &plan, &len, &sig, &sig_len, NULL));
	g_assert_cmpmem(plan, len, "plan", 4);
	g_assert_cmpmem(sig, sig_len, "sig", 3);
	g_free(plan);
	g_free(sig);
	g_assert_true(journal_end(journal, NULL));
	g_assert_false(journal_is_pending(journal));
}

/* Every length: what is cut short is not written, and nothing else is believed or lost. */
static void test_cut_short_anywhere(struct fixture *f, const void *data)
{
	g_autofree char *text = NULL;
	struct journal_state state;
	gsize len;

	(void)data;
	write_one(f, true);
	g_assert_true(g_file_get_contents(f->file, &text, &len, NULL));
	for (gsize cut = 0; cut < len; cut++) {
		const char *commit = strstr(text, " commit\n");

		g_assert_true(g_file_set_contents(f->file, text, (gssize)cut, NULL));
		g_assert_true(load(f, &state));
		g_assert_false(state.committed);
		g_assert_true(state.commit ==
			      (cut >= (gsize)(commit - text) + strlen(" commit\n")));
		journal_state_clear(&state);
	}
}

static void test_damage_is_found(struct fixture *f, const void *data)
{
	g_autofree char *text = NULL;
	struct journal_state state;
	gsize len;

	(void)data;
	write_one(f, true);
	g_assert_true(g_file_get_contents(f->file, &text, &len, NULL));
	for (gsize i = 0; i + 1 < len; i++) {
		text[i] ^= 1;
		g_assert_true(g_file_set_contents(f->file, text, (gssize)len, NULL));
		g_assert_false(load(f, &state));
		text[i] ^= 1;
	}
}

static void test_dropped_or_swapped_line_is_found(struct fixture *f, const void *data)
{
	g_autofree char *text = NULL;
	g_autofree char *dropped = NULL;
	g_autofree char *swapped = NULL;
	g_auto(GStrv) lines = NULL;
	struct journal_state state;

	(void)data;
	write_one(f, true);
	g_assert_true(g_file_get_contents(f->file, &text, NULL, NULL));
	lines = g_strsplit(text, "\n", -1);
	dropped = g_strconcat(lines[0], "\n", lines[2], "\n", NULL);
	g_assert_true(g_file_set_contents(f->file, dropped, -1, NULL));
	g_assert_false(load(f, &state));
	swapped = g_strconcat(lines[0], "\n", lines[2], "\n", lines[1], "\n", NULL);
	g_assert_true(g_file_set_contents(f->file, swapped, -1, NULL));
	g_assert_false(load(f, &state));
}

/* Acts, a step that was chosen anew, and a halt; each part after a load, as another process would.
 */
static void write_more(struct fixture *f)
{
	g_autoptr(journal_auto) journal = open_it(f);
	struct journal_step anew = {.way = 's',
				    .old_ino = 21,
				    .new_ino = 22,
				    .kept = true,
				    .mode = 0640,
				    .uid = 5,
				    .gid = -1};
	autojournalstate state = {0};

	g_assert_true(journal_load(journal, 10, &state, NULL));
	g_assert_true(journal_act(journal, 0, NULL));
	g_assert_true(journal_sync(journal, NULL));
	g_assert_true(journal_acted(journal, 0, false, NULL));
	g_assert_true(journal_act(journal, 1, NULL));
	g_assert_true(journal_acted(journal, 1, true, NULL));
	g_assert_true(journal_step(journal, 1, &anew, NULL));
	g_assert_true(journal_halted(journal, NULL));
}

static void test_acts_and_halts_come_back(struct fixture *f, const void *data)
{
	struct journal_state state;
	const struct journal_step *step;

	write_one(f, false);
	write_more(f);
	g_assert_true(load(f, &state));
	g_assert_true(state.halted);
	g_assert_false(state.committed);
	step = &g_array_index(state.steps, struct journal_step, 0);
	g_assert_true(step->begun && step->acted && !step->idle);
	step = &g_array_index(state.steps, struct journal_step, 1);
	g_assert_true(step->begun && step->acted && step->idle);
	g_assert_cmpuint(step->old_ino, ==, 21);
	g_assert_true(step->kept);
	g_assert_cmpint(step->mode, ==, 0640);
	g_assert_cmpint(step->uid, ==, 5);
	g_assert_cmpint(step->gid, ==, -1);
	journal_state_clear(&state);
}

static void test_halt_ends(struct fixture *f, const void *data)
{
	bool (*const ends[])(struct journal * journal,
			     GError * *error) = {journal_resume, journal_undo, journal_committed};

	write_one(f, false);
	write_more(f);
	for (size_t i = 0; i < G_N_ELEMENTS(ends); i++) {
		g_autoptr(journal_auto) journal = open_it(f);
		autojournalstate state = {0};

		g_assert_true(journal_load(journal, 10, &state, NULL));
		g_assert_true(state.halted);
		g_assert_true(ends[i](journal, NULL));
		journal_state_clear(&state);
		g_assert_true(journal_load(journal, 10, &state, NULL));
		g_assert_true(state.halted == (i == 2));
		g_assert_true(state.committed == (i == 2));
		g_assert_true(i == 2 || journal_halted(journal, NULL));
	}
}

/* What was cut short goes before anything is written after it. */
static void test_goes_on_after_a_cut(struct fixture *f, const void *data)
{
	g_autofree char *text = NULL;
	struct journal_state state;
	gsize len;

	write_one(f, false);
	g_assert_true(g_file_get_contents(f->file, &text, &len, NULL));
	for (gsize cut = 1; cut < strlen("0123456789abcdef committed\n"); cut++) {
		g_autofree char *torn =
			g_strdup_printf("%s%.*s", text, (int)cut, "0123456789abcdef committed\n");

		g_assert_true(g_file_set_contents(f->file, torn, -1, NULL));
		write_more(f);
		g_assert_true(load(f, &state));
		g_assert_true(state.halted);
		journal_state_clear(&state);
	}
}

/* Each of these lines has a good check, and stands where it cannot. */
static void test_lines_out_of_place_are_refused(struct fixture *f, const void *data)
{
	const struct journal_step step = {.way = 'p'};
	struct journal_state state;

	for (unsigned i = 0; i < 8; i++) {
		g_autoptr(journal_auto) journal = open_it(f);
		bool ok = journal_begin(journal, TX, "plan", 4, "sig", 3, 2, NULL);

		switch (i) {
		case 0: /* before the commit */
			ok = ok && journal_act(journal, 0, NULL);
			break;
		case 1:
			ok = ok && journal_halted(journal, NULL);
			break;
		case 2: /* not halted */
			ok = ok && journal_commit(journal, NULL) && journal_resume(journal, NULL);
			break;
		case 3:
			ok = ok && journal_commit(journal, NULL) && journal_undo(journal, NULL);
			break;
		case 4: /* not begun */
			ok = ok && journal_commit(journal, NULL) &&
			     journal_acted(journal, 0, false, NULL);
			break;
		case 5: /* no such step */
			ok = ok && journal_commit(journal, NULL) && journal_act(journal, 2, NULL);
			break;
		case 6: /* halted */
			ok = ok && journal_commit(journal, NULL) && journal_halted(journal, NULL) &&
			     journal_act(journal, 0, NULL);
			break;
		default: /* at its end */
			ok = ok && journal_commit(journal, NULL) &&
			     journal_committed(journal, NULL) &&
			     journal_step(journal, 0, &step, NULL);
		}
		g_assert_true(ok);
		journal_close(g_steal_pointer(&journal));
		g_assert_false(load(f, &state));
		g_assert_cmpint(g_unlink(f->file), ==, 0);
	}
}

static void test_too_many_steps_are_refused(struct fixture *f, const void *data)
{
	g_autoptr(journal_auto) journal = open_it(f);
	struct journal_state state;

	(void)data;
	g_assert_true(journal_begin(journal, TX, "plan", 4, "sig", 3, 11, NULL));
	journal_close(g_steal_pointer(&journal));
	g_assert_false(load(f, &state));
}

static void test_second_is_locked_out(struct fixture *f, const void *data)
{
	g_autoptr(journal_auto) journal = open_it(f);
	g_autoptr(GError) error = NULL;
	struct journal *second = NULL;

	(void)data;
	g_assert_nonnull(journal);
	g_assert_false(journal_open(f->folder, &second, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_TIMEOUT);
	g_assert_null(second);
}

static void test_open_folder_is_refused(struct fixture *f, const void *data)
{
	g_autoptr(GError) error = NULL;
	struct journal *journal = NULL;

	(void)data;
	scratch_folder(f->dir, "apply/web");
	g_assert_cmpint(chmod(f->folder, 0775), ==, 0);
	g_assert_false(journal_open(f->folder, &journal, &error));
	g_assert_nonnull(strstr(error->message, "nobody else may write there"));
	g_clear_error(&error);
	g_assert_cmpint(chmod(f->folder, 0755), ==, 0);
	if (geteuid() == 0) {
		g_assert_cmpint(chown(f->folder, 65534, 65534), ==, 0);
		g_assert_false(journal_open(f->folder, &journal, &error));
		g_assert_nonnull(strstr(error->message, "must belong to the user"));
	}
}

static void test_link_is_refused(struct fixture *f, const void *data)
{
	g_autofree char *link = g_build_filename(f->dir, "link", NULL);
	g_autoptr(GError) error = NULL;
	struct journal *journal = NULL;

	(void)data;
	scratch_folder(f->dir, "real");
	g_assert_cmpint(symlink("real", link), ==, 0);
	g_assert_false(journal_open(link, &journal, &error));
	g_assert_nonnull(error);
}

#define ADD(name, function) g_test_add(name, struct fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("/journal/comes-back", test_comes_back);
	ADD("/journal/cut-short-anywhere", test_cut_short_anywhere);
	ADD("/journal/damage-is-found", test_damage_is_found);
	ADD("/journal/dropped-or-swapped-line-is-found", test_dropped_or_swapped_line_is_found);
	ADD("/journal/acts-and-halts-come-back", test_acts_and_halts_come_back);
	ADD("/journal/halt-ends", test_halt_ends);
	ADD("/journal/goes-on-after-a-cut", test_goes_on_after_a_cut);
	ADD("/journal/lines-out-of-place-are-refused", test_lines_out_of_place_are_refused);
	ADD("/journal/too-many-steps-are-refused", test_too_many_steps_are_refused);
	ADD("/journal/open-folder-is-refused", test_open_folder_is_refused);
	ADD("/journal/link-is-refused", test_link_is_refused);
	ADD("/journal/second-is-locked-out", test_second_is_locked_out);
	return g_test_run();
}
