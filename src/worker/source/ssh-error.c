/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Errors of the ssh program, recognised by its words in the C locale. */
#include "worker/source/ssh-error.h"

#include "worker/job.h"

#include <string.h>

enum meaning { CHANGED, UNKNOWN_HOST, DENIED, REFUSED, SLOW, NO_REPOSITORY };

static const struct {
	const char *words;
	enum meaning meaning;
} table[] = {
	{"REMOTE HOST IDENTIFICATION HAS CHANGED", CHANGED},
	{"Host key verification failed", UNKNOWN_HOST},
	{"host key is known for", UNKNOWN_HOST},
	{"Permission denied", DENIED},
	{"Too many authentication failures", DENIED},
	{"No supported authentication methods", DENIED},
	{"Connection timed out", SLOW},
	{"Operation timed out", SLOW},
	{"timed out during banner exchange", SLOW},
	{"does not appear to be a git repository", NO_REPOSITORY},
	{"epository not found", NO_REPOSITORY},
	{"not a git repository", NO_REPOSITORY},
	{"No such file or directory", NO_REPOSITORY},
	{"Could not resolve hostname", REFUSED},
	{"Connection refused", REFUSED},
};

/* "[host]:port" as known_hosts has it, or "host". */
static char *known_name(const struct source_url *url)
{
	return url->port == 0 || url->port == 22 ? g_strdup(url->host)
						 : g_strdup_printf("[%s]:%u", url->host, url->port);
}

/* The same as ssh says it: the URL may have an alias of ssh_config. */
static char *changed_name(const struct source_url *url, const char *words)
{
	static const char before[] = "Host key for ", after[] = " has changed";
	const char *start = strstr(words, before), *end;

	start = start == NULL ? "" : start + strlen(before);
	end = strstr(start, after);
	if (end == NULL || end == start ||
	    strcspn(start, " \t\r\n'\"\\$`;&|<>()") != (size_t)(end - start)) {
		return known_name(url);
	}
	return g_strndup(start, (size_t)(end - start));
}

static char *scan_command(const char *name)
{
	const char *port = name[0] == '[' ? strstr(name, "]:") : NULL;

	return port == NULL ? g_strdup_printf("ssh-keyscan %s", name)
			    : g_strdup_printf("ssh-keyscan -p %s %.*s", port + strlen("]:"),
					      (int)(port - name - 1), name + 1);
}

static int fail_unknown(struct connection *c)
{
	g_autofree char *name = known_name(&c->url);
	g_autofree char *scan = scan_command(name);

	return connection_fail(
		c, JOB_ERROR_HOSTKEY,
		"the host key of '%s' is not known; run '%s >> ~/.ssh/known_hosts' as "
		"the agent's user, then compare the fingerprint that 'ssh-keygen -lf "
		"~/.ssh/known_hosts' shows with what the host's administrator says; if '%s' is an "
		"alias or behind a jump host in ~/.ssh/config, run 'ssh %s' once instead",
		c->url.host, scan, c->url.host, c->url.host);
}

static int fail_changed(struct connection *c, const char *words)
{
	g_autofree char *name = changed_name(&c->url, words);
	g_autofree char *scan = scan_command(name);

	return connection_fail(
		c, JOB_ERROR_HOSTKEY,
		"the host key of '%s' has changed: somebody may stand in between, and "
		"nothing was fetched. If its administrator confirms the new key, run "
		"'ssh-keygen -R \"%s\"' and '%s >> ~/.ssh/known_hosts' as the agent's user",
		c->url.host, name, scan);
}

/* ssh's own last line; what it prints before is often a banner. */
static char *last_line(const char *words)
{
	g_autofree char *text = g_strdup(words);
	char *end;

	g_strchomp(text);
	end = strrchr(text, '\n');
	return g_strdup(end == NULL ? text : end + 1);
}

static int fail_meaning(struct connection *c, enum meaning meaning, const char *words,
			const char *line)
{
	switch (meaning) {
	case CHANGED:
		return fail_changed(c, words);
	case UNKNOWN_HOST:
		return fail_unknown(c);
	case DENIED:
		return connection_fail(c, JOB_ERROR_AUTH,
				       "'%s' refuses the SSH key (%s); add the agent's public key "
				       "there, or name the key in ~/.ssh/config",
				       c->url.plain, line);
	case REFUSED:
		return connection_fail(
			c, JOB_ERROR_NETWORK,
			"cannot reach '%s': %s; check that the server runs and can be "
			"reached",
			c->url.plain, line);
	case SLOW:
		return connection_fail(c, JOB_ERROR_TIMEOUT, "'%s' does not answer: %s",
				       c->url.plain, line);
	case NO_REPOSITORY:
		return connection_fail(
			c, JOB_ERROR_REPOSITORY,
			"'%s' is not there: %s; check the address and the right to read "
			"it",
			c->url.plain, line);
	}
	return -1;
}

int ssh_error_fail(struct connection *c, int status, const char *words, bool spoke)
{
	g_autofree char *line = last_line(words);

	for (size_t i = 0; !spoke && i < G_N_ELEMENTS(table); i++) {
		if (strstr(words, table[i].words) != NULL) {
			return fail_meaning(c, table[i].meaning, words, line);
		}
	}
	return connection_fail(c, JOB_ERROR_NETWORK,
			       "'%s' closed the connection (ssh's exit code %d)%s%s", c->url.plain,
			       status, line[0] == '\0' ? "" : ": ", line);
}
