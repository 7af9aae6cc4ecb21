/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finds the key of an approver and signs with it. */
#include "cli/sign.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <signal.h>
#include <string.h>

#include "base/autoptr.h"
#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/problem.h"
#include "cli/sshagent.h"

#define MAX_KEY_FILE 65536

struct signing {
	char *person;
	struct ssh_key key;
	char *file; /* NULL: the agent signs */
	struct sshagent *agent;
	GPtrArray *agent_keys; /* owns agent_key */
	const struct sshagent_key *agent_key;
};

void signing_free(struct signing *signing)
{
	if (signing == NULL) {
		return;
	}
	g_free(signing->person);
	g_free(signing->file);
	sshagent_close(signing->agent);
	if (signing->agent_keys != NULL) {
		g_ptr_array_unref(signing->agent_keys);
	}
	g_free(signing);
}

const char *signing_person(const struct signing *signing)
{
	return signing->person;
}

const struct ssh_key *signing_key(const struct signing *signing)
{
	return &signing->key;
}

static bool is_accepted_type(const char *type)
{
	return strcmp(type, "ssh-ed25519") == 0 || strcmp(type, "sk-ssh-ed25519@openssh.com") == 0;
}

static bool refuse_type(GError **error, const char *file, const char *type)
{
	return problem(error, EXIT_REFUSED, "key-type",
		       _("make one with 'ssh-keygen -t ed25519' or, with a security key,\n"
			 "'ssh-keygen -t ed25519-sk', and have it added to the approver list"),
		       _("'%s' has a key of type %s: only ssh-ed25519 and "
			 "sk-ssh-ed25519@openssh.com may approve"),
		       file, type);
}

static bool parse_public(const char *file, const char *text, struct ssh_key *key, GError **error)
{
	g_autofree char *line = g_strndup(text, strcspn(text, "\r\n"));
	g_autofree char *type = g_strndup(line, strcspn(line, " \t"));
	struct assent_error core;

	if ((g_str_has_prefix(type, "ssh-") || g_str_has_prefix(type, "sk-") ||
	     g_str_has_prefix(type, "ecdsa-")) &&
	    !is_accepted_type(type)) {
		return refuse_type(error, file, type);
	}
	if (ssh_key_parse_line(key, line, &core) != 0) {
		return fail_core(error, &core, "public key '%s'", file);
	}
	return true;
}

bool sign_read_public(const char *file, struct ssh_key *key, GError **error)
{
	g_autofree char *beside =
		g_str_has_suffix(file, ".pub") ? g_strdup(file) : g_strconcat(file, ".pub", NULL);
	g_autofree char *text = NULL;
	g_autoptr(GError) why = NULL;
	size_t len = 0;

	if (!file_read(beside, MAX_KEY_FILE, &text, &len, &why)) {
		g_autofree char *hint =
			g_strdup_printf(_("'ssh-keygen -y -f %s > %s' writes it"), file, beside);

		return problem(error, EXIT_REFUSED, "no-key", hint,
			       _("cannot read the public key: %s"), why->message);
	}
	return parse_public(beside, text, key, error);
}

bool sign_person_of(const struct signers *signers, const struct ssh_key *key, const char **person,
		    GError **error)
{
	char fingerprint[SSH_FINGERPRINT_SIZE];
	const char *found = NULL;

	ssh_key_fingerprint(fingerprint, key);
	for (size_t i = 0; i < signers->count; i++) {
		const struct signer *s = &signers->items[i];

		if (!ssh_key_equal(&s->key, key)) {
			continue;
		}
		if (found != NULL && strcmp(found, s->principal) != 0) {
			return problem(error, EXIT_USAGE, "ambiguous-person", _("say --as PERSON"),
				       _("the approver list has the key %s for '%s' and '%s'"),
				       fingerprint, found, s->principal);
		}
		found = s->principal;
	}
	if (found == NULL) {
		return problem(error, EXIT_REFUSED, "unknown-key", NULL,
			       _("the key %s is not in the approver list of this plan"),
			       fingerprint);
	}
	*person = found;
	return true;
}

/* What was looked at in vain, for the message. */
struct search {
	const struct signers *signers;
	const char *person;
	GPtrArray *people; /* of the usable keys; borrowed names, each once */
	GString *seen;
};

static void remember(struct search *s, const char *where, const char *type, const char *name)
{
	g_autofree char *safe_type = text_escape(type, -1, 0);
	g_autofree char *safe_name = text_escape(name, -1, 0);

	g_string_append_printf(s->seen, "\n  %s: %s %s", where, safe_type, safe_name);
}

/* True when key may be used; adds whom it stands for. A line may name several people. */
static bool consider(struct search *s, const struct ssh_key *key)
{
	bool usable = false;

	for (size_t i = 0; i < s->signers->count; i++) {
		const struct signer *entry = &s->signers->items[i];

		if (!ssh_key_equal(&entry->key, key) ||
		    (s->person != NULL && strcmp(entry->principal, s->person) != 0)) {
			continue;
		}
		usable = true;
		if (!g_ptr_array_find_with_equal_func(s->people, entry->principal, g_str_equal,
						      NULL)) {
			g_ptr_array_add(s->people, entry->principal);
		}
	}
	return usable;
}

static void search_agent(struct search *s, struct signing *signing)
{
	if (!sshagent_open(NULL, &signing->agent, NULL) ||
	    !sshagent_list(signing->agent, &signing->agent_keys, NULL)) {
		return;
	}
	for (guint i = 0; i < signing->agent_keys->len; i++) {
		const struct sshagent_key *key = signing->agent_keys->pdata[i];

		if (!key->supported) {
			remember(s, _("ssh-agent, type not accepted"), key->type, key->comment);
		} else if (!consider(s, &key->key)) {
			remember(s, _("ssh-agent, not in the list"), key->type, key->comment);
		} else if (signing->agent_key == NULL) {
			signing->agent_key = key;
			signing->key = key->key;
		}
	}
}

static void search_files(struct search *s, const char *home, struct signing *signing)
{
	static const char *const names[] = {"id_ed25519", "id_ed25519_sk"};

	for (size_t i = 0; i < G_N_ELEMENTS(names) && signing->agent_key == NULL; i++) {
		g_autofree char *file = g_build_filename(home, ".ssh", names[i], NULL);
		struct ssh_key key;

		if (!sign_read_public(file, &key, NULL)) {
			continue;
		}
		if (!consider(s, &key)) {
			remember(s, _("file, not in the list"), file, "");
		} else if (signing->file == NULL) {
			signing->file = g_steal_pointer(&file);
			signing->key = key;
		}
	}
}

static bool nothing_found(const struct search *s, GError **error)
{
	g_autofree char *hint = g_strdup_printf("%s%s",
						s->seen->len > 0 ? _("looked at:")
								 : _("no key was found; "
								     "--key FILE names one"),
						s->seen->str);

	if (s->person != NULL && !signers_has_principal(s->signers, s->person)) {
		return problem(error, EXIT_REFUSED, "unknown-person", NULL,
			       _("'%s' is not in the approver list of this plan"), s->person);
	}
	if (s->person != NULL) {
		return problem(error, EXIT_REFUSED, "no-key", hint,
			       _("none of your keys is listed for '%s'"), s->person);
	}
	return problem(error, EXIT_REFUSED, "no-key", hint,
		       _("none of your keys is in the approver list of this plan"));
}

static bool settle_person(const struct search *s, struct signing *signing, GError **error)
{
	if (s->people->len == 0) {
		return nothing_found(s, error);
	}
	if (s->people->len > 1) {
		return problem(error, EXIT_USAGE, "ambiguous-person", _("say --as PERSON"),
			       _("your keys stand for '%s' and '%s'"),
			       (const char *)s->people->pdata[0],
			       (const char *)s->people->pdata[1]);
	}
	signing->person = g_strdup(s->people->pdata[0]);
	return true;
}

static bool search(struct search *s, const char *key_file, const char *home,
		   struct signing *signing, GError **error)
{
	if (key_file == NULL) {
		search_agent(s, signing);
		search_files(s, home, signing);
		return true;
	}
	if (!sign_read_public(key_file, &signing->key, error)) {
		return false;
	}
	signing->file = g_strdup(key_file);
	if (!consider(s, &signing->key)) {
		remember(s, _("file, not in the list"), key_file, "");
	}
	return true;
}

bool sign_choose(const struct signers *signers, const char *person, const char *key_file,
		 const char *home, int64_t now, struct signing **out, GError **error)
{
	g_autoptr(signing_auto) signing = g_new0(struct signing, 1);
	g_autoptr(GPtrArray) people = g_ptr_array_new();
	g_autoptr(GString) seen = g_string_new(NULL);
	struct search s = {.signers = signers, .person = person, .people = people, .seen = seen};
	const struct signer *entry;
	struct assent_error core;

	if (!search(&s, key_file, home, signing, error) || !settle_person(&s, signing, error)) {
		return false;
	}
	if (signers_find(&entry, signers, signing->person, &signing->key, SSHSIG_NS_APPROVAL, now,
			 &core) != 0) {
		return fail_core(error, &core, "'%s' cannot sign now", signing->person);
	}
	*out = g_steal_pointer(&signing);
	return true;
}

/* ssh-keygen speaks with the user itself: it keeps our terminal, unlike proc_run()'s children. */
static bool run_keygen(const char *file, const char *text, size_t len, GBytes **armor,
		       GError **error)
{
	g_autoptr(GSubprocess) child = NULL;
	g_autoptr(GBytes) input = g_bytes_new_static(text, len);
	g_autoptr(GError) pipe_error = NULL;
	const struct sigaction ignore = {.sa_handler = SIG_IGN};
	struct sigaction before;
	bool ok;

	child = g_subprocess_new(G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE,
				 error, "ssh-keygen", "-q", "-Y", "sign", "-n", SSHSIG_NS_APPROVAL,
				 "-f", file, NULL);
	if (child == NULL) {
		return fail_prefix(error, _("cannot run ssh-keygen"));
	}
	/* It may refuse the key before it reads a byte: that is an answer, not our end. */
	sigaction(SIGPIPE, &ignore, &before);
	ok = g_subprocess_communicate(child, input, NULL, armor, NULL, &pipe_error);
	sigaction(SIGPIPE, &before, NULL);
	if (!ok && !g_error_matches(pipe_error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE)) {
		g_propagate_error(error, g_steal_pointer(&pipe_error));
		return false;
	}
	if (!ok && !g_subprocess_wait(child, NULL, error)) {
		return false;
	}
	if (!ok || !g_subprocess_get_successful(child)) {
		return problem(error, EXIT_REFUSED, "not-signed", NULL,
			       _("ssh-keygen did not sign with '%s'"), file);
	}
	return true;
}

static bool sign_with_file(const struct signing *signing, const char *text, size_t len,
			   char **armor, GError **error)
{
	g_autoptr(GBytes) out = NULL;
	struct assent_error core;
	struct sshsig sig;
	const void *data;
	size_t size;

	if (!run_keygen(signing->file, text, len, &out, error)) {
		return false;
	}
	data = g_bytes_get_data(out, &size);
	if (sshsig_parse(&sig, data, size, &core) != 0 ||
	    sshsig_verify(&sig, SSHSIG_NS_APPROVAL, text, len, &core) != 0) {
		return fail_core(error, &core, "ssh-keygen's signature is not accepted");
	}
	if (!ssh_key_equal(&sig.key, &signing->key)) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    _("'%s' and its public key do not belong together"), signing->file);
	}
	if (sshsig_armor(armor, &sig, &core) != 0) {
		return fail_core(error, &core, "signature");
	}
	return true;
}

bool sign_statement(struct signing *signing, const char *text, size_t len, char **armor,
		    GError **error)
{
	if (signing->agent_key != NULL) {
		return sshagent_sign(signing->agent, signing->agent_key, SSHSIG_NS_APPROVAL, text,
				     len, armor, error);
	}
	return sign_with_file(signing, text, len, armor, error);
}

bool sign_check(const struct signers *signers, const char *person, const char *armor,
		size_t armor_len, const char *text, size_t len, int64_t now, GError **error)
{
	const struct signer *entry;
	struct assent_error core;
	struct sshsig sig;

	if (sshsig_parse(&sig, armor, armor_len, &core) != 0) {
		return fail_core(error, &core, "the signature");
	}
	if (signers_find(&entry, signers, person, &sig.key, SSHSIG_NS_APPROVAL, now, &core) != 0) {
		return fail_core(error, &core, "the signature's key");
	}
	if (sshsig_verify(&sig, SSHSIG_NS_APPROVAL, text, len, &core) != 0) {
		return problem(
			error, EXIT_REFUSED, "bad-signature",
			_("sign exactly what --print printed, for the same person and reason"),
			_("the signature is not one of this statement: %s"), core.text);
	}
	return true;
}
