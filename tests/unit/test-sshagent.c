/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of cli/sshagent.c against a scripted agent; tests/data/sshagent has a real one's bytes. */
#include "cli/sshagent.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "core/json.h"

#define NS "approval@gate.example.com"

/* An agent that expects one request after the other and gives the answer of each. */
struct script {
	const GByteArray *request[3]; /* NULL: any */
	const GByteArray *answer[3];
	int listener;
	char *dir, *path;
	GThread *thread;
};

static GByteArray *from_hex(const char *hex)
{
	GByteArray *out = g_byte_array_new();

	for (size_t i = 0; hex[i] != '\0'; i += 2) {
		uint8_t byte = (uint8_t)(g_ascii_xdigit_value(hex[i]) << 4 |
					 g_ascii_xdigit_value(hex[i + 1]));

		g_byte_array_append(out, &byte, 1);
	}
	return out;
}

static void put_string(GByteArray *out, const void *data, size_t len)
{
	uint8_t head[4] = {(uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8),
			   (uint8_t)len};

	g_byte_array_append(out, head, 4);
	g_byte_array_append(out, data, (guint)len);
}

static gpointer serve(gpointer user)
{
	struct script *s = user;
	autofd fd = accept(s->listener, NULL, NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(s->answer) && s->answer[i] != NULL; i++) {
		uint8_t head[4], body[4096];
		size_t len;

		if (recv(fd, head, 4, MSG_WAITALL) != 4) {
			break;
		}
		len = (size_t)head[2] << 8 | head[3];
		g_assert_cmpuint(len, <=, sizeof(body));
		g_assert_cmpint(recv(fd, body, len, MSG_WAITALL), ==, (ssize_t)len);
		if (s->request[i] != NULL) {
			g_assert_cmpmem(body, len, s->request[i]->data + 4, s->request[i]->len - 4);
		}
		g_assert_cmpint(send(fd, s->answer[i]->data, s->answer[i]->len, MSG_NOSIGNAL), ==,
				(ssize_t)s->answer[i]->len);
	}
	return NULL;
}

static struct sshagent *start(struct script *s)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct sshagent *agent = NULL;
	g_autoptr(GError) error = NULL;

	s->dir = g_dir_make_tmp("assent-sshagent-XXXXXX", NULL);
	s->path = g_build_filename(s->dir, "s", NULL);
	g_strlcpy(address.sun_path, s->path, sizeof(address.sun_path));
	s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(bind(s->listener, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	g_assert_cmpint(listen(s->listener, 1), ==, 0);
	s->thread = g_thread_new("agent", serve, s);
	g_assert_true(sshagent_open(s->path, &agent, &error));
	g_assert_no_error(error);
	return agent;
}

static void stop(struct script *s, struct sshagent *agent)
{
	sshagent_close(agent);
	g_thread_join(s->thread);
	(void)close(s->listener);
	(void)g_unlink(s->path);
	(void)g_rmdir(s->dir);
	g_free(s->path);
	g_free(s->dir);
}

static char *data_file(const char *name, size_t *len)
{
	g_autofree char *path = g_test_build_filename(G_TEST_DIST, "data", "sshagent", name, NULL);
	char *text = NULL;
	gsize size = 0;

	g_assert_true(g_file_get_contents(path, &text, &size, NULL));
	*len = size;
	return text;
}

static GByteArray *recorded(const char *name)
{
	size_t len;
	g_autofree char *text = data_file("transcript.json", &len);
	g_autoptr(json_doc_auto) doc = NULL;
	struct json_obj root;

	g_assert_cmpint(json_doc_parse(&doc, text, len, 0, NULL), ==, 0);
	json_doc_root(doc, &root);
	return from_hex(json_str(&root, name, 10000));
}

static void test_a_recorded_agent_signs(void)
{
	g_autoptr(GByteArray) list = recorded("request_identities_hex");
	g_autoptr(GByteArray) keys_answer = recorded("identities_answer_hex");
	g_autoptr(GByteArray) sign = recorded("sign_request_hex");
	g_autoptr(GByteArray) signature = recorded("sign_response_hex");
	g_autoptr(GByteArray) refusal = recorded("sign_request_unknown_key_response_hex");
	struct script s = {.request = {list, sign, NULL},
			   .answer = {keys_answer, signature, refusal}};
	struct sshagent *agent = start(&s);
	g_autoptr(GPtrArray) keys = NULL;
	g_autoptr(GError) error = NULL;
	autocfree char *armor = NULL;
	size_t len, want_len;
	g_autofree char *msg = data_file("approval-alice.json", &len);
	g_autofree char *want = data_file("approval-alice.json.sig", &want_len);
	const struct sshagent_key *key;

	g_assert_true(sshagent_list(agent, &keys, &error));
	g_assert_cmpuint(keys->len, ==, 1);
	key = keys->pdata[0];
	g_assert_true(key->supported);
	g_assert_cmpstr(key->type, ==, "ssh-ed25519");
	g_assert_cmpstr(key->comment, ==, "../keys/alice");
	g_assert_true(sshagent_sign(agent, key, NS, msg, len, &armor, &error));
	g_assert_no_error(error);
	g_assert_cmpstr(armor, ==, want);
	g_assert_false(sshagent_sign(agent, key, NS, msg, len, &armor, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_CANCELLED);
	stop(&s, agent);
}

/* An answer to a sign request as an agent with a FIDO key gives it, from an armored signature. */
static GByteArray *sk_answer(const char *file, struct ssh_key *key)
{
	static const char type[] = "sk-ssh-ed25519@openssh.com";
	size_t len;
	g_autofree char *armor = data_file(file, &len);
	g_autoptr(GByteArray) inner = g_byte_array_new(), body = g_byte_array_new();
	GByteArray *framed = g_byte_array_new();
	struct sshsig sig;

	g_assert_cmpint(sshsig_parse(&sig, armor, len, NULL), ==, 0);
	*key = sig.key;
	put_string(inner, type, strlen(type));
	put_string(inner, sig.sig, sizeof(sig.sig));
	g_byte_array_append(inner, &sig.flags, 1);
	g_byte_array_append(inner,
			    (uint8_t[]){(uint8_t)(sig.counter >> 24), (uint8_t)(sig.counter >> 16),
					(uint8_t)(sig.counter >> 8), (uint8_t)sig.counter},
			    4);
	g_byte_array_append(body, (uint8_t[]){14}, 1);
	put_string(body, inner->data, inner->len);
	put_string(framed, body->data, body->len);
	return framed;
}

static bool sign_with_sk(const char *file, GError **error)
{
	struct ssh_key pub;
	g_autoptr(GByteArray) answer = sk_answer(file, &pub);
	struct script s = {.answer = {answer}};
	struct sshagent *agent = start(&s);
	autocfree uint8_t *blob = NULL;
	autocfree char *armor = NULL;
	size_t blob_len, len, want_len;
	g_autofree char *msg = data_file("approval-carol.json", &len);
	g_autofree char *want = data_file(file, &want_len);
	struct sshagent_key key = {.type = (char *)"sk-ssh-ed25519@openssh.com", .supported = true};
	bool ok;

	g_assert_cmpint(ssh_key_to_blob(&pub, &blob, &blob_len, NULL), ==, 0);
	key.key = pub;
	key.blob = g_bytes_new(blob, blob_len);
	ok = sshagent_sign(agent, &key, NS, msg, len, &armor, error);
	if (ok) {
		g_assert_cmpstr(armor, ==, want);
	}
	g_bytes_unref(key.blob);
	stop(&s, agent);
	return ok;
}

static void test_a_touched_security_key_signs(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_true(sign_with_sk("approval-carol.json.sig", &error));
	g_assert_no_error(error);
}

static void test_an_untouched_security_key_is_refused(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(sign_with_sk("no-touch.sig", &error));
	g_assert_nonnull(error);
	g_assert_nonnull(strstr(error->message, "not accepted"));
}

static void test_other_types_are_named_not_used(void)
{
	/* One key "ssh-rsa" with nothing behind its type. */
	g_autoptr(GByteArray) answer =
		from_hex("0000001c0c000000010000000b000000077373682d727361000000047465616d");
	struct script s = {.answer = {answer}};
	struct sshagent *agent = start(&s);
	g_autoptr(GPtrArray) keys = NULL;
	g_autoptr(GError) error = NULL;
	autocfree char *armor = NULL;
	const struct sshagent_key *key;

	g_assert_true(sshagent_list(agent, &keys, &error));
	key = keys->pdata[0];
	g_assert_false(key->supported);
	g_assert_cmpstr(key->type, ==, "ssh-rsa");
	g_assert_cmpstr(key->comment, ==, "team");
	g_assert_false(sshagent_sign(agent, key, NS, "x", 1, &armor, &error));
	g_assert_nonnull(strstr(error->message, "ssh-rsa"));
	stop(&s, agent);
}

static void test_malformed_lists_are_refused(void)
{
	static const char *const answers[] = {
		"00000000",			      /* empty message */
		"00050000",			      /* larger than the bound */
		"000000010c",			      /* no count */
		"000000050c00000001",		      /* a key is missing */
		"000000050cffffffff",		      /* too many */
		"000000060c0000000000",		      /* a byte too many */
		"0000000d0c000000010000ffff00000000", /* string beyond the end */
		"000000050e00000000",		      /* another message */
		"0000000105",			      /* refused */
	};

	for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
		g_autoptr(GByteArray) answer = from_hex(answers[i]);
		struct script s = {.answer = {answer}};
		struct sshagent *agent = start(&s);
		g_autoptr(GPtrArray) keys = NULL;
		g_autoptr(GError) error = NULL;

		g_assert_false(sshagent_list(agent, &keys, &error));
		g_assert_nonnull(error);
		g_assert_null(keys);
		stop(&s, agent);
	}
}

static void test_no_agent_is_told(void)
{
	struct sshagent *agent = NULL;
	g_autoptr(GError) unset = NULL, absent = NULL;

	g_unsetenv("SSH_AUTH_SOCK");
	g_assert_false(sshagent_open(NULL, &agent, &unset));
	g_assert_error(unset, BASE_ERROR, BASE_ERROR_NOT_FOUND);
	g_assert_false(sshagent_open("/nonexistent/agent", &agent, &absent));
	g_assert_error(absent, BASE_ERROR, BASE_ERROR_NOT_FOUND);
	g_assert_null(agent);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sshagent/no-agent-is-told", test_no_agent_is_told);
	g_test_add_func("/sshagent/a-recorded-agent-signs", test_a_recorded_agent_signs);
	g_test_add_func("/sshagent/a-touched-security-key-signs",
			test_a_touched_security_key_signs);
	g_test_add_func("/sshagent/an-untouched-security-key-is-refused",
			test_an_untouched_security_key_is_refused);
	g_test_add_func("/sshagent/other-types-are-named-not-used",
			test_other_types_are_named_not_used);
	g_test_add_func("/sshagent/malformed-lists-are-refused", test_malformed_lists_are_refused);
	return g_test_run();
}
