/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the trust file allows of packages, services, commands and objects of clusters. */
#include "worker/scope.h"

#include <string.h>

#include "worker/job.h"

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})
#define NONE ((const char *const[]){NULL})

static const char *const migrate[] = {"/opt/app/migrate", "--now", NULL};
static const char *const other[] = {"/home/u/migrate", NULL};
static const char *const spelled[] = {"/opt/app/../../home/u/migrate", NULL};
static const char *const doubled[] = {"/opt/app//migrate", NULL};
static const char *const relative[] = {"migrate", NULL};
static const char *const preload[] = {"A=1", "LD_PRELOAD=/home/u/x.so", NULL};
static const char *const plain_env[] = {"A=1", NULL};

static const struct plan_object web = {.cluster = "c",
				       .group = "apps",
				       .version = "v1",
				       .kind = "Deployment",
				       .namespace = "shop",
				       .name = "web",
				       .resource = "deployments",
				       .namespaced = true,
				       .owner = "web1/shop"};

struct trial {
	const char *name;
	bool raised;
	const char *const *kinds, *const *packages, *const *services, *const *commands;
	const char *kind, *id, *manager;
	const char *const *run, *const *unless, *const *env;
	bool implied, is_check;
	enum plan_action action;
	const char *refusal; /* NULL: it is allowed */
	const struct plan_object *object;
};
#define ACTS LIST("package", "service", "command")

static const struct trial trials[] = {
	{"package", true, ACTS, .packages = LIST("nginx*"), .kind = "package",
	 .id = "package:nginx-core", .manager = "apt"},
	{"another package", true, ACTS, .packages = LIST("nginx*"), .kind = "package",
	 .id = "package:sudo", .manager = "apt", .refusal = "this package"},
	{"an implied package", true, ACTS, .packages = LIST("nginx*"), .kind = "package",
	 .id = "package:sudo", .manager = "apt", .implied = true, .refusal = "this package"},
	{"no list of packages", true, ACTS, .kind = "package", .id = "package:nginx",
	 .manager = "apt", .refusal = "no 'packages'"},
	{"an empty list of packages", true, ACTS, .packages = NONE, .kind = "package",
	 .id = "package:nginx", .manager = "apt", .refusal = "this package"},
	{"a list without the kind", true, NULL, .packages = LIST("nginx"), .kind = "package",
	 .id = "package:nginx", .manager = "apt", .refusal = "kind 'package'"},
	{"a package of one's own", false, NULL, .kind = "package", .id = "package:nginx",
	 .manager = "apt"},
	{"a list that counts for all", false, NULL, .packages = LIST("nginx"), .kind = "package",
	 .id = "package:sudo", .manager = "apt", .refusal = "this package"},
	{"service", true, ACTS, .services = LIST("app-*.service"), .kind = "service",
	 .id = "service:app-web.service", .manager = "system", .action = ACTION_START},
	{"another service", true, ACTS, .services = LIST("app-*.service"), .kind = "service",
	 .id = "service:ssh.service", .manager = "system", .action = ACTION_STOP,
	 .refusal = "this service"},
	{"a user's service", true, ACTS, .services = LIST("*"), .kind = "service",
	 .id = "service:app-web.service", .manager = "user", .action = ACTION_START,
	 .refusal = "of the system alone"},
	{"no list of services", true, ACTS, .kind = "service", .id = "service:app.service",
	 .manager = "system", .refusal = "no 'services'"},
	{"reading units anew", true, ACTS, .services = LIST("app.service"), .kind = "service",
	 .id = "service:daemon-reload", .manager = "system", .action = ACTION_RELOAD},
	{"reading them anew for nothing", true, ACTS, .services = NONE, .kind = "service",
	 .id = "service:daemon-reload", .manager = "system", .action = ACTION_RELOAD,
	 .refusal = "this service"},
	{"a unit of that name", true, ACTS, .services = LIST("app.service"), .kind = "service",
	 .id = "service:daemon-reload", .manager = "system", .action = ACTION_START,
	 .refusal = "this service"},
	{"command", true, ACTS, .commands = LIST("/opt/app/*"), .kind = "command",
	 .id = "command:m", .run = migrate, .env = plain_env},
	{"its guard", true, ACTS, .commands = LIST("/opt/app/*"), .kind = "command",
	 .id = "command:m", .run = migrate, .unless = other, .refusal = "'/home/u/migrate'"},
	{"another program", true, ACTS, .commands = LIST("/opt/app/*"), .kind = "command",
	 .id = "command:m", .run = other, .refusal = "'/home/u/migrate'"},
	{"another spelling", true, ACTS, .commands = LIST("/opt/app/**"), .kind = "command",
	 .id = "command:m", .run = spelled, .refusal = "do not allow the program"},
	{"a doubled slash", true, ACTS, .commands = LIST("/opt/app/**"), .kind = "command",
	 .id = "command:m", .run = doubled, .refusal = "do not allow the program"},
	{"a relative program", true, ACTS, .commands = LIST("/**"), .kind = "command",
	 .id = "command:m", .run = relative, .refusal = "do not allow the program"},
	{"another loader", true, ACTS, .commands = LIST("/opt/app/*"), .kind = "command",
	 .id = "command:m", .run = migrate, .env = preload, .refusal = "dynamic loader"},
	{"no list of commands", true, ACTS, .kind = "command", .id = "command:m", .run = migrate,
	 .refusal = "do not allow the program"},
	{"a command of one's own", false, NULL, .kind = "command", .id = "command:m",
	 .run = relative, .env = preload},
	{"an object", false, LIST("kubernetes"), .kind = "kubernetes", .object = &web,
	 .id = "k8s:prod/shop/Deployment/web", .manager = "prod"},
	{"an object without the kind", false, ACTS, .kind = "kubernetes", .object = &web,
	 .id = "k8s:prod/shop/Deployment/web", .manager = "prod", .refusal = "kind 'kubernetes'"},
	{"an object that is called another", false, NULL, .kind = "kubernetes", .object = &web,
	 .id = "k8s:prod/shop/Deployment/web2", .manager = "prod", .refusal = "something else"},
	{"an object of a cluster called another", false, NULL, .kind = "kubernetes", .object = &web,
	 .id = "k8s:test/shop/Deployment/web", .manager = "prod", .refusal = "something else"},
	{"an object by root", true, LIST("kubernetes"), .kind = "kubernetes", .object = &web,
	 .id = "k8s:prod/shop/Deployment/web", .manager = "prod", .refusal = "no cluster"},
	{"check", true, ACTS, .commands = LIST("/opt/app/*"), .id = "well", .run = migrate,
	 .is_check = true},
	{"a check of another program", true, ACTS, .commands = LIST("/opt/app/*"), .id = "well",
	 .run = other, .is_check = true, .refusal = "'/home/u/migrate'"},
	{"a check without the kind", true, NULL, .commands = LIST("/opt/app/*"), .id = "well",
	 .run = migrate, .is_check = true, .refusal = "this check is one"},
	{"a check of one's own", false, NULL, .id = "well", .run = other, .is_check = true},
};

static void try(const void *data)
{
	const struct trial *t = data;
	char *paths[] = {NULL};
	struct trust trust = {.paths = paths,
			      .kinds = (char **)t->kinds,
			      .packages = (char **)t->packages,
			      .services = (char **)t->services,
			      .commands = (char **)t->commands,
			      .approvers_file = (char *)"/etc/assent/allowed_signers"};
	const struct privilege_places places = {.trust = "/etc/assent/trust.yaml",
						.state = "/var/lib/assent-worker"};
	const struct privilege privilege = {.raised = t->raised, .places = &places};
	struct plan_exec exec = {.run = (const char **)t->run,
				 .unless = (const char **)t->unless,
				 .env = (const char **)t->env};
	struct plan_change change = {.id = t->id,
				     .kind = t->kind,
				     .manager = t->manager,
				     .action = t->action,
				     .implied = t->implied,
				     .exec = t->run != NULL ? &exec : NULL,
				     .object = t->object,
				     .observed = PLAN_STATE(STATE_ABSENT),
				     .desired = PLAN_STATE(STATE_PACKAGE)};
	struct plan_check check = {.kind = "command", .target = t->id, .exec = &exec};
	struct plan plan = {.changes = &change,
			    .changes_count = !t->is_check,
			    .checks = &check,
			    .checks_count = t->is_check};
	g_autoptr(GError) error = NULL;
	bool allowed = scope_check(&trust, &plan, &privilege, &error);

	g_test_message("%s", error != NULL ? error->message : "allowed");
	g_assert_true(allowed == (t->refusal == NULL));
	if (!allowed) {
		g_assert_error(error, JOB_ERROR, JOB_ERROR_UNTRUSTED);
		g_assert_nonnull(strstr(error->message, t->refusal));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(trials); i++) {
		g_autofree char *name = g_strdup_printf("/scope/%s", trials[i].name);

		g_strdelimit(name, " '", '-');
		g_test_add_data_func(name, &trials[i], try);
	}
	return g_test_run();
}
