/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of the configuration: base/conf*.c, the sample, the schema and the manual. */
#include <string.h>

#include "base/conf-table.h"
#include "base/conf.h"
#include "base/error.h"
#include "conf-place.h"
#include "core/statement.h"

#define STACK(rest) "stacks:\n  web:\n    source: {url: \"https://h/r.git\"}\n" rest
#define HOOK(secret, kind) "    hook: {secret: " secret ", kind: " kind "}\n"
#define FROM "    approval: {from: [alice]}\n"

static bool is_valid_sample(const struct conf_key *row)
{
	const char *text = row->dflt != NULL ? row->dflt : row->example;
	g_autofree char *item = NULL;

	if (row->type != CONF_NAMES) {
		return row->is_valid(text);
	}
	g_assert_true(g_str_has_prefix(text, "[") && g_str_has_suffix(text, "]"));
	item = g_strndup(text + 1, strlen(text) - 2);
	return row->is_valid(item);
}

static void test_rows_are_sound(void)
{
	for (const struct conf_key *row = conf_keys; row->path != NULL; row++) {
		int64_t n = 0;

		g_test_message("%s", row->path);
		g_assert_true(g_str_has_suffix(row->help, "."));
		for (const struct conf_key *other = conf_keys; other != row; other++) {
			g_assert_cmpstr(other->path, !=, row->path);
		}
		if (row->type >= CONF_SECTION) {
			continue;
		}
		g_assert_true(row->dflt != NULL || row->computed != NULL || row->example != NULL);
		if (row->type == CONF_DURATION && row->dflt != NULL) {
			g_assert_true(yaml_duration(row->dflt, &n));
		} else if (row->type == CONF_BYTES) {
			g_assert_true(conf_bytes(row->dflt, &n));
		} else if (row->type == CONF_COUNT && row->dflt != NULL) {
			n = g_ascii_strtoll(row->dflt, NULL, 10);
		} else {
			n = row->min;
		}
		g_assert_cmpint(n, >=, row->min);
		g_assert_cmpint(n, <=, row->max);
		if (row->type == CONF_NAMES && row->words != NULL) {
			const char *list = row->dflt != NULL ? row->dflt : row->example;
			g_autofree char *word = g_strndup(list + 1, strlen(list) - 2);

			g_assert_true(g_strv_contains(row->words, word));
			continue;
		}
		g_assert_true(row->words == NULL || row->dflt == NULL ||
			      g_strv_contains(row->words, row->dflt));
		g_assert_true(row->is_valid == NULL || row->shape != NULL);
		g_assert_true(row->is_valid == NULL || is_valid_sample(row));
	}
}

static void assert_defaults(const struct conf *conf, const struct place *p)
{
	g_autofree char *signers = g_build_filename(p->dir, "allowed_signers", NULL);
	g_autofree char *trust = g_build_filename(p->dir, "trust.yaml", NULL);

	g_assert_cmpstr(conf->allowed_signers, ==, signers);
	g_assert_cmpstr(conf->trust, ==, trust);
	g_assert_cmpstr(conf->state_dir, ==, "/xdg/state/assent");
	g_assert_cmpstr(conf->socket, ==, "/xdg/run/assent/agent.sock");
}

static void assert_stack_defaults(const struct conf_stack *stack)
{
	g_assert_cmpstr(stack->source.branch, ==, "main");
	g_assert_cmpstr(stack->source.path, ==, ".");
	g_assert_cmpint(stack->source.interval, ==, 60);
	g_assert_cmpint(stack->source.timeout, ==, 300);
	g_assert_cmpint(stack->source.backoff_max, ==, 900);
	g_assert_cmpint(stack->source.max_bytes, ==, 1 << 30);
	g_assert_cmpint(stack->approval.required, ==, 1);
	g_assert_cmpint(stack->approval.expires, ==, 86400);
	g_assert_false(stack->approval.author_may_approve);
	g_assert_cmphex(conf_channels(stack->approval.channels), ==,
			CHANNEL_BIT(CHANNEL_SIGNATURE));
	g_assert_cmpint(stack->approval.deletion_threshold, ==, 10);
	g_assert_cmpint(stack->approval.deletion_share, ==, 25);
	g_assert_cmpint(stack->approval.size_threshold, ==, 100);
	g_assert_cmpstr(stack->drift_watch, ==, "auto");
	g_assert_cmpint(stack->alert_after, ==, 120);
	g_assert_true(stack->suspend.reason);
	g_assert_cmpstr(stack->on_drift, ==, "propose");
	g_assert_cmpint(stack->drift_interval, ==, 300);
	g_assert_cmpint(stack->plan_timeout, ==, 600);
	g_assert_cmpint(stack->apply_timeout, ==, 3600);
	g_assert_cmpstr(stack->elevate, ==, "none");
}

static void test_defaults(void)
{
	struct place p = place_new("agent: a\n" PEOPLE STACK(FROM));
	g_autoptr(conf_auto) conf = load_good(&p);
	const struct conf_stack *stack = g_ptr_array_index(conf->stacks, 0);

	assert_defaults(conf, &p);
	assert_stack_defaults(stack);
	g_assert_cmpstr(stack->name, ==, "web");
	g_assert_cmpstr(stack->source.url, ==, "https://h/r.git");
	g_assert_null(stack->source.username);
	g_assert_null(conf->worker);
	place_free(&p);
}

static void test_all_of_it(void)
{
	struct place p = place_new(
		"agent: web1.example.org/ops\nstate: ~/st\nsocket: sock\nworker: /w\n"
		"labels: {role: web, env: prod}\n" PEOPLE
		"groups: {ops: [bob, alice], one: alice}\n"
		"stacks:\n"
		"  web:\n"
		"    source: {url: git@h:ops.git, branch: release/1.0, path: hosts/web1,"
		" interval: 30s, max-bytes: 2M, password-file: pw}\n"
		"    on-drift: report\n"
		"    approval: {required: 2, from: [ops, alice], expires: 2h, author-may-approve: "
		"true}\n"
		"    rules:\n"
		"      - {match: {risk: deletion, kind: file}, from: alice, required: 1}\n"
		"      - {match: {path: '~/app/**'}, expires: 30m, author-may-approve: false}\n"
		"  db: {source: {url: 'ssh://h/r'}, approval: {required: 0}}\n");
	g_autoptr(conf_auto) conf = load_good(&p);
	const struct conf_stack *web = g_ptr_array_index(conf->stacks, 0);
	const struct conf_rule *rule = g_ptr_array_index(web->rules, 0);
	const struct conf_label *label = g_ptr_array_index(conf->labels, 1);
	g_autofree char *state = g_build_filename(g_get_home_dir(), "st", NULL);
	g_autofree char *password = g_build_filename(p.dir, "pw", NULL);
	g_auto(GStrv) people = conf_people(conf, web->approval.from);

	g_assert_cmpstr(conf->state_dir, ==, state);
	g_assert_true(g_str_has_prefix(conf->socket, p.dir));
	g_assert_cmpstr(label->name, ==, "env");
	g_assert_cmpstr(label->value, ==, "prod");
	g_assert_cmpstr(web->source.branch, ==, "release/1.0");
	g_assert_cmpstr(web->source.password_file, ==, password);
	g_assert_cmpint(web->source.interval, ==, 30);
	g_assert_cmpint(web->source.max_bytes, ==, 2 << 20);
	g_assert_cmpuint(g_strv_length(people), ==, 2);
	g_assert_cmpstr(people[0], ==, "alice");
	/* A rule takes from the stack what it does not state. */
	g_assert_cmpstr(rule->risk, ==, "deletion");
	g_assert_null(rule->path);
	g_assert_cmpint(rule->approval.required, ==, 1);
	g_assert_cmpstr(rule->approval.from[0], ==, "alice");
	g_assert_cmpint(rule->approval.expires, ==, 7200);
	g_assert_true(rule->approval.author_may_approve);
	rule = g_ptr_array_index(web->rules, 1);
	g_assert_cmpint(rule->approval.required, ==, 2);
	g_assert_cmpstr(rule->approval.from[0], ==, "ops");
	g_assert_cmpint(rule->approval.expires, ==, 1800);
	g_assert_false(rule->approval.author_may_approve);
	g_assert_cmpstr(conf_person_of_user(conf, "alice")->name, ==, "alice");
	g_assert_null(conf_person_of_user(conf, "mallory"));
	place_free(&p);
}

static void test_http(void)
{
	struct place p =
		place_new("agent: a\nhttp: {}\n" PEOPLE STACK(FROM HOOK("'file:x/s'", "gitlab")));
	g_autoptr(conf_auto) conf = load_good(&p);
	g_autofree char *secret = g_build_filename(p.dir, "x/s", NULL);
	const struct conf_stack *stack = g_ptr_array_index(conf->stacks, 0);
	const struct conf_http *http = conf->http;

	g_assert_cmpstr(http->listen, ==, "127.0.0.1:7420");
	g_assert_null(http->public_url);
	g_assert_null(http->hosts);
	g_assert_null(http->tls_cert);
	g_assert_cmpint(http->connections, ==, 256);
	g_assert_cmpint(http->peer_connections, ==, 16);
	g_assert_cmpint(http->request_timeout, ==, 10);
	g_assert_cmpint(http->rate, ==, 300);
	g_assert_cmpint(http->burst, ==, 60);
	g_assert_cmpstr(stack->hook.secret, ==, secret);
	g_assert_cmpstr(stack->hook.kind, ==, "gitlab");
	g_assert_cmpint(stack->hook.interval, ==, 10);
	place_free(&p);
}

static void test_http_in_full(void)
{
	struct place p = place_new(
		"agent: a\nhttp: {listen: '[::1]:80', hosts: [a.b, 'c:8080'],"
		" public-url: 'https://h/p', trusted-proxy: [10.0.0.0/8, '::1'],"
		" tls-cert: c, tls-key: k, rate: 5, proxy-user-header: X-User, proxy-secret: "
		"'file:p'}\n" PEOPLE STACK(FROM HOOK("'credential:web-hook'", "gitea")));
	g_autofree char *key = g_build_filename(p.dir, "k", NULL);
	g_autoptr(conf_auto) conf = NULL;
	const struct conf_stack *stack;

	g_setenv("CREDENTIALS_DIRECTORY", "/run/credentials/x", TRUE);
	conf = load_good(&p);
	g_unsetenv("CREDENTIALS_DIRECTORY");
	stack = g_ptr_array_index(conf->stacks, 0);
	g_assert_cmpstr(conf->http->listen, ==, "[::1]:80");
	g_assert_cmpstr(conf->http->hosts[1], ==, "c:8080");
	g_assert_cmpstr(conf->http->trusted_proxy[1], ==, "::1");
	g_assert_cmpstr(conf->http->public_url, ==, "https://h/p");
	g_assert_cmpstr(conf->http->tls_key, ==, key);
	g_assert_cmpint(conf->http->rate, ==, 5);
	g_assert_cmpstr(conf->http->proxy_user_header, ==, "X-User");
	g_assert_true(g_str_has_suffix(conf->http->proxy_secret, "/p"));
	g_assert_cmpstr(stack->hook.secret, ==, "/run/credentials/x/web-hook");
	place_free(&p);
}

static void test_channels_and_common_rules(void)
{
	struct place p = place_new(
		"agent: a\n"
		"people: {alice: {}, bob: {}, zoe: {}}\n"
		"stacks:\n"
		"  web:\n"
		"    source: {url: h:r}\n"
		"    approval: {from: [alice, zoe], channels: [slack, signature], deletion-share: "
		"5}\n"
		"    rules: [{match: {kind: file}, from: alice, channels: signature}]\n"
		"    windows: [{kind: deny, schedule: '0 0 24 12 *', duration: 7d, zone: "
		"Europe/Berlin}]\n"
		"  web-test: {source: {url: h:r}, approval: {from: bob, channels: page}}\n"
		"  db: {source: {url: h:r}, approval: {from: bob}}\n"
		"rules:\n"
		"  - {match: {stack: 'web*', risk: size}, expires: 1h}\n"
		"  - {match: {namespace: kube-system}, from: bob, channels: [signature]}\n");
	g_autoptr(conf_auto) conf = load_good(&p);
	const struct conf_stack *web = g_ptr_array_index(conf->stacks, 0);
	const struct conf_stack *test = g_ptr_array_index(conf->stacks, 1);
	const struct conf_stack *db = g_ptr_array_index(conf->stacks, 2);
	const struct conf_window *window;
	const struct conf_rule *rule;

	g_assert_cmphex(conf_channels(web->approval.channels), ==,
			CHANNEL_BIT(CHANNEL_SIGNATURE) | CHANNEL_BIT(CHANNEL_SLACK));
	g_assert_cmpint(web->approval.deletion_share, ==, 5);
	g_assert_cmpuint(web->windows->len, ==, 1);
	window = g_ptr_array_index(web->windows, 0);
	g_assert_cmpstr(window->kind, ==, "deny");
	g_assert_cmpint(window->duration, ==, 7 * 86400);
	g_assert_cmpstr(window->zone, ==, "Europe/Berlin");
	g_assert_cmpuint(web->rules->len, ==, 3);
	g_assert_cmpuint(test->rules->len, ==, 2);
	g_assert_cmpuint(db->rules->len, ==, 1);
	rule = g_ptr_array_index(web->rules, 0);
	g_assert_true(rule->names_channels);
	g_assert_cmpstr(rule->place, ==, "stacks.web.rules[0]");
	rule = g_ptr_array_index(web->rules, 1);
	g_assert_cmpstr(rule->place, ==, "rules[0]");
	g_assert_cmpstr(rule->approval.from[1], ==, "zoe"); // of this stack
	g_assert_cmpint(rule->approval.expires, ==, 3600);
	g_assert_false(rule->names_channels);
	g_assert_cmphex(conf_channels(rule->approval.channels), ==,
			conf_channels(web->approval.channels));
	rule = g_ptr_array_index(test->rules, 0);
	g_assert_cmpstr(rule->approval.from[0], ==, "bob");
	rule = g_ptr_array_index(db->rules, 0);
	g_assert_cmpstr(rule->namespace, ==, "kube-system");
	place_free(&p);
}

struct bad {
	const char *text, *place, *part;
};

static void assert_bad(const struct bad *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct place p = place_new(cases[i].text);
		g_autofree char *problems = NULL;
		g_autoptr(conf_auto) conf = load(&p, &problems);

		g_test_message("%s", problems);
		if (conf != NULL || strstr(problems, cases[i].part) == NULL ||
		    strstr(problems, cases[i].place) == NULL) {
			g_error("case %zu: '%s' at '%s' is not in:\n%s", i, cases[i].part,
				cases[i].place, problems);
		}
		place_free(&p);
	}
}

static void test_problems_are_named(void)
{
	static const struct bad cases[] = {
		{"labels: {a: b}\n", ":1:1:", "'agent' is missing"},
		{"agent: a+b\n", ":1:8:", "'agent' is not"},
		{"agent: \"a b\"\n", ":1:8:", "'agent' is not"},
		{"agent: a\nstaet: /x\n", ":2:1:", "did you mean 'state'?"},
		{"agent: a\n" PEOPLE "stacks:\n  Web: {}\n", ":6:3:", "'Web' is not a name"},
		{"agent: a\n" PEOPLE "stacks:\n  web: []\n", ":6:8:", "must be a map"},
		{"agent: a\n" PEOPLE "stacks:\n  web: {approval: {from: alice}}\n",
		 ":6:", "'source' is missing"},
		{"agent: a\n" PEOPLE "stacks:\n  web: {source: {branch: x}}\n",
		 ":6:", "'url' is missing"},
		{"agent: a\n" PEOPLE STACK(""), ":7:5:", "1 people must approve, but only 0 can"},
		{"agent: a\n" PEOPLE STACK("    approval: {from: [carol]}\n"),
		 ":8:15:", "'carol' is neither"},
		{"agent: a\n" PEOPLE STACK("    approval: {from: [alice], required: 2}\n"),
		 ":8:15:", "2 people must approve, but only 1 can"},
		{"agent: a\npeople: {zoe: {}}\n" STACK("    approval: {from: [zoe]}\n"),
		 ":6:15:", "'zoe' has no key"},
		{"agent: a\n" PEOPLE STACK(FROM "    rules:\n      - {required: 1}\n"),
		 ":10:9:", "a rule needs 'match'"},
		{"agent: a\n" PEOPLE STACK(FROM "    rules:\n      - {match: {risk: big}}\n"),
		 ":10:24:", "'risk' must be one of: deletion, secret"},
		{"agent: a\n" PEOPLE STACK(FROM "    rules:\n      - {match: {kind: file}, "
						"required: 2}\n"),
		 ":10:9:", "2 people must approve"},
		{"agent: a\n" PEOPLE STACK(FROM "    on-drift: maybe\n"),
		 ":9:15:", "one of: fix, propose, report"},
		{"agent: a\n" PEOPLE STACK(FROM "    plan-timeout: 0s\n"), ":9:19:", "from 1s"},
		{"agent: a\n" PEOPLE "groups: {ops: [zoe]}\n",
		 ":5:", "'zoe' is not among the people"},
		{"agent: a\n" PEOPLE "groups: {bob: [alice]}\n", ":5:", "is a person already"},
		{"agent: a\npeople: {a: {user: x}, b: {user: x}}\n",
		 ":2:", "another person's already"},
		{"agent: a\nallowed-signers: gone\n" STACK(FROM), ":2:18:", "approver list"},
		{"agent: a\nallowed-signers: assentd.yaml\n", ":2:18:", "approver list"},
		{"agent: a\nstate: [x]\n", ":2:8:", "must be a text"},
		{"agent: a\nhttp: 7420\n", ":2:7:", "'http' must be a map"},
		{"agent: a\nhttp: {listen: 'localhost:7420'}\n", ":2:16:", "not an IP address"},
		{"agent: a\nhttp: {public-url: 'ops.example.org'}\n", ":2:20:", "not http://"},
		{"agent: a\nhttp: {public-url: 'https://h/?a'}\n", ":2:20:", "not http://"},
		{"agent: a\nhttp: {trusted-proxy: [proxy]}\n", ":2:23:", "'proxy' in"},
		{"agent: a\nhttp: {hosts: ['a/b']}\n", ":2:15:", "'a/b' in 'hosts'"},
		{"agent: a\nhttp: {tls-cert: c}\n", ":2:7:", "belong together"},
		{"agent: a\nhttp: {proxy-user-header: X-User, proxy-secret: 'file:s'}\n",
		 ":2:7:", "anybody could be"},
		{"agent: a\nhttp: {proxy-user-header: X-User, trusted-proxy: [10.0.0.1]}\n",
		 ":2:7:", "anybody could be"},
		{"agent: a\nhttp: {trusted-proxy: [10.0.0.1], proxy-user-header: 'a: b'}\n",
		 ":2:54:", "the name of an HTTP header"},
		{"agent: a\nhttp: {connections: 8, peer-connections: 9}\n", ":2:7:", "is more"},
		{"agent: a\n" PEOPLE STACK(FROM HOOK("hush", "github")),
		 ":9:20:", "never the secret itself"},
		{"agent: a\n" PEOPLE STACK(FROM HOOK("'file:s'", "svn")),
		 ":9:36:", "one of: github, gitlab"},
		{"agent: a\n" PEOPLE STACK(FROM HOOK("'file:s'", "github")),
		 ":9:11:", "a hook needs the section 'http'"},
		{"agent: a\nhttp: {}\n" PEOPLE STACK(FROM "    hook: {kind: gitea}\n"),
		 ":10:11:", "'secret' is missing"},
		{"agent: a\n" PEOPLE STACK("    approval: {from: alice, channels: [pigeon]}\n"),
		 ":8:39:", "'pigeon' in 'channels' must be one of: signature, slack"},
		{"agent: a\n" PEOPLE STACK("    approval: {from: alice, channels: []}\n"),
		 ":8:39:", "'channels' names none"},
		{"agent: a\npeople: {zoe: {}}\n" STACK(
			 "    approval: {from: zoe, channels: slack}\n"
			 "    rules: [{match: {kind: file}, channels: signature}]\n"),
		 ":7:13:", "'zoe' has no key"},
		{"agent: a\n" PEOPLE STACK(
			 FROM "    windows: [{kind: allow, schedule: '61 * * * *'}]\n"),
		 ":9:39:", "'schedule' is not a cron expression"},
		{"agent: a\n" PEOPLE STACK(
			 FROM "    windows: [{kind: deny, schedule: '@daily', zone: Atlantis}]\n"),
		 ":9:54:", "'zone' is not a time zone"},
		{"agent: a\n" PEOPLE STACK(FROM "    windows: [{schedule: '@daily'}]\n"),
		 ":9:15:", "'kind' is missing"},
		{"agent: a\n" PEOPLE "windows: [{kind: deny, schedule: '@daily'}]\n", ":",
		 "these windows are for no stack"},
		{"agent: a\n" PEOPLE STACK(FROM) "rules: [{match: {stack: db}}]\n",
		 ":9:9:", "for no stack"},
		{"agent: a\n" PEOPLE STACK(FROM) "rules: [{match: {kind: file}, required: 2}]\n",
		 ":9:9:", "2 people must approve"},
		{"agent: a\n" PEOPLE STACK(FROM) "rules: [{match: {risk: gossip}}]\n",
		 ":9:24:", "'risk' must be one of"},
		{"agent: a\n" PEOPLE STACK(FROM "    rules: [{match: {stack: web}}]\n"),
		 ":9:22:", "unknown key 'stack'"},
	};

	assert_bad(cases, G_N_ELEMENTS(cases));
}

static void test_problems_of_notifiers(void)
{
	static const struct bad cases[] = {
		{"agent: a\nnotify: [{pigeon: {}}]\n", ":2:11:", "unknown key 'pigeon'"},
		{"agent: a\nnotify: [{}]\n", ":2:10:", "names no system"},
		{"agent: a\nnotify: [{ntfy: []}]\n", ":2:17:", "must be a map"},
		{"agent: a\nnotify: [{ntfy: {topic: a b}}]\n", ":2:25:", "'topic' is not letters"},
		{"agent: a\nnotify: [{ntfy: {}}]\n", ":2:17:", "'topic' is missing"},
		{"agent: a\nnotify: [{ntfy: {topic: t, token: abc}}]\n",
		 ":2:35:", "never the secret itself"},
		{"agent: a\nnotify: [{ntfy: {topic: t, url: 'http://example.org'}}]\n",
		 ":2:33:", "'url' is not an https://"},
		{"agent: a\nnotify: [{ntfy: {topic: t, url: 'https://a:b@example.org'}}]\n",
		 ":2:33:", "'url' is not an https://"},
		{"agent: a\nnotify: [{ntfy: {topic: t, url: 'http://127.0.0.1.example.org'}}]\n",
		 ":2:33:", "'url' is not an https://"},
		{"agent: a\nnotify: [{ntfy: {topic: t, person: zoe}}]\n",
		 ":2:10:", "'zoe' is not among the people"},
		{"agent: a\nnotify: [{ntfy: {topic: t, stacks: [web]}}]\n",
		 ":2:10:", "there is no stack 'web'"},
		{"agent: a\nnotify: [{ntfy: {topic: t}}, {ntfy: {topic: u}}]\n",
		 ":2:30:", "a notifier 'ntfy' already"},
		{"agent: a\npeople: {a: {mattermost: x}, b: {mattermost: x}}\n",
		 ":2:", "another person already"},
		{"agent: a\npeople: {a: {slack: T1/U1}, b: {slack: T1/U1}}\n",
		 ":2:", "another person already"},
		{"agent: a\npeople: {a: {slack: U024BE7LH}}\n", ":2:", "TEAM/USER"},
		{"agent: a\npeople: {a: {slack: T1/U1/X}}\n", ":2:", "TEAM/USER"},
		{"agent: a\nnotify: [{slack: {channel: '#ops'}}]\n", ":2:", "capital letters"},
	};

	assert_bad(cases, G_N_ELEMENTS(cases));
}

static void test_notifiers(void)
{
	struct place p = place_new("agent: a\n" PEOPLE STACK(
		FROM) "notify:\n"
		      "  - webhook: {url: 'https://x.example.org/h', secret: file:key, "
		      "remind: 4h}\n"
		      "  - ntfy: {topic: t, name: phone, person: alice, stacks: web,\n"
		      "           url: 'http://127.0.0.1:8080'}\n"
		      "  - mattermost: {webhook: file:/etc/mm-url}\n"
		      "  - slack: {token: file:/etc/slack-token, channel: C0123ABCD,\n"
		      "            signing-secret: file:/etc/slack-secret, team: T024, app: "
		      "A01}\n");
	g_autofree char *secret = g_build_filename(p.dir, "key", NULL);
	g_autoptr(conf_auto) conf = load_good(&p);
	const struct conf_notifier *n;

	g_assert_cmpuint(conf->notifiers->len, ==, 4);
	n = g_ptr_array_index(conf->notifiers, 0);
	g_assert_cmpstr(n->type, ==, "webhook");
	g_assert_cmpstr(n->name, ==, "webhook");
	g_assert_cmpstr(n->url, ==, "https://x.example.org/h");
	g_assert_cmpstr(n->secret_file, ==, secret);
	g_assert_cmpint(n->remind, ==, 4 * 3600);
	g_assert_cmpint(n->burst, ==, 5);
	g_assert_true(n->approve);
	g_assert_null(n->stacks);
	n = g_ptr_array_index(conf->notifiers, 1);
	g_assert_cmpstr(n->name, ==, "phone");
	g_assert_cmpstr(n->person, ==, "alice");
	g_assert_cmpstr(n->stacks[0], ==, "web");
	g_assert_false(n->approve);
	n = g_ptr_array_index(conf->notifiers, 2);
	g_assert_cmpstr(n->url_file, ==, "/etc/mm-url");
	g_assert_null(n->secret_file);
	n = g_ptr_array_index(conf->notifiers, 3);
	g_assert_cmpstr(n->token_file, ==, "/etc/slack-token");
	g_assert_cmpstr(n->secret_file, ==, "/etc/slack-secret");
	g_assert_cmpstr(n->channel, ==, "C0123ABCD");
	g_assert_cmpstr(n->team, ==, "T024");
	g_assert_cmpstr(n->app, ==, "A01");
	g_assert_cmpstr(n->url, ==, "https://slack.com/api");
	g_assert_null(n->url_file);
	place_free(&p);
}

static void test_all_problems_at_once(void)
{
	struct place p = place_new("agent: a b\nnope: 1\n" PEOPLE
				   "stacks: {w: {source: {url: x, interval: soon}, what: 1}}\n");
	g_autofree char *problems = NULL;
	g_autoptr(conf_auto) conf = load(&p, &problems);
	g_auto(GStrv) lines = g_strsplit(problems, "\n", -1);

	g_assert_null(conf);
	g_assert_cmpuint(g_strv_length(lines) - 1, ==, 6);
	place_free(&p);
}

/* A common rule is read for each stack, and what is wrong with it is said once. */
static void test_common_problems_are_said_once(void)
{
	struct place p = place_new("agent: a\n" PEOPLE
				   "stacks: {v: {source: {url: h:r}, approval: {from: alice}},"
				   " w: {source: {url: h:r}, approval: {from: alice}}}\n"
				   "rules: [{match: {kind: pipe}, soon: 1}]\n");
	g_autofree char *problems = NULL;
	g_autoptr(conf_auto) conf = load(&p, &problems);
	g_auto(GStrv) lines = g_strsplit(problems, "\n", -1);

	g_assert_null(conf);
	g_assert_cmpuint(g_strv_length(lines) - 1, ==, 2);
	place_free(&p);
}

static void test_common_windows(void)
{
	struct place p =
		place_new("agent: a\n" PEOPLE
			  "stacks: {v: {source: {url: h:r}, approval: {from: alice}, windows: "
			  "[{kind: allow, schedule: '@daily'}]},"
			  " w: {source: {url: h:r}, approval: {from: alice}}}\n"
			  "windows: [{kind: deny, schedule: '0 0 24 12 *', duration: 3d}]\n");
	struct place wrong = place_new(
		"agent: a\n" PEOPLE "stacks: {v: {source: {url: h:r}, approval: {from: alice}},"
		" w: {source: {url: h:r}, approval: {from: alice}}}\n"
		"windows: [{kind: allow, schedule: '61 * * * *', stack: v}]\n");
	g_autoptr(conf_auto) conf = load_good(&p);
	const struct conf_stack *v = g_ptr_array_index(conf->stacks, 0);
	const struct conf_stack *w = g_ptr_array_index(conf->stacks, 1);
	g_autofree char *problems = NULL;
	g_auto(GStrv) lines = NULL;
	const struct conf_window *window;

	g_assert_cmpuint(v->windows->len, ==, 2);
	g_assert_cmpuint(w->windows->len, ==, 1);
	window = g_ptr_array_index(v->windows, 1);
	g_assert_cmpstr(window->kind, ==, "deny");
	g_assert_cmpint(window->duration, ==, 3 * 86400);
	window = g_ptr_array_index(w->windows, 0);
	g_assert_cmpstr(window->schedule, ==, "0 0 24 12 *");
	g_assert_null(load(&wrong, &problems));
	lines = g_strsplit(problems, "\n", -1);
	g_assert_cmpuint(g_strv_length(lines) - 1, ==, 2); // not once for each stack
	place_free(&p);
	place_free(&wrong);
}

static void test_sources(void)
{
	static const struct {
		const char *url;
		bool good;
	} urls[] = {
		{"https://h/r.git", true},   {"http://h:80/r", true}, {"ssh://git@h/r", true},
		{"file:///srv/r.git", true}, {"git@h:r.git", true},   {"h:r", true},
		{"ftp://h/r", false},	     {"file://h/r", false},   {"https://", false},
		{"https://u:p@h/r", false},  {"/srv/r", false},	      {"./a:b", false},
		{"-oProxy:x", false},	     {"ext::sh", true},	      {"https://h/r r", false},
		{"ssh://u:p@h/r", false},    {"h:", false},
	};
	static const struct {
		const char *branch;
		bool good;
	} branches[] = {
		{"main", true},	 {"a/b-1.0", true}, {"refs/heads/x", false}, {"-x", false},
		{"a..b", false}, {"a//b", false},   {"x.lock", false},	     {"a b", false},
		{"@", false},	 {"a@{1}", false},  {".a", false},	     {"a.", false},
		{"a/.b", false}, {"a:b", false},    {"a*", false},
	};
	static const struct {
		const char *path;
		bool good;
	} paths[] = {{".", true},     {"a/b", true},  {"../a", false}, {"/a", false},
		     {"a//b", false}, {"a/.", false}, {"a/", false},   {"a/.GIT", false}};

	for (size_t i = 0; i < G_N_ELEMENTS(urls) + G_N_ELEMENTS(branches) + G_N_ELEMENTS(paths);
	     i++) {
		size_t b = i - G_N_ELEMENTS(urls), f = b - G_N_ELEMENTS(branches);
		bool is_url = i < G_N_ELEMENTS(urls);
		bool is_branch = !is_url && b < G_N_ELEMENTS(branches);
		g_autofree char *text = g_strdup_printf(
			"agent: a\n" PEOPLE "stacks: {w: {source: {url: '%s', branch: '%s', path: "
			"'%s'}, approval: {from: alice}}}\n",
			is_url ? urls[i].url : "h:r", is_branch ? branches[b].branch : "main",
			!is_url && !is_branch ? paths[f].path : ".");
		struct place p = place_new(text);
		g_autofree char *problems = NULL;
		g_autoptr(conf_auto) conf = load(&p, &problems);
		bool want = is_url ? urls[i].good : is_branch ? branches[b].good : paths[f].good;

		if ((conf != NULL) != want) {
			g_error("%s%s", text, problems);
		}
		place_free(&p);
	}
}

static void test_one_key_of_two_people(void)
{
	struct place p = place_new("agent: a\n" PEOPLE STACK(FROM));
	g_autofree char *line = seed_signer_line("alice,bob", 1);
	g_autofree char *problems = NULL;
	g_autoptr(conf_auto) conf = NULL;

	g_free(temp_file(p.dir, "allowed_signers", line));
	conf = load(&p, &problems);
	g_assert_null(conf);
	g_assert_nonnull(strstr(problems, "one key belongs to both 'alice' and 'bob'"));
	place_free(&p);
}

static void test_keys_for_something_else_do_not_count(void)
{
	struct place p = place_new("agent: a\n" PEOPLE STACK(FROM));
	g_autofree char *key = seed_key_line(1);
	g_autofree char *line = g_strdup_printf("alice namespaces=\"git\" %s\n", key);
	g_autofree char *problems = NULL;
	g_autoptr(conf_auto) conf = NULL;

	g_free(temp_file(p.dir, "allowed_signers", line));
	conf = load(&p, &problems);
	g_assert_nonnull(strstr(problems, "'alice' has no key for namespace 'assent.approval.v1'"));
	place_free(&p);
}

static void test_others_may_not_write_it(void)
{
	struct place p = place_new("agent: a\n");
	struct diag_list diags;
	g_autoptr(GError) error = NULL;

	diag_list_init(&diags);
	g_assert_cmpint(g_chmod(p.file, 0664), ==, 0);
	g_assert_null(conf_load(p.file, &diags, &error));
	g_assert_error(error, BASE_ERROR, BASE_ERROR_FAILED);
	g_assert_cmpuint(diags.items->len, ==, 0);
	diag_list_clear(&diags);
	place_free(&p);
}

static void test_first_configuration_needs_no_approvers(void)
{
	struct place p = place_new("agent: a\nallowed-signers: later\n");
	g_autoptr(conf_auto) conf = load_good(&p);

	g_assert_cmpuint(conf->stacks->len, ==, 0);
	place_free(&p);
}

/* With the '#' of each setting taken away. */
static char *uncommented(const char *sample)
{
	g_auto(GStrv) lines = g_strsplit(sample, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		if ((*line)[0] == '#' && (*line)[1] != '#') {
			memmove(*line, *line + 1, strlen(*line));
		}
	}
	return g_strjoinv("\n", lines);
}

static void test_sample_is_the_defaults(void)
{
	g_autofree char *sample = conf_sample("web1.example.org");
	g_autofree char *all = uncommented(sample);
	struct place as_is = place_new(sample), full = place_new(all);
	g_autoptr(conf_auto) conf = load_good(&as_is);
	g_autoptr(conf_auto) second = load_good(&full);

	assert_defaults(conf, &as_is);
	g_assert_cmpstr(conf->agent, ==, "web1.example.org");
	g_assert_cmpuint(conf->stacks->len, ==, 0);
	assert_defaults(second, &full);
	g_assert_cmpuint(second->stacks->len, ==, 1);
	assert_stack_defaults(g_ptr_array_index(second->stacks, 0));
	for (const struct conf_key *row = conf_keys; row->path != NULL; row++) {
		if (!g_str_has_suffix(row->path, "*")) {
			g_assert_nonnull(strstr(sample, row->help));
		}
	}
	place_free(&as_is);
	place_free(&full);
}

static char *source_file(const char *name)
{
	g_autofree char *path = g_test_build_filename(G_TEST_DIST, "..", name, NULL);
	g_autoptr(GError) error = NULL;
	char *text = NULL;

	g_file_get_contents(path, &text, NULL, &error);
	g_assert_no_error(error);
	return text;
}

/* To write a text anew: ASSENT_TEST_WRITE=DIR test-conf, then copy from there. */
static void compare(const char *name, const char *file, const char *part)
{
	const char *out = g_getenv("ASSENT_TEST_WRITE");
	g_autofree char *text = NULL;

	if (out != NULL) {
		g_free(temp_file(out, name, part));
		return;
	}
	text = source_file(file);
	if (strstr(text, part) == NULL) {
		g_error("'%s' is not what the table of keys says", file);
	}
}

static void test_manual_and_schema_follow_the_table(void)
{
	g_autofree char *markdown = conf_reference_markdown();
	g_autofree char *mdoc = conf_reference_mdoc();
	g_autofree char *schema = conf_schema_json();

	compare("config.md", "doc/config.md", markdown);
	compare("assentd.yaml.5", "doc/assentd.yaml.5", mdoc);
	compare("assentd.schema.json", "contrib/assentd.schema.json", schema);
}

int main(int argc, char **argv)
{
	/* The defaults of a session, whoever runs this. */
	g_setenv("XDG_STATE_HOME", "/xdg/state", TRUE);
	g_setenv("XDG_RUNTIME_DIR", "/xdg/run", TRUE);
	g_unsetenv("ASSENT_SOCKET");
	g_unsetenv("ASSENT_CONFIG");
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/conf/rows-are-sound", test_rows_are_sound);
	g_test_add_func("/conf/defaults", test_defaults);
	g_test_add_func("/conf/all-of-it", test_all_of_it);
	g_test_add_func("/conf/http", test_http);
	g_test_add_func("/conf/http-in-full", test_http_in_full);
	g_test_add_func("/conf/channels-and-common-rules", test_channels_and_common_rules);
	g_test_add_func("/conf/common-windows", test_common_windows);
	g_test_add_func("/conf/common-problems-are-said-once", test_common_problems_are_said_once);
	g_test_add_func("/conf/problems-are-named", test_problems_are_named);
	g_test_add_func("/conf/problems-of-notifiers", test_problems_of_notifiers);
	g_test_add_func("/conf/notifiers", test_notifiers);
	g_test_add_func("/conf/all-problems-at-once", test_all_problems_at_once);
	g_test_add_func("/conf/sources", test_sources);
	g_test_add_func("/conf/one-key-of-two-people", test_one_key_of_two_people);
	g_test_add_func("/conf/keys-for-something-else-do-not-count",
			test_keys_for_something_else_do_not_count);
	g_test_add_func("/conf/others-may-not-write-it", test_others_may_not_write_it);
	g_test_add_func("/conf/first-configuration-needs-no-approvers",
			test_first_configuration_needs_no_approvers);
	g_test_add_func("/conf/sample-is-the-defaults", test_sample_is_the_defaults);
	g_test_add_func("/conf/manual-and-schema-follow-the-table",
			test_manual_and_schema_follow_the_table);
	return g_test_run();
}
