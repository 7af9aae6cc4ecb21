/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The approver list: the strict subset of allowed_signers. */
#include "core/signers.h"

#include <string.h>

#include "core/fail.h"
#include "core/text.h"

#define SIGNERS_MAX 4096
#define FIELD_MAX 255

struct reader {
	struct signers *list;
	unsigned line;
	struct assent_error *err;
};

struct options {
	char *namespaces; /* owned */
	int64_t valid_after, valid_before;
};

static int bad(const struct reader *r, const char *problem)
{
	return core_fail(r->err, ASSENT_EMALFORMED, "line %u: %s", r->line, problem);
}

/* Days from 1970-01-01 of a date in the Gregorian calendar. */
static int64_t days_from_civil(int64_t year, int64_t month, int64_t day)
{
	int64_t era, yoe, doy;

	year -= month <= 2;
	era = year / 400;
	yoe = year - era * 400;
	doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

static int64_t digits(const char *text, size_t count)
{
	int64_t n = 0;

	for (size_t i = 0; i < count; i++) {
		n = n * 10 + (text[i] - '0');
	}
	return n;
}

/* YYYYMMDDZ, YYYYMMDDHHMMZ or YYYYMMDDHHMMSSZ: without Z it would be local time. */
static bool read_time(int64_t *out, const char *text)
{
	static const int month_days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	size_t len = strspn(text, "0123456789");
	int64_t year, month, day, hour, minute, second;

	if ((len != 8 && len != 12 && len != 14) || strcmp(text + len, "Z") != 0) {
		return false;
	}
	year = digits(text, 4);
	month = digits(text + 4, 2);
	day = digits(text + 6, 2);
	hour = len > 8 ? digits(text + 8, 2) : 0;
	minute = len > 8 ? digits(text + 10, 2) : 0;
	second = len > 12 ? digits(text + 12, 2) : 0;
	if (year < 1970 || month < 1 || month > 12 || day < 1 || day > month_days[month - 1] ||
	    hour > 23 || minute > 59 || second > 59) {
		return false;
	}
	if (month == 2 && day == 29 && (year % 4 != 0 || (year % 100 == 0 && year % 400 != 0))) {
		return false;
	}
	*out = days_from_civil(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
	return true;
}

/* Literal names only: no pattern, no negation, no quoting, no empty or repeated element. */
static bool list_is_literal(const char *list)
{
	const char *at = list;

	if (!text_is_plain(list, strlen(list)) || strpbrk(list, " *?!\"\\#") != NULL) {
		return false;
	}
	for (;;) {
		size_t len = strcspn(at, ",");

		if (len == 0 || len > FIELD_MAX) {
			return false;
		}
		for (const char *other = list; other < at; other += strcspn(other, ",") + 1) {
			if (strcspn(other, ",") == len && memcmp(other, at, len) == 0) {
				return false;
			}
		}
		if (at[len] == '\0') {
			return true;
		}
		at += len + 1;
	}
}

static int set_option(struct reader *r, struct options *o, const char *name, const char *value)
{
	if (strcmp(name, "namespaces") == 0) {
		if (o->namespaces != NULL || !list_is_literal(value)) {
			return bad(r, "namespaces twice, empty or with patterns");
		}
		o->namespaces = strdup(value);
		return o->namespaces != NULL ? 0 : core_fail_memory(r->err);
	}
	if (strcmp(name, "valid-after") == 0) {
		if (o->valid_after != INT64_MIN || !read_time(&o->valid_after, value)) {
			return bad(r, "valid-after twice, or not YYYYMMDD[HHMM[SS]]Z");
		}
		return 0;
	}
	if (strcmp(name, "valid-before") == 0) {
		if (o->valid_before != INT64_MAX || !read_time(&o->valid_before, value)) {
			return bad(r, "valid-before twice, or not YYYYMMDD[HHMM[SS]]Z");
		}
		return 0;
	}
	return bad(r, "option other than namespaces, valid-after, valid-before");
}

/* name="value",... up to a space; *at then stands behind that space. */
static int read_options(struct reader *r, struct options *o, char **at)
{
	char *p = *at;

	for (;;) {
		char *name = p, *value;
		int rc;

		p += strspn(p, "abcdefghijklmnopqrstuvwxyz-");
		if (p[0] != '=' || p[1] != '"') {
			return bad(r, "expected options like namespaces=\"...\" before the key");
		}
		*p = '\0';
		value = p + 2;
		p = strchr(value, '"');
		if (p == NULL) {
			return bad(r, "option without closing quote");
		}
		*p++ = '\0';
		rc = set_option(r, o, name, value);
		if (rc != 0) {
			return rc;
		}
		if (*p == ' ') {
			*at = p + 1;
			return 0;
		}
		if (*p != ',') {
			return bad(r, "expected ',' or a space after an option");
		}
		p++;
	}
}

static int check_new_key(const struct reader *r, const struct ssh_key *key)
{
	for (size_t i = 0; i < r->list->count; i++) {
		if (memcmp(r->list->items[i].key.pk, key->pk, sizeof(key->pk)) == 0) {
			return core_fail(r->err, ASSENT_EMALFORMED,
					 "line %u: the same key as in line %u", r->line,
					 r->list->items[i].line);
		}
	}
	return 0;
}

static int add_signer(struct reader *r, const char *name, size_t len, const struct options *o,
		      const struct ssh_key *key)
{
	struct signers *list = r->list;
	struct signer *items, *item;

	if (list->count == SIGNERS_MAX) {
		return core_fail(r->err, ASSENT_ELIMIT, "more than %d signers", SIGNERS_MAX);
	}
	if ((list->count & (list->count + 1)) == 0) { /* full at 0, 1, 3, 7 ... */
		items = realloc(list->items, (list->count * 2 + 1) * sizeof(*items));
		if (items == NULL) {
			return core_fail_memory(r->err);
		}
		list->items = items;
	}
	item = &list->items[list->count];
	*item = (struct signer){.principal = strndup(name, len),
				.namespaces = strdup(o->namespaces),
				.valid_after = o->valid_after,
				.valid_before = o->valid_before,
				.key = *key,
				.line = r->line};
	list->count++;
	if (item->principal == NULL || item->namespaces == NULL) {
		return core_fail_memory(r->err);
	}
	return 0;
}

static int add_line(struct reader *r, const char *principals, const struct options *o,
		    const char *key_text)
{
	struct ssh_key key;
	int rc;

	if (o->namespaces == NULL) {
		return bad(r, "option namespaces is missing");
	}
	rc = ssh_key_parse_line(&key, key_text, r->err);
	if (rc != 0) {
		return core_prefix(r->err, rc, "line %u", r->line);
	}
	rc = check_new_key(r, &key);
	while (rc == 0) {
		size_t len = strcspn(principals, ",");

		rc = add_signer(r, principals, len, o, &key);
		if (principals[len] == '\0') {
			break;
		}
		principals += len + 1;
	}
	return rc;
}

static int read_line(struct reader *r, char *line)
{
	struct options o = {.valid_after = INT64_MIN, .valid_before = INT64_MAX};
	char *at = strchr(line, ' ');
	int rc;

	if (line[strspn(line, " \t")] == '\0' || line[strspn(line, " \t")] == '#') {
		return 0;
	}
	if (!text_is_plain(line, strlen(line))) {
		return bad(r, "control characters or invalid UTF-8");
	}
	if (at == NULL) {
		return bad(r, "expected 'principals options key'");
	}
	*at++ = '\0';
	if (!list_is_literal(line)) {
		return bad(r, "principals must be literal names, each once");
	}
	rc = read_options(r, &o, &at);
	if (rc == 0) {
		rc = add_line(r, line, &o, at);
	}
	free(o.namespaces);
	return rc;
}

int signers_parse(struct signers **out, const char *text, size_t len, struct assent_error *err)
{
	struct reader r = {.err = err};
	struct hash digest;
	const char *line;
	size_t line_len;
	int rc = 0;

	if (len > SIGNERS_MAX_SIZE) {
		return core_fail(err, ASSENT_ELIMIT, "approver list larger than %zu bytes",
				 SIGNERS_MAX_SIZE);
	}
	if (memchr(text, '\0', len) != NULL) {
		return core_fail(err, ASSENT_EMALFORMED, "NUL byte in the approver list");
	}
	hash_bytes(&digest, text, len);
	r.list = calloc(1, sizeof(*r.list));
	if (r.list == NULL) {
		return core_fail_memory(err);
	}
	r.list->digest = digest;
	while (rc == 0 && text_line(&text, &len, &line, &line_len)) {
		CLEANUP(free_p) char *copy = strndup(line, line_len);

		r.line++;
		rc = copy != NULL ? read_line(&r, copy) : core_fail_memory(err);
	}
	if (rc == 0 && len != 0) {
		r.line++;
		rc = bad(&r, "no newline at the end");
	}
	if (rc != 0) {
		signers_free(r.list);
		return rc;
	}
	*out = r.list;
	return 0;
}

void signers_free(struct signers *s)
{
	if (s == NULL) {
		return;
	}
	for (size_t i = 0; i < s->count; i++) {
		free(s->items[i].principal);
		free(s->items[i].namespaces);
	}
	free(s->items);
	free(s);
}

static bool in_list(const char *list, const char *name)
{
	size_t name_len = strlen(name);

	for (;;) {
		size_t len = strcspn(list, ",");

		if (len == name_len && memcmp(list, name, len) == 0) {
			return true;
		}
		if (list[len] == '\0') {
			return false;
		}
		list += len + 1;
	}
}

static int judge(const struct signer *signer, const char *ns, int64_t now, struct assent_error *err)
{
	if (!in_list(signer->namespaces, ns)) {
		return core_fail(err, ASSENT_EUNTRUSTED,
				 "key of '%.80s' may not sign in namespace '%.60s'",
				 signer->principal, ns);
	}
	if (now < signer->valid_after) {
		return core_fail(err, ASSENT_EEXPIRED, "key of '%.100s' is not valid yet",
				 signer->principal);
	}
	if (now > signer->valid_before) {
		return core_fail(err, ASSENT_EEXPIRED, "key of '%.100s' is no longer valid",
				 signer->principal);
	}
	return 0;
}

int signers_find(const struct signer **out, const struct signers *s, const char *principal,
		 const struct ssh_key *key, const char *ns, int64_t now, struct assent_error *err)
{
	char fingerprint[SSH_FINGERPRINT_SIZE];
	bool known = false;
	int rc;

	for (size_t i = 0; i < s->count; i++) {
		const struct signer *signer = &s->items[i];

		if (!ssh_key_equal(&signer->key, key)) {
			continue;
		}
		known = true;
		if (principal != NULL && strcmp(signer->principal, principal) != 0) {
			continue;
		}
		rc = judge(signer, ns, now, err);
		if (rc == 0) {
			*out = signer;
		}
		return rc;
	}
	ssh_key_fingerprint(fingerprint, key);
	if (known) {
		return core_fail(err, ASSENT_EUNTRUSTED, "key %s is not of '%.100s'", fingerprint,
				 principal);
	}
	return core_fail(err, ASSENT_EUNTRUSTED, "key %s is not in the approver list", fingerprint);
}

bool signers_has_principal(const struct signers *s, const char *principal)
{
	for (size_t i = 0; i < s->count; i++) {
		if (strcmp(s->items[i].principal, principal) == 0) {
			return true;
		}
	}
	return false;
}
