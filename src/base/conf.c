/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The configuration once it is read: looking things up, and letting go. */
#include "base/conf.h"

#include <string.h>

#include "core/statement.h"

static void source_clear(struct conf_source *source)
{
	g_free(source->url);
	g_free(source->branch);
	g_strfreev(source->fallbacks);
	g_free(source->verify);
	g_free(source->signers);
	g_free(source->revoked_keys);
	g_free(source->openpgp_keys);
	g_free(source->path);
	g_free(source->username);
	g_free(source->password_file);
	g_free(source->token_file);
	g_free(source->credential_helper);
	g_free(source->ca_file);
	g_free(source->proxy);
	g_free(source->ssh_command);
}

static void http_free(struct conf_http *http)
{
	if (http == NULL) {
		return;
	}
	g_free(http->listen);
	g_free(http->public_url);
	g_strfreev(http->hosts);
	g_strfreev(http->trusted_proxy);
	g_free(http->tls_cert);
	g_free(http->tls_key);
	g_free(http->proxy_user_header);
	g_free(http->proxy_secret);
	g_free(http);
}

static void approval_clear(struct conf_approval *approval)
{
	g_strfreev(approval->from);
	g_strfreev(approval->channels);
	g_strfreev(approval->break_glass);
}

void conf_rule_free(void *item)
{
	struct conf_rule *rule = item;

	if (rule == NULL) {
		return;
	}
	g_free(rule->place);
	g_free(rule->stack);
	g_free(rule->namespace);

	g_free(rule->risk);
	g_free(rule->kind);
	g_free(rule->path);
	g_free(rule->action);
	approval_clear(&rule->approval);
	g_free(rule);
}

void conf_drift_rule_free(void *item)
{
	struct conf_drift_rule *rule = item;

	g_free(rule->kind);
	g_free(rule->path);
	g_free(rule->resource);
	g_strfreev(rule->fields);
	g_free(rule->on_drift);
	g_free(rule);
}

void conf_window_free(void *item)
{
	struct conf_window *window = item;

	g_free(window->kind);
	g_free(window->schedule);
	g_free(window->zone);
	g_free(window);
}

void conf_cluster_free(void *item)
{
	struct conf_cluster *cluster = item;

	g_free(cluster->name);
	g_free(cluster->kubeconfig);
	g_free(cluster->context);
	g_free(cluster);
}

void conf_renderer_free(void *item)
{
	struct conf_renderer *renderer = item;

	g_free(renderer->name);
	g_strfreev(renderer->run);
	g_strfreev(renderer->reads);
	g_free(renderer);
}

static void leader_free(struct conf_leader *leader)
{
	if (leader != NULL) {
		g_free(leader->cluster);
		g_free(leader->namespace);
		g_free(leader->name);
		g_free(leader);
	}
}

static void stack_kubernetes_free(struct conf_stack_kubernetes *k)
{
	if (k == NULL) {
		return;
	}
	g_strfreev(k->clusters);
	g_strfreev(k->namespaces);
	g_free(k->as);
	g_strfreev(k->as_groups);
	g_free(k);
}

void conf_stack_free(void *item)
{
	struct conf_stack *stack = item;

	g_free(stack->name);
	source_clear(&stack->source);
	approval_clear(&stack->approval);
	g_free(stack->hook.secret);
	g_free(stack->hook.kind);
	g_ptr_array_unref(stack->rules);
	g_ptr_array_unref(stack->windows);
	g_ptr_array_unref(stack->drift_rules);
	g_strfreev(stack->after);
	g_free(stack->drift_watch);
	g_free(stack->on_drift);
	g_free(stack->elevate);
	stack_kubernetes_free(stack->kubernetes);
	g_free(stack);
}

void conf_person_free(void *item)
{
	struct conf_person *person = item;

	g_free(person->name);
	g_strfreev(person->emails);
	g_strfreev(person->forge);
	g_free(person->user);
	g_free(person->mattermost);
	g_free(person->slack);
	g_free(person);
}

void conf_group_free(void *item)
{
	struct conf_group *group = item;

	g_free(group->name);
	g_strfreev(group->members);
	g_free(group);
}

void conf_label_free(void *item)
{
	struct conf_label *label = item;

	g_free(label->name);
	g_free(label->value);
	g_free(label);
}

void conf_notifier_free(void *item)
{
	struct conf_notifier *n = item;

	g_free(n->type);
	g_free(n->name);
	g_strfreev(n->stacks);
	g_free(n->url);
	g_free(n->ca_file);
	g_free(n->channel);
	g_free(n->team);
	g_free(n->app);
	g_free(n->topic);
	g_free(n->person);
	g_free(n->url_file);
	g_free(n->token_file);
	g_free(n->secret_file);
	g_free(n->app_token_file);
	g_free(n);
}

void conf_free(struct conf *conf)
{
	if (conf == NULL) {
		return;
	}
	g_free(conf->file);
	g_free(conf->agent);
	g_free(conf->state_dir);
	g_free(conf->socket);
	g_free(conf->allowed_signers);
	g_free(conf->trust);
	g_free(conf->worker);
	http_free(conf->http);
	g_ptr_array_unref(conf->labels);
	g_ptr_array_unref(conf->stacks);
	g_ptr_array_unref(conf->people);
	g_ptr_array_unref(conf->groups);
	g_ptr_array_unref(conf->notifiers);
	g_strfreev(conf->kubernetes.exec_plugins);
	g_ptr_array_unref(conf->kubernetes.clusters);
	g_ptr_array_unref(conf->kubernetes.renderers);
	leader_free(conf->kubernetes.leader);
	g_free(conf);
}

const struct conf_person *conf_person(const struct conf *conf, const char *name)
{
	for (unsigned i = 0; i < conf->people->len; i++) {
		const struct conf_person *person = g_ptr_array_index(conf->people, i);

		if (strcmp(person->name, name) == 0) {
			return person;
		}
	}
	return NULL;
}

const struct conf_group *conf_group(const struct conf *conf, const char *name)
{
	for (unsigned i = 0; i < conf->groups->len; i++) {
		const struct conf_group *group = g_ptr_array_index(conf->groups, i);

		if (strcmp(group->name, name) == 0) {
			return group;
		}
	}
	return NULL;
}

const struct conf_cluster *conf_cluster(const struct conf *conf, const char *name)
{
	for (unsigned i = 0; i < conf->kubernetes.clusters->len; i++) {
		const struct conf_cluster *c = g_ptr_array_index(conf->kubernetes.clusters, i);

		if (strcmp(c->name, name) == 0) {
			return c;
		}
	}
	return NULL;
}

const struct conf_person *conf_person_of_user(const struct conf *conf, const char *user)
{
	for (unsigned i = 0; i < conf->people->len; i++) {
		const struct conf_person *person = g_ptr_array_index(conf->people, i);

		if (person->user != NULL && strcmp(person->user, user) == 0) {
			return person;
		}
	}
	return NULL;
}

unsigned conf_channels(char *const *names)
{
	unsigned channels = 0;

	for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
		enum channel channel;

		if (channel_find(names[i], &channel)) {
			channels |= CHANNEL_BIT(channel);
		}
	}
	return channels != 0 ? channels : CHANNEL_BIT(CHANNEL_SIGNATURE);
}

const struct conf_person *conf_person_of_mattermost(const struct conf *conf, const char *id)
{
	for (unsigned i = 0; i < conf->people->len; i++) {
		const struct conf_person *person = g_ptr_array_index(conf->people, i);

		if (person->mattermost != NULL && strcmp(person->mattermost, id) == 0) {
			return person;
		}
	}
	return NULL;
}

const struct conf_person *conf_person_of_slack(const struct conf *conf, const char *id)
{
	for (unsigned i = 0; i < conf->people->len; i++) {
		const struct conf_person *person = g_ptr_array_index(conf->people, i);

		if (person->slack != NULL && strcmp(person->slack, id) == 0) {
			return person;
		}
	}
	return NULL;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_once(GPtrArray *found, const char *name)
{
	if (!g_ptr_array_find_with_equal_func(found, name, g_str_equal, NULL)) {
		g_ptr_array_add(found, g_strdup(name));
	}
}

char **conf_people(const struct conf *conf, char *const *names)
{
	GPtrArray *found = g_ptr_array_new();

	for (size_t i = 0; names != NULL && names[i] != NULL; i++) {
		const struct conf_group *group = conf_group(conf, names[i]);

		if (group == NULL) {
			add_once(found, names[i]);
			continue;
		}
		for (size_t j = 0; group->members != NULL && group->members[j] != NULL; j++) {
			add_once(found, group->members[j]);
		}
	}
	g_ptr_array_sort(found, by_name);
	g_ptr_array_add(found, NULL);
	return (char **)g_ptr_array_free(found, FALSE);
}
