/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A renderer: its program and input are noted, it is run shut in, and its words are judged. */
#include "worker/render.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/secure.h"
#include "base/text.h"
#include "worker/render-input.h"
#include "worker/render-reads.h"
#include "worker/render-scratch.h"

#define QUOTED_LINES 6

G_DEFINE_QUARK(render - error - quark, render_error)

/* The same wherever it runs. Helm and kustomize find nothing of anybody's there, and Go's
 * programs neither proxy nor cache. */
static const char *const environment[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	"HOME=/tmp/home",
	"TMPDIR=/tmp",
	"XDG_CACHE_HOME=/tmp/home/.cache",
	"XDG_CONFIG_HOME=/tmp/home/.config",
	"XDG_DATA_HOME=/tmp/home/.local/share",
	"HELM_CACHE_HOME=/tmp/home/.cache/helm",
	"HELM_CONFIG_HOME=/tmp/home/.config/helm",
	"HELM_DATA_HOME=/tmp/home/.local/share/helm",
	"KUSTOMIZE_PLUGIN_HOME=/tmp/home/.config/kustomize/plugin",
	"LANG=C.UTF-8",
	"LC_ALL=C.UTF-8",
	"TZ=UTC",
	"USER=render",
	"LOGNAME=render",
	NULL,
};

/* A program as it stands there. */
struct program {
	char *path; /* links followed */
	struct hash hash;
	struct stat st;
};

struct rendering {
	const struct render_ask *ask;
	struct program program;
	struct render_scratch scratch;
	char *input;
	char **reads; /* where ask's lead */
	uid_t uid;
};

static void rendering_clear(struct rendering *r)
{
	render_scratch_remove(&r->scratch);
	g_free(r->input);
	g_strfreev(r->reads);
	free(r->program.path);
}

static bool hash_program(int fd, const char *path, struct hash *out, GError **error)
{
	g_autofree char *buffer = g_malloc(1 << 16);
	struct hash_state state;
	ssize_t got;

	hash_init(&state);
	while ((got = read(fd, buffer, 1 << 16)) != 0) {
		if (got < 0 && errno != EINTR) {
			return fail_errno(error, "cannot read '%s'", path);
		}
		hash_update(&state, buffer, got > 0 ? (size_t)got : 0);
	}
	hash_final(&state, out);
	return true;
}

static bool refuse_program(const struct render_ask *ask, const char *why, GError **error)
{
	return fail(error, RENDER_ERROR, RENDER_ERROR_PROGRAM, "the renderer '%s' %s", ask->argv[0],
		    why);
}

static bool find_program(const struct render_ask *ask, struct program *out, GError **error)
{
	g_autoptr(GError) own = NULL;
	autofd fd = -1;

	if (!g_path_is_absolute(ask->argv[0])) {
		return refuse_program(ask, "is not named by its whole path", error);
	}
	out->path = realpath(ask->argv[0], NULL);
	fd = out->path == NULL ? -1 : open(out->path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &out->st) != 0) {
		return fail(error, RENDER_ERROR, RENDER_ERROR_PROGRAM,
			    "the renderer '%s' cannot be opened: %s", ask->argv[0],
			    g_strerror(errno));
	}
	if (!S_ISREG(out->st.st_mode) || (out->st.st_mode & 0111) == 0) {
		return refuse_program(ask, "is no program", error);
	}
	if (!secure_linked(ask->argv[0], &own)) {
		return fail(error, RENDER_ERROR, RENDER_ERROR_PROGRAM,
			    "others may change the renderer '%s': %s", ask->argv[0], own->message);
	}
	return hash_program(fd, out->path, &out->hash, error);
}

/* What was hashed is what ran. */
static bool program_is_same(const struct program *program)
{
	const struct stat *was = &program->st;
	struct stat now;

	return stat(program->path, &now) == 0 && now.st_dev == was->st_dev &&
	       now.st_ino == was->st_ino && now.st_size == was->st_size &&
	       now.st_mtim.tv_sec == was->st_mtim.tv_sec &&
	       now.st_mtim.tv_nsec == was->st_mtim.tv_nsec &&
	       now.st_ctim.tv_sec == was->st_ctim.tv_sec &&
	       now.st_ctim.tv_nsec == was->st_ctim.tv_nsec;
}

/* A folder that only we and whoever the renderer becomes can enter. */
static bool make_scratch(struct rendering *r, GError **error)
{
	if (!render_scratch_make(&r->scratch, error)) {
		return false;
	}
	r->input = g_build_filename(r->scratch.path, "input", NULL);
	if (mkdir(r->input, 0700) != 0) {
		return fail_errno(error, "cannot make '%s'", r->input);
	}
	r->uid = sandbox_uid();
	if (r->uid != geteuid() && chown(r->scratch.path, r->uid, (gid_t)r->uid) != 0) {
		return fail_errno(error, "cannot give away '%s'", r->scratch.path);
	}
	return true;
}

/* The end of what it said: whole lines, harmless. NULL: nothing. */
static char *tidy_said(const GString *err)
{
	size_t skip = err == NULL || err->len <= RENDER_SAID ? 0 : err->len - RENDER_SAID;
	g_autoptr(GString) out = g_string_new(NULL);
	g_auto(GStrv) lines = NULL;

	if (err == NULL) {
		return NULL;
	}
	/* Not from the middle of a character. */
	while (skip > 0 && skip < err->len && ((unsigned char)err->str[skip] & 0xc0) == 0x80) {
		skip++;
	}
	lines = g_strsplit(err->str + skip, "\n", -1);
	for (char **line = lines; *line != NULL; line++) {
		g_autofree char *harmless = text_escape(g_strchomp(*line), -1, TEXT_TABS);

		if (*harmless != '\0') {
			g_string_append_printf(out, "%s%s", out->len > 0 ? "\n" : "", harmless);
		}
	}
	return out->len > 0 ? g_strdup(out->str) : NULL;
}

/* For an error, which is one line. */
static char *quote_said(const char *said)
{
	g_auto(GStrv) lines = g_strsplit(said != NULL ? said : "", "\n", -1);
	guint count = g_strv_length(lines);
	guint first = count > QUOTED_LINES ? count - QUOTED_LINES : 0;
	g_autofree char *text = g_strjoinv(" / ", lines + first);

	g_strdelimit(text, "\t", ' ');
	return *text != '\0' ? g_strconcat(": ", text, NULL) : g_strdup("");
}

static bool tell_end(const struct render_ask *ask, int status, const char *said, GError **error)
{
	g_autofree char *quoted = quote_said(said);

	if (status > 128) {
		return fail(error, RENDER_ERROR, RENDER_ERROR_REFUSED,
			    "the renderer '%s' was ended by signal %d%s", ask->argv[0],
			    status - 128, quoted);
	}
	return fail(error, RENDER_ERROR, RENDER_ERROR_REFUSED,
		    "the renderer '%s' failed with code %d%s", ask->argv[0], status, quoted);
}

/* It did not come to its own end. */
static bool tell_run(const struct render_ask *ask, const GError *why, const char *said,
		     unsigned timeout, size_t max, GError **error)
{
	g_autofree char *quoted = quote_said(said);

	if (g_error_matches(why, BASE_ERROR, BASE_ERROR_TIMEOUT)) {
		return fail(error, RENDER_ERROR, RENDER_ERROR_LIMIT,
			    "the renderer '%s' did not end within %u seconds%s", ask->argv[0],
			    timeout, quoted);
	}
	if (g_error_matches(why, BASE_ERROR, BASE_ERROR_LIMIT)) {
		return fail(error, RENDER_ERROR, RENDER_ERROR_LIMIT,
			    "the renderer '%s' writes more than %zu bytes", ask->argv[0], max);
	}
	if (g_error_matches(why, BASE_ERROR, BASE_ERROR_CANCELLED)) {
		return fail(error, RENDER_ERROR, RENDER_ERROR_STOPPED, "stopped");
	}
	if (g_error_matches(why, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
		return fail(error, RENDER_ERROR, RENDER_ERROR_SANDBOX,
			    "the renderer '%s' is not run: %s", ask->argv[0], why->message);
	}
	return fail(error, RENDER_ERROR, RENDER_ERROR_FAILED, "the renderer '%s': %s", ask->argv[0],
		    why->message);
}

static bool judge(const struct rendering *r, const struct proc_result *result, const char *said,
		  GError **error)
{
	if (result->status != 0) {
		return tell_end(r->ask, result->status, said, error);
	}
	if (!program_is_same(&r->program)) {
		return refuse_program(r->ask, "was changed while it ran", error);
	}
	if (result->out->len == 0) {
		g_autofree char *quoted = quote_said(said);

		return fail(error, RENDER_ERROR, RENDER_ERROR_REFUSED,
			    "the renderer '%s' wrote nothing%s", r->ask->argv[0], quoted);
	}
	if (!g_utf8_validate_len(result->out->str, result->out->len, NULL)) {
		return refuse_program(r->ask, "wrote what is no UTF-8 text", error);
	}
	return true;
}

static bool run(const struct rendering *r, struct proc_result *result, struct render_facts *facts,
		GError **error)
{
	const struct render_ask *ask = r->ask;
	unsigned timeout = ask->timeout > 0 ? ask->timeout : RENDER_TIMEOUT;
	size_t max = ask->max_output > 0 ? ask->max_output : RENDER_MAX_OUTPUT;
	const char *beneath = ask->folder + strlen(ask->root);
	g_autofree char *cwd = g_build_filename(RENDER_INPUT, beneath, NULL);
	struct sandbox sandbox = {.kind = ask->sandbox,
				  .program = r->program.path,
				  .argv = ask->argv,
				  .reads = ask->reads,
				  .real = r->reads,
				  .env = environment,
				  .scratch = r->scratch.path,
				  .input = r->input,
				  .place = RENDER_INPUT,
				  .cwd = cwd,
				  .uid = r->uid};
	struct proc_spec limits = {.timeout = timeout,
				   .max_output = max,
				   .keep_output = true,
				   .stopped = ask->stopped,
				   .stopped_user = ask->user};
	g_autoptr(GError) own = NULL;
	bool ran = sandbox_run(&sandbox, &limits, result, &facts->sandbox, &own);

	facts->said = tidy_said(result->err);
	return ran ? judge(r, result, facts->said, error)
		   : tell_run(ask, own, facts->said, timeout, max, error);
}

static bool check_folder(const struct render_ask *ask, GError **error)
{
	struct reader_entry entry;

	g_assert(*ask->root == '\0' || strcmp(ask->root, ask->folder) == 0 ||
		 (g_str_has_prefix(ask->folder, ask->root) &&
		  ask->folder[strlen(ask->root)] == '/'));
	if (!reader_stat(ask->reader, ask->folder, &entry, error)) {
		return false;
	}
	if (entry.type != READER_FOLDER) {
		g_autofree char *shown = text_escape(ask->folder, -1, 0);

		return fail(error, RENDER_ERROR, RENDER_ERROR_INPUT,
			    "the commit has no folder '%s'", shown);
	}
	return true;
}

static bool render(struct rendering *r, GString **out, struct render_facts *facts, GError **error)
{
	struct proc_result result = {0};
	bool good;

	if (!check_folder(r->ask, error) || !find_program(r->ask, &r->program, error) ||
	    !render_reads(r->ask->reads, r->ask->hidden, &r->reads, error) ||
	    !make_scratch(r, error) ||
	    !render_input_write(r->ask, r->input, r->uid, &facts->input, error)) {
		return false;
	}
	facts->program = g_strdup(r->program.path);
	facts->program_is = r->program.hash;
	good = run(r, &result, facts, error);
	if (good) {
		hash_bytes(&facts->output, result.out->str, result.out->len);
		*out = g_steal_pointer(&result.out);
	}
	proc_result_clear(&result);
	return good;
}

bool render_run(const struct render_ask *ask, GString **out, struct render_facts *facts,
		GError **error)
{
	struct rendering r = {.ask = ask};
	struct render_facts found = {0};
	bool good = render(&r, out, &found, error);

	rendering_clear(&r);
	if (good) {
		*facts = found;
	} else {
		render_facts_clear(&found);
	}
	return good;
}

void render_facts_clear(struct render_facts *facts)
{
	g_clear_pointer(&facts->program, g_free);
	g_clear_pointer(&facts->said, g_free);
}
