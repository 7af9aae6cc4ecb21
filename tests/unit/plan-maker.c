/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Drafts and plans for tests. */
#include "plan-maker.h"

#include <glib/gstdio.h>
#include <string.h>

#include "scratch.h"

#define D64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

const char maker_draft[] =
	"{\"changes\":[{\"action\":\"remove\",\"desired\":{\"type\":\"absent\"},\"diff\":"
	"\"sha256:" D64
	"\",\"diff_size\":7,\"id\":\"file:/srv/old\",\"kind\":\"tree\",\"observed\":{\"digest\":"
	"\"sha256:" D64
	"\",\"gid\":0,\"group\":\"root\",\"mode\":420,\"owner\":\"root\",\"size\":3,"
	"\"type\":\"file\",\"uid\":0},\"path\":\"/srv/"
	"old\",\"risk\":[\"deletion\",\"root\"],\"root\":"
	"\"/srv\"},{\"action\":\"create\",\"desired\":{\"digest\":\"sha256:" D64
	"\",\"mode\":416,\"size\":3,\"type\":\"file\"},\"diff\":\"sha256:" D64
	"\",\"diff_size\":9,\"id\":\"file:/etc/new\",\"kind\":\"file\",\"observed\":{\"type\":"
	"\"absent\"},\"path\":\"/etc/new\",\"risk\":[]}],\"checks\":[],\"diff\":\"sha256:" D64
	"\",\"diff_size\":16,\"on_failure\":\"rollback\"}";

const char maker_commits[] =
	"{\"authors\":[\"dora@example.org\",\"git@example.org\"],\"authors_total\":2,"
	"\"commits\":[{\"author_email\":\"dora@example.org\",\"author_name\":\"Dora\","
	"\"committer_email\":\"git@example.org\",\"committer_name\":\"Forge\",\"id\":"
	"\"" MAKER_COMMIT
	"\",\"signature\":\"none\",\"subject\":\"change\",\"time\":1767225000}],\"total\":1}";

struct draft *maker_load(const char *text)
{
	char *dir = scratch_new();
	g_autofree char *file = g_build_filename(dir, "draft.json", NULL);
	struct draft *draft = NULL;
	GError *error = NULL;

	g_assert_true(g_file_set_contents(file, text, -1, &error));
	g_assert_no_error(error);
	if (!draft_load(file, 10, &draft, &error)) {
		g_error("%s", error->message);
	}
	scratch_free(dir);
	return draft;
}

void maker_input(struct planner_input *in)
{
	*in = (struct planner_input){
		.agent = "web1.test",
		.stack = "web",
		.nonce = "00112233445566778899aabbccddeeff",
		.reason = "commit",
		.repository = "https://git.example.org/ops.git",
		.ref = "refs/heads/main",
		.path = "hosts/web1",
		.seq = 7,
		.created = 1767225600,
		.base_commit = "",
		.base_tree = "",
		.commit = MAKER_COMMIT,
		.tree = MAKER_TREE,
		.commits = maker_commits,
		.commits_len = sizeof(maker_commits) - 1,
	};
}
