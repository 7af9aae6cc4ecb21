/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers of the server, from code, kind of document and text to a class. */
#include "kube/answer.h"

#include <string.h>

#include "core/text.h"

#define MAX_BODY ((size_t)16 << 20)
#define TYPED "failed to create typed patch object"

/* What the request was about, beside the server's document. */
struct about {
	const char *resource;
	const char *retry_after;
	bool secret, json;
	bool no_path; /* the server's few words for an unknown path */
};

static void cause_free(void *data)
{
	struct kube_cause *cause = data;

	g_free(cause->reason);
	g_free(cause->field);
	g_free(cause->message);
	g_free(cause->manager);
	g_free(cause);
}

static struct kube_answer *answer_new(int code)
{
	struct kube_answer *answer = g_new0(struct kube_answer, 1);

	answer->class = KUBE_FAILED;
	answer->code = code;
	answer->causes = g_ptr_array_new_with_free_func(cause_free);
	answer->reason = g_strdup("");
	answer->message = g_strdup("");
	return answer;
}

void kube_answer_free(struct kube_answer *answer)
{
	if (answer != NULL) {
		g_free(answer->reason);
		g_free(answer->message);
		g_free(answer->hook);
		g_free(answer->continues);
		g_ptr_array_unref(answer->causes);
		g_free(answer);
	}
}

bool kube_answer_is_good(const struct kube_answer *answer)
{
	return answer->class <= KUBE_NOT_MODIFIED;
}

const char *kube_class_name(enum kube_class class)
{
	static const char *const names[] = {
		[KUBE_DONE] = "done",
		[KUBE_CREATED] = "created",
		[KUBE_NOT_MODIFIED] = "not-modified",
		[KUBE_CONFLICT] = "conflict",
		[KUBE_STALE] = "stale",
		[KUBE_GONE] = "gone",
		[KUBE_RECREATED] = "recreated",
		[KUBE_EXISTS] = "exists",
		[KUBE_SCHEMA] = "schema",
		[KUBE_INVALID] = "invalid",
		[KUBE_IMMUTABLE] = "immutable",
		[KUBE_REFUSED] = "refused",
		[KUBE_TOO_LARGE] = "too-large",
		[KUBE_UNAUTHENTICATED] = "unauthenticated",
		[KUBE_FORBIDDEN] = "forbidden",
		[KUBE_TERMINATING] = "terminating",
		[KUBE_NOT_FOUND] = "not-found",
		[KUBE_NO_NAMESPACE] = "no-namespace",
		[KUBE_NOT_SERVED] = "not-served",
		[KUBE_EXPIRED] = "expired",
		[KUBE_THROTTLED] = "throttled",
		[KUBE_HOOK_DENIED] = "hook-denied",
		[KUBE_HOOK_UNREACHABLE] = "hook-unreachable",
		[KUBE_HOOK_NO_DRY_RUN] = "hook-no-dry-run",
		[KUBE_FAILED] = "failed",
	};

	return names[class];
}

/* One line, printable, not too long. */
static char *shown(const char *text, size_t len)
{
	g_autofree char *valid = g_utf8_make_valid(text, (gssize)MIN(len, KUBE_ANSWER_TEXT * 2));
	GString *out = g_string_new(NULL);

	for (const char *p = valid; *p != '\0'; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		if (out->len >= KUBE_ANSWER_TEXT - 3) {
			g_string_append(out, "\xe2\x80\xa6");
			break;
		}
		if (g_unichar_isspace(c) || g_unichar_iscntrl(c)) {
			if (out->len > 0 && out->str[out->len - 1] != ' ') {
				g_string_append_c(out, ' ');
			}
		} else {
			g_string_append_unichar(out, g_unichar_isprint(c) ? c : '?');
		}
	}
	if (out->len > 0 && out->str[out->len - 1] == ' ') {
		g_string_truncate(out, out->len - 1);
	}
	return g_string_free(out, FALSE);
}

/* The text between the quotes that Go's %q wrote, which begin at text; NULL when there are none. */
static char *quoted(const char *text)
{
	GString *out;

	if (*text != '"') {
		return NULL;
	}
	out = g_string_new(NULL);
	for (text++; *text != '\0' && *text != '"'; text++) {
		if (*text == '\\' && text[1] != '\0') {
			text++;
		}
		g_string_append_c(out, *text);
	}
	if (*text == '\0') {
		g_string_free(out, TRUE);
		return NULL;
	}
	return g_string_free(out, FALSE);
}

/* The same, as it may be shown. */
static char *shown_quoted(const char *text)
{
	g_autofree char *plain = quoted(text);

	return plain != NULL ? shown(plain, strlen(plain)) : NULL;
}

static void add_cause(struct kube_answer *answer, const char *reason, const char *field,
		      const char *message, bool secret)
{
	static const char owns[] = "conflict with ";
	struct kube_cause *cause;

	if (answer->causes->len >= KUBE_ANSWER_CAUSES) {
		return;
	}
	cause = g_new0(struct kube_cause, 1);
	cause->reason = shown(reason, strlen(reason));
	cause->field = shown(field, strlen(field));
	cause->message = secret ? g_strdup("") : shown(message, strlen(message));
	if (strcmp(reason, "FieldManagerConflict") == 0 && g_str_has_prefix(message, owns)) {
		cause->manager = shown_quoted(message + strlen(owns));
	}
	g_ptr_array_add(answer->causes, cause);
}

static const char *text_or_empty(const struct kube_value *map, const char *name)
{
	const char *text = kube_value_str_at(map, name, NULL);

	return text != NULL ? text : "";
}

static void take_causes(struct kube_answer *answer, const struct kube_value *causes, bool secret)
{
	for (size_t i = 0; i < kube_value_count(causes); i++) {
		const struct kube_value *cause = kube_value_item(causes, i);

		add_cause(answer, text_or_empty(cause, "reason"), text_or_empty(cause, "field"),
			  text_or_empty(cause, "message"), secret);
	}
}

/* "failed to create typed patch object (ns/n; g/v, Kind=K): .path: problem", or with several lines
 * of ".path: problem" behind "errors:". There are no causes, so they are made from the text. */
static void take_typed(struct kube_answer *answer, const char *message, bool secret)
{
	const char *at = strstr(message, "): ");
	g_auto(GStrv) lines = g_strsplit(at != NULL ? at + 3 : "", "\n", -1);

	for (size_t i = 0; lines[i] != NULL; i++) {
		const char *line = g_strstrip(lines[i]), *problem = strstr(line, ": ");
		g_autofree char *field = NULL;

		if (*line != '.' || problem == NULL) {
			continue;
		}
		field = g_strndup(line, (size_t)(problem - line));
		add_cause(answer, "FieldSchema", field, problem + 2, secret);
	}
}

/* How the messages of fields begin and end that cannot be changed. A value that the server repeats
 * stands in between, and decides nothing. */
static const struct {
	const char *prefix, *suffix;
} immutable_texts[] = {
	{"Invalid value: ", ": field is immutable"},
	{"Invalid value: ", ": may not change once set"},
	{"Invalid value: ", ": cannot change roleRef"},
	{"Forbidden: field is immutable", ""},
	{"Forbidden: spec is immutable after creation", ""},
	{"Forbidden: spec.persistentvolumesource is immutable after creation", ""},
	{"Forbidden: updates to statefulset spec for fields other than ", ""},
	{"Forbidden: updates to parameters are forbidden", ""},
	{"Forbidden: updates to provisioner are forbidden", ""},
	{"Forbidden: pod updates may not change fields other than ", ""},
};

static bool is_immutable(const char *message)
{
	for (size_t i = 0; i < G_N_ELEMENTS(immutable_texts); i++) {
		if (g_str_has_prefix(message, immutable_texts[i].prefix) &&
		    g_str_has_suffix(message, immutable_texts[i].suffix)) {
			return true;
		}
	}
	return false;
}

/* 422: all that is wrong must be of the same kind, else there is something to correct. */
static enum kube_class judge_invalid(const struct kube_value *causes)
{
	size_t count = kube_value_count(causes), immutable = 0, uid = 0;

	for (size_t i = 0; i < count; i++) {
		const struct kube_value *cause = kube_value_item(causes, i);

		if (is_immutable(text_or_empty(cause, "message"))) {
			immutable++;
			uid += strcmp(text_or_empty(cause, "field"), "metadata.uid") == 0;
		}
	}
	/* Whatever else is wrong with it is said of an object that nobody meant. */
	if (uid > 0) {
		return KUBE_RECREATED;
	}
	return count > 0 && immutable == count ? KUBE_IMMUTABLE : KUBE_INVALID;
}

static bool has_reason(const struct kube_value *causes, const char *reason)
{
	for (size_t i = 0; i < kube_value_count(causes); i++) {
		if (strcmp(text_or_empty(kube_value_item(causes, i), "reason"), reason) == 0) {
			return true;
		}
	}
	return false;
}

static enum kube_class judge_conflict(const char *reason, const char *message,
				      const struct kube_value *causes)
{
	if (has_reason(causes, "FieldManagerConflict")) {
		return KUBE_CONFLICT;
	}
	if (strcmp(reason, "AlreadyExists") == 0) {
		return KUBE_EXISTS;
	}
	if (strstr(message, ": uid mismatch: ") != NULL ||
	    strstr(message, ": Precondition failed: UID in precondition: ") != NULL ||
	    strstr(message, ": the UID in the precondition (") != NULL) {
		return KUBE_GONE;
	}
	return KUBE_STALE;
}

static enum kube_class judge_not_found(const struct about *about, const struct kube_value *status)
{
	const char *kind = text_or_empty(kube_value_get(status, "details"), "kind");

	if (strcmp(text_or_empty(status, "reason"), "NotFound") != 0) {
		return KUBE_FAILED;
	}
	if (kind[0] == '\0') {
		return KUBE_NOT_SERVED;
	}
	if (strcmp(kind, "namespaces") == 0 && g_strcmp0(about->resource, "namespaces") != 0) {
		return KUBE_NO_NAMESPACE;
	}
	return KUBE_NOT_FOUND;
}

/* A webhook sets the code of its answer itself; its text tells. */
static bool judge_hook(struct kube_answer *answer, const char *message)
{
	static const char failed[] = "failed calling webhook ", admission[] = "admission webhook ";
	static const char internal[] = "Internal error occurred: ";
	const char *at = message, *behind;

	if (g_str_has_prefix(at, internal)) {
		at += strlen(internal);
	}
	if (g_str_has_prefix(at, failed)) {
		answer->class = KUBE_HOOK_UNREACHABLE;
		answer->hook = shown_quoted(at + strlen(failed));
		return true;
	}
	if (!g_str_has_prefix(at, admission)) {
		return false;
	}
	answer->hook = shown_quoted(at + strlen(admission));
	behind = answer->hook != NULL ? strstr(at + strlen(admission) + 1, "\" ") : NULL;
	if (behind != NULL && g_str_has_prefix(behind + 2, "does not support dry run")) {
		answer->class = KUBE_HOOK_NO_DRY_RUN;
	} else {
		answer->class = KUBE_HOOK_DENIED;
	}
	return true;
}

static enum kube_class judge_code(int code, const struct about *about,
				  const struct kube_value *status)
{
	const struct kube_value *details = kube_value_get(status, "details");
	const struct kube_value *causes = kube_value_get(details, "causes");
	const char *message = text_or_empty(status, "message");

	switch (code) {
	case 304:
		return KUBE_NOT_MODIFIED;
	case 400:
	case 405:
	case 406:
	case 415:
		return KUBE_REFUSED;
	case 401:
		return KUBE_UNAUTHENTICATED;
	case 403:
		return has_reason(causes, "NamespaceTerminating") ? KUBE_TERMINATING
								  : KUBE_FORBIDDEN;
	case 404:
		/* Of something between us and the server it says nothing about the object. */
		return about->json	? judge_not_found(about, status)
		       : about->no_path ? KUBE_NOT_SERVED
					: KUBE_FAILED;
	case 409:
		return about->json
			       ? judge_conflict(text_or_empty(status, "reason"), message, causes)
			       : KUBE_FAILED;
	case 410:
		return KUBE_EXPIRED;
	case 413:
		return KUBE_TOO_LARGE;
	case 422:
		return judge_invalid(causes);
	case 429:
		return KUBE_THROTTLED;
	case 500:
		return g_str_has_prefix(message, TYPED) ? KUBE_SCHEMA : KUBE_FAILED;
	default:
		return code == 201 ? KUBE_CREATED : code / 100 == 2 ? KUBE_DONE : KUBE_FAILED;
	}
}

/* Client-go's rule: 429 and 5xx with Retry-After. The 500 of a wrong manifest will be the same for
 * ever; a webhook's pod may come back. */
static void judge_retry(struct kube_answer *answer, const struct about *about)
{
	uint64_t seconds;
	const char *text = about->retry_after;

	if (answer->class == KUBE_STALE) {
		answer->retry = KUBE_RETRY_REREAD;
		return;
	}
	if (answer->class == KUBE_SCHEMA || (answer->code != 429 && answer->code / 100 != 5)) {
		return;
	}
	if (text != NULL && text_decimal(&seconds, text, strlen(text), INT32_MAX)) {
		answer->retry = KUBE_RETRY_AFTER;
		answer->retry_after = (unsigned)MIN(seconds, KUBE_ANSWER_MAX_WAIT);
	} else if (answer->class == KUBE_THROTTLED || answer->class == KUBE_HOOK_UNREACHABLE) {
		answer->retry = KUBE_RETRY_BACKOFF;
	}
}

static struct kube_answer *judge(int code, const struct about *about,
				 const struct kube_value *status)
{
	struct kube_answer *answer = answer_new(code);
	const struct kube_value *details = kube_value_get(status, "details");
	const char *message = text_or_empty(status, "message");
	const char *reason = text_or_empty(status, "reason");

	g_free(answer->reason);
	answer->reason = shown(reason, strlen(reason));
	if (!about->secret) {
		g_free(answer->message);
		answer->message = shown(message, strlen(message));
	}
	if (code < 400 || !judge_hook(answer, message)) {
		answer->class = judge_code(code, about, status);
	}
	if (answer->class == KUBE_SCHEMA) {
		take_typed(answer, message, about->secret);
	} else {
		take_causes(answer, kube_value_get(details, "causes"), about->secret);
	}
	if (answer->class == KUBE_EXPIRED) {
		answer->continues =
			g_strdup(kube_value_str_at(status, "metadata", "continue", NULL));
	}
	judge_retry(answer, about);
	return answer;
}

static bool is_status(const struct kube_value *value)
{
	return strcmp(text_or_empty(value, "kind"), "Status") == 0 &&
	       strcmp(text_or_empty(value, "apiVersion"), "v1") == 0;
}

static bool has_type(const struct kube_reply *reply, const char *type)
{
	size_t len = strlen(type);

	return reply->content_type != NULL &&
	       g_ascii_strncasecmp(reply->content_type, type, len) == 0 &&
	       (reply->content_type[len] == '\0' ||
		strchr("; \t", reply->content_type[len]) != NULL);
}

/* "404 page not found". */
static bool says_no_path(const struct kube_reply *reply)
{
	static const char words[] = "404 page not found";

	return has_type(reply, "text/plain") && reply->len >= strlen(words) &&
	       reply->len <= strlen(words) + 2 && memcmp(reply->body, words, strlen(words)) == 0;
}

struct kube_answer *kube_answer_read(const struct kube_reply *reply)
{
	struct about about = {
		.resource = reply->resource,
		.retry_after = reply->retry_after,
		.secret = reply->secret,
		.no_path = says_no_path(reply),
	};
	g_autoptr(kube_value_auto) status = NULL;
	struct kube_answer *answer;

	if (reply->code >= 400 && has_type(reply, "application/json") &&
	    kube_value_parse(reply->body, reply->len, MAX_BODY, &status, NULL)) {
		about.json = is_status(status);
	}
	answer = judge(reply->code, &about, about.json ? status : NULL);
	/* A proxy's page, or the server's few words: the beginning helps. */
	if (!about.json && reply->code >= 400 && !reply->secret) {
		g_free(answer->message);
		answer->message = shown(reply->body != NULL ? reply->body : "", reply->len);
	}
	return answer;
}

struct kube_answer *kube_answer_from_status(const struct kube_value *status)
{
	struct about about = {.json = is_status(status)};
	int64_t code = 0;

	/* Anything but a code of failure would make a good answer of an error. */
	if (!about.json || !kube_value_get_int(kube_value_get(status, "code"), &code) ||
	    code < 400 || code > 599) {
		code = 0;
	}
	return judge((int)code, &about, about.json ? status : NULL);
}
