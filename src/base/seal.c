/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The text of a sealed secret: written, parsed, opened. */
#include "base/seal.h"

#include <string.h>

#include "base/error.h"
#include "base/glob.h"

#define BEGIN "-----BEGIN ASSENT SEALED-----\n"
#define END "-----END ASSENT SEALED-----\n"
#define VERSION_LINE "v: 1\n"
#define FOR_WORD "for: "
#define TO_WORD "to: "
#define LINE_WIDTH 64
#define PAD_BLOCK 64 /* so that the length of a password is not seen */
#define VARIANT sodium_base64_VARIANT_ORIGINAL
#define BOX_SIZE ((size_t)crypto_box_SEALBYTES + crypto_aead_xchacha20poly1305_ietf_KEYBYTES)
#define NONCE_SIZE ((size_t)crypto_aead_xchacha20poly1305_ietf_NPUBBYTES)
#define TAG_SIZE ((size_t)crypto_aead_xchacha20poly1305_ietf_ABYTES)

struct recipient_box {
	uint8_t box[crypto_box_SEALBYTES + crypto_aead_xchacha20poly1305_ietf_KEYBYTES];
};
struct seal_box {
	char *head; /* from the first byte to the empty line: what the content is bound to */
	size_t head_len;
	char *label;
	GArray *to;    /* struct seal_public */
	GArray *boxes; /* struct recipient_box, one each */
	uint8_t *body; /* nonce, then what is encrypted */
	size_t body_len;
};

void seal_box_free(struct seal_box *box)
{
	if (box != NULL) {
		g_array_unref(box->to);
		g_array_unref(box->boxes);
		g_free(box->head);
		g_free(box->label);
		g_free(box->body);
		g_free(box);
	}
}

const char *seal_box_label(const struct seal_box *box)
{
	return box->label;
}

const struct seal_public *seal_box_recipients(const struct seal_box *box, size_t *count)
{
	*count = box->to->len;
	return (const struct seal_public *)(void *)box->to->data;
}

bool seal_label_is_valid(const char *label)
{
	size_t len = strlen(label);

	if (len == 0 || len > SEAL_MAX_LABEL || !g_utf8_validate(label, (gssize)len, NULL) ||
	    label[0] == ' ' || label[len - 1] == ' ') {
		return false;
	}
	for (const char *p = label; *p != '\0'; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f) {
			return false;
		}
	}
	return true;
}

static void put_base64(GString *out, const uint8_t *data, size_t len)
{
	size_t size = sodium_base64_ENCODED_LEN(len, VARIANT);
	g_autofree char *text = g_malloc(size);

	sodium_bin2base64(text, size, data, len, VARIANT);
	g_string_append(out, text);
}

static bool put_recipient(GString *out, const struct seal_public *to, const uint8_t *key,
			  GError **error)
{
	g_autofree char *line = seal_public_text(to);
	struct recipient_box box;

	if (crypto_box_seal(box.box, key, crypto_aead_xchacha20poly1305_ietf_KEYBYTES, to->key) !=
	    0) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    "the key of recipient '%s' is none", to->name);
	}
	g_string_append(out, TO_WORD);
	put_base64(out, box.box, sizeof(box.box));
	g_string_append_printf(out, " %s\n", line);
	return true;
}

static void put_body(GString *out, const uint8_t *data, size_t len)
{
	size_t size = sodium_base64_ENCODED_LEN(len, VARIANT);
	g_autofree char *text = g_malloc(size);

	sodium_bin2base64(text, size, data, len, VARIANT);
	for (size_t at = 0; at < size - 1; at += LINE_WIDTH) {
		g_string_append_len(out, text + at, (gssize)MIN((size_t)LINE_WIDTH, size - 1 - at));
		g_string_append_c(out, '\n');
	}
}

/* The head is what is written so far. */
static void encrypt(GString *out, const uint8_t *key, const void *data, size_t len)
{
	size_t padded = (len / PAD_BLOCK + 1) * PAD_BLOCK, used = 0;
	uint8_t *plain = sodium_malloc(padded);
	g_autofree uint8_t *body = g_malloc(NONCE_SIZE + padded + TAG_SIZE);
	unsigned long long got = 0;

	g_assert(plain != NULL);
	if (len > 0) {
		memcpy(plain, data, len);
	}
	g_assert(sodium_pad(&used, plain, len, PAD_BLOCK, padded) == 0 && used == padded);
	randombytes_buf(body, NONCE_SIZE);
	crypto_aead_xchacha20poly1305_ietf_encrypt(body + NONCE_SIZE, &got, plain, padded,
						   (const uint8_t *)out->str, out->len, NULL, body,
						   key);
	sodium_free(plain);
	put_body(out, body, NONCE_SIZE + (size_t)got);
}

static bool check_recipients(const struct seal_public *to, size_t count, GError **error)
{
	if (count == 0 || count > SEAL_MAX_RECIPIENTS) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT,
			    "a secret has 1 to %d recipients, not %zu", SEAL_MAX_RECIPIENTS, count);
	}
	for (size_t i = 0; i < count; i++) {
		for (size_t k = 0; k < i; k++) {
			if (memcmp(to[i].key, to[k].key, SEAL_KEY_SIZE) == 0) {
				return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
					    "recipient '%s' stands twice", to[i].name);
			}
		}
	}
	return true;
}

bool seal_write(const struct seal_public *to, size_t count, const char *label, const void *data,
		size_t len, char **text, size_t *text_len, GError **error)
{
	g_autoptr(GString) out = g_string_new(BEGIN VERSION_LINE);
	struct seal_bytes *key;
	bool ok = true;

	if (len > SEAL_MAX_CONTENT) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT,
			    "the secret is larger than %zu bytes", SEAL_MAX_CONTENT);
	}
	if (label != NULL && !seal_label_is_valid(label)) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    "the label is not one line of text");
	}
	if (!check_recipients(to, count, error)) {
		return false;
	}
	if (label != NULL) {
		g_string_append_printf(out, FOR_WORD "%s\n", label);
	}
	key = seal_bytes_new(NULL, crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
	crypto_aead_xchacha20poly1305_ietf_keygen((uint8_t *)seal_bytes_get(key, NULL));
	for (size_t i = 0; ok && i < count; i++) {
		ok = put_recipient(out, &to[i], (const uint8_t *)seal_bytes_get(key, NULL), error);
	}
	if (ok) {
		g_string_append_c(out, '\n');
		encrypt(out, (const uint8_t *)seal_bytes_get(key, NULL), data, len);
		g_string_append(out, END);
		*text_len = out->len;
		*text = g_string_free(g_steal_pointer(&out), FALSE);
	}
	seal_bytes_free(key);
	return ok;
}

/* However its lines end. */
bool seal_begins(const char *text, size_t len)
{
	return len >= strlen(BEGIN) && memcmp(text, BEGIN, strlen(BEGIN) - 1) == 0;
}

/* What is left to be read. */
struct scan {
	const char *at, *end;
	unsigned line;
};

static bool bad_line(const struct scan *in, const char *why, GError **error)
{
	return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED, "no sealed secret: line %u: %s",
		    in->line, why);
}

static bool take(struct scan *in, const char *what)
{
	size_t len = strlen(what);

	if ((size_t)(in->end - in->at) < len || memcmp(in->at, what, len) != 0) {
		return false;
	}
	in->at += len;
	in->line += what[len - 1] == '\n';
	return true;
}

/* The rest of the line without its end; NULL: none, too long, or with a NUL. */
static char *take_line(struct scan *in, size_t max)
{
	const char *end = memchr(in->at, '\n', (size_t)(in->end - in->at));
	char *line;

	if (end == NULL || (size_t)(end - in->at) > max ||
	    memchr(in->at, '\0', (size_t)(end - in->at)) != NULL) {
		return NULL;
	}
	line = g_strndup(in->at, (size_t)(end - in->at));
	in->at = end + 1;
	in->line++;
	return line;
}

static bool parse_recipient(struct seal_box *box, struct scan *in, GError **error)
{
	size_t box_text = sodium_base64_ENCODED_LEN(BOX_SIZE, VARIANT) - 1;
	g_autofree char *line = take_line(in, 512);
	struct recipient_box wrapped;
	struct seal_public to;

	if (line == NULL || strlen(line) <= box_text || line[box_text] != ' ' ||
	    !seal_base64(line, box_text, wrapped.box, BOX_SIZE) ||
	    !seal_public_parse(line + box_text + 1, &to, NULL)) {
		return bad_line(in, "not a recipient", error);
	}
	if (box->to->len >= SEAL_MAX_RECIPIENTS) {
		return bad_line(in, "too many recipients", error);
	}
	g_array_append_val(box->to, to);
	g_array_append_val(box->boxes, wrapped);
	return true;
}

static bool parse_head(struct seal_box *box, struct scan *in, GError **error)
{
	const char *begin = in->at;

	if (!take(in, BEGIN)) {
		return bad_line(in, "it does not begin as one", error);
	}
	if (!take(in, VERSION_LINE)) {
		return bad_line(in, "of a version that this program does not know", error);
	}
	if (take(in, FOR_WORD)) {
		box->label = take_line(in, SEAL_MAX_LABEL);
		if (box->label == NULL || !seal_label_is_valid(box->label)) {
			return bad_line(in, "not a label", error);
		}
	}
	while (take(in, TO_WORD)) {
		if (!parse_recipient(box, in, error)) {
			return false;
		}
	}
	if (box->to->len == 0 || !take(in, "\n")) {
		return bad_line(in, "recipients and an empty line are expected", error);
	}
	box->head_len = (size_t)(in->at - begin);
	box->head = g_memdup2(begin, box->head_len);
	return check_recipients((const struct seal_public *)(void *)box->to->data, box->to->len,
				error);
}

static bool parse_body(struct seal_box *box, struct scan *in, GError **error)
{
	size_t room = (size_t)(in->end - in->at), len = 0;
	g_autofree char *text = g_malloc(room + 1);
	bool last = false;

	while (in->at < in->end && *in->at != '-') {
		g_autofree char *line = take_line(in, LINE_WIDTH);
		size_t line_len = line != NULL ? strlen(line) : 0;

		if (line_len == 0 || last) {
			return bad_line(in, "not a line of 64 characters", error);
		}
		last = line_len < LINE_WIDTH;
		memcpy(text + len, line, line_len);
		len += line_len;
	}
	if (!take(in, END) || in->at != in->end) {
		return bad_line(in, "it does not end as one, something is missing or follows",
				error);
	}
	if (len == 0 || len % 4 != 0) {
		return bad_line(in, "the content is not whole", error);
	}
	text[len] = '\0';
	box->body_len = len / 4 * 3 - (g_str_has_suffix(text, "==")  ? 2
				       : g_str_has_suffix(text, "=") ? 1
								     : 0);
	box->body = g_malloc(box->body_len + 1);
	if (!seal_base64(text, len, box->body, box->body_len) ||
	    box->body_len < NONCE_SIZE + PAD_BLOCK + TAG_SIZE ||
	    (box->body_len - NONCE_SIZE - TAG_SIZE) % PAD_BLOCK != 0 ||
	    box->body_len - NONCE_SIZE - TAG_SIZE > SEAL_MAX_CONTENT + PAD_BLOCK) {
		return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
			    "no sealed secret: its content is not whole");
	}
	return true;
}

bool seal_parse(const char *text, size_t len, struct seal_box **out, GError **error)
{
	g_autoptr(seal_box_auto) box = g_new0(struct seal_box, 1);
	struct scan in = {.at = text, .end = text + len, .line = 1};

	box->to = g_array_new(FALSE, FALSE, sizeof(struct seal_public));
	box->boxes = g_array_new(FALSE, FALSE, sizeof(struct recipient_box));
	if (len > SEAL_MAX_SIZE) {
		return fail(error, BASE_ERROR, BASE_ERROR_LIMIT,
			    "no sealed secret: larger than %zu bytes", SEAL_MAX_SIZE);
	}
	if (!parse_head(box, &in, error) || !parse_body(box, &in, error)) {
		return false;
	}
	*out = g_steal_pointer(&box);
	return true;
}

/* The data key; false: no key of ours opens it. */
static bool unwrap(const struct seal_box *box, const struct seal_keys *keys, uint8_t *key,
		   bool *damaged)
{
	*damaged = false;
	for (size_t k = 0; k < seal_keys_count(keys); k++) {
		struct seal_public mine;

		seal_keys_public(keys, k, &mine);
		for (guint i = 0; i < box->to->len; i++) {
			const struct seal_public *to =
				&g_array_index(box->to, struct seal_public, i);

			if (memcmp(to->key, mine.key, SEAL_KEY_SIZE) != 0) {
				continue;
			}
			if (crypto_box_seal_open(
				    key, g_array_index(box->boxes, struct recipient_box, i).box,
				    BOX_SIZE, mine.key, seal_keys_secret(keys, k)) == 0) {
				return true;
			}
			*damaged = true;
		}
	}
	return false;
}

static bool fail_altered(GError **error)
{
	return fail(error, BASE_ERROR, BASE_ERROR_MALFORMED,
		    "the sealed secret is not as it was sealed: it was cut or altered");
}

static bool decrypt(const struct seal_box *box, const uint8_t *key, struct seal_bytes **out,
		    GError **error)
{
	size_t padded = box->body_len - NONCE_SIZE - TAG_SIZE, len = 0;
	uint8_t *plain = sodium_malloc(padded);
	bool ok;

	g_assert(plain != NULL);
	ok = crypto_aead_xchacha20poly1305_ietf_decrypt(
		     plain, NULL, NULL, box->body + NONCE_SIZE, box->body_len - NONCE_SIZE,
		     (const uint8_t *)box->head, box->head_len, box->body, key) == 0 &&
	     sodium_unpad(&len, plain, padded, PAD_BLOCK) == 0 && len <= SEAL_MAX_CONTENT;
	if (ok) {
		*out = seal_bytes_new(plain, len);
	}
	sodium_free(plain);
	return ok || fail_altered(error);
}

bool seal_open(const struct seal_box *box, const struct seal_keys *keys, struct seal_bytes **out,
	       GError **error)
{
	struct seal_bytes *key;
	bool damaged, ok;

	key = seal_bytes_new(NULL, crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
	if (unwrap(box, keys, (uint8_t *)seal_bytes_get(key, NULL), &damaged)) {
		ok = decrypt(box, (const uint8_t *)seal_bytes_get(key, NULL), out, error);
	} else if (damaged) {
		ok = fail_altered(error);
	} else {
		ok = fail(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
			  "the secret is sealed for others: no key of this agent is among its "
			  "recipients");
	}
	seal_bytes_free(key);
	return ok;
}

bool seal_label_allows(const char *label, const char *agent, const char *stack, const char *where)
{
	g_autofree char *of_stack = g_strconcat(agent, "/", stack, NULL);
	g_autofree char *exact = g_strconcat(of_stack, ":", where, NULL);

	return glob_matches(label, agent) || glob_matches(label, of_stack) ||
	       glob_matches(label, exact);
}

bool seal_take(const char *text, size_t len, const struct seal_keys *keys, const char *agent,
	       const char *stack, const char *where, struct seal_bytes **out, GError **error)
{
	g_autoptr(seal_box_auto) box = NULL;

	if (!seal_parse(text, len, &box, error)) {
		return false;
	}
	if (box->label != NULL && !seal_label_allows(box->label, agent, stack, where)) {
		return fail(error, BASE_ERROR, BASE_ERROR_FAILED,
			    "the secret is sealed for '%s', and not for '%s/%s:%s'", box->label,
			    agent, stack, where);
	}
	return seal_open(box, keys, out, error);
}
