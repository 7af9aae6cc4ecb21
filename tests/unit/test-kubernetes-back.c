/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of what leads an object back, judged by what is found. */
#include "worker/target/kubernetes-group.h"

#include <string.h>

#include "unit/kube-vectors.h"

#define UID "11111111-1111"
#define META(uid, more)                                                                            \
	"\"metadata\":{\"name\":\"c\",\"namespace\":\"shop\",\"uid\":\"" uid "\"" more
#define MARK                                                                                       \
	",\"annotations\":{\"assent.org/id\":\"web1/shop:/ConfigMap:shop/c\"},"                    \
	"\"labels\":{\"applyset.kubernetes.io/part-of\":\"set\"}"
#define COPIED                                                                                     \
	",\"annotations\":{\"assent.org/id\":\"web1/shop:/ConfigMap:shop/other\"},"                \
	"\"labels\":{\"applyset.kubernetes.io/part-of\":\"set\"}"
#define OWNS                                                                                       \
	",\"managedFields\":[{\"manager\":\"assent\",\"operation\":\"Apply\",\"fieldsV1\":"        \
	"{\"f:data\":{\"f:a\":{}}}}]"
#define GOING ",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\""
#define OBJECT(meta, value)                                                                        \
	"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\"," meta "},\"data\":{\"a\":\"" value "\"}}"
#define OLD OBJECT(META(UID, OWNS), "old")
#define NEW OBJECT(META(UID, OWNS), "new")
#define OTHER OBJECT(META("2222", OWNS), "new")
#define OURS OBJECT(META("2222", MARK OWNS), "new")
/* Of a backup, say: we have never written to it. */
#define SAYS_OURS OBJECT(META("2222", MARK), "new")

static const struct {
	enum plan_action action;
	const char *before, *now; /* NULL: absent */
	enum kube_back back;
	const char *why; /* part of it; NULL: none */
} cases[] = {
	{ACTION_CREATE, NULL, NULL, KUBE_BACK_NOTHING, NULL},
	{ACTION_CREATE, NULL, OURS, KUBE_BACK_DELETE, NULL},
	{ACTION_CREATE, NULL, SAYS_OURS, KUBE_BACK_LEAVE, "somebody else has made it"},
	{ACTION_CREATE, NULL, OTHER, KUBE_BACK_LEAVE, "somebody else has made it"},
	{ACTION_CREATE, NULL, OBJECT(META("2222", COPIED), "new"), KUBE_BACK_LEAVE,
	 "somebody else"},
	{ACTION_CREATE, NULL, OBJECT(META("2222", MARK GOING), "new"), KUBE_BACK_NOTHING, NULL},

	{ACTION_UPDATE, OLD, OLD, KUBE_BACK_NOTHING, NULL},
	{ACTION_UPDATE, OLD, NEW, KUBE_BACK_APPLY, NULL},
	{ACTION_UPDATE, OLD, NULL, KUBE_BACK_LEAVE, "deleted"},
	{ACTION_UPDATE, OLD, OBJECT(META(UID, OWNS GOING), "new"), KUBE_BACK_LEAVE, "deleted"},
	{ACTION_UPDATE, OLD, OTHER, KUBE_BACK_LEAVE, "anew"},
	{ACTION_UPDATE, OLD, OURS, KUBE_BACK_LEAVE, "anew"},
	{ACTION_UPDATE, NULL, NEW, KUBE_BACK_LEAVE, "not kept"},
	/* We own nothing of it, neither before nor now. */
	{ACTION_UPDATE, OBJECT(META(UID, ""), "old"), OBJECT(META(UID, ""), "new"),
	 KUBE_BACK_NOTHING, NULL},
	/* What we own is new. */
	{ACTION_UPDATE, OBJECT(META(UID, ""), "old"), NEW, KUBE_BACK_APPLY, NULL},
	/* Somebody has taken our field. */
	{ACTION_UPDATE, OLD, OBJECT(META(UID, ""), "hand"), KUBE_BACK_APPLY, NULL},

	{ACTION_REPLACE, OLD, OLD, KUBE_BACK_NOTHING, NULL},
	{ACTION_REPLACE, OLD, NULL, KUBE_BACK_CREATE, NULL},
	{ACTION_REPLACE, OLD, OURS, KUBE_BACK_SWAP, NULL},
	{ACTION_REPLACE, OLD, SAYS_OURS, KUBE_BACK_LEAVE, "anew"},
	{ACTION_REPLACE, OLD, OTHER, KUBE_BACK_LEAVE, "anew"},
	{ACTION_REPLACE, NULL, OURS, KUBE_BACK_LEAVE, "not kept"},
	{ACTION_REPLACE, OLD, OBJECT(META(UID, OWNS GOING), "old"), KUBE_BACK_LEAVE,
	 "still being deleted"},

	{ACTION_REMOVE, OLD, OLD, KUBE_BACK_NOTHING, NULL},
	{ACTION_REMOVE, OLD, NULL, KUBE_BACK_CREATE, NULL},
	{ACTION_REMOVE, OLD, OTHER, KUBE_BACK_LEAVE, "anew"},
	{ACTION_REMOVE, OLD, OURS, KUBE_BACK_LEAVE, "anew"},
	{ACTION_REMOVE, NULL, NULL, KUBE_BACK_LEAVE, "not kept"},
	{ACTION_REMOVE, OLD, OBJECT(META(UID, OWNS GOING), "old"), KUBE_BACK_LEAVE,
	 "still being deleted"},
};

static void test_back(void)
{
	static const struct plan_object object = {.group = "",
						  .version = "v1",
						  .kind = "ConfigMap",
						  .namespace = "shop",
						  .name = "c",
						  .set = "set",
						  .owner = "web1/shop"};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct plan_change change = {.action = cases[i].action, .object = &object};
		struct step step = {.change = &change};
		struct kube_id id = {.group = (char *)"",
				     .version = (char *)"v1",
				     .kind = (char *)"ConfigMap",
				     .namespace = (char *)"shop",
				     .name = (char *)"c"};
		g_autoptr(kube_value_auto) before =
			cases[i].before != NULL ? kube_vector_parse(cases[i].before) : NULL;
		g_autoptr(kube_value_auto) now =
			cases[i].now != NULL ? kube_vector_parse(cases[i].now) : NULL;
		struct kube_item item = {
			.step = &step, .object = &object, .id = &id, .before = before, .now = now};
		const char *why = NULL;

		g_test_message("case %zu", i);
		change.observed = PLAN_STATE(STATE_ABSENT);
		if (cases[i].action != ACTION_CREATE) {
			change.observed = PLAN_STATE(STATE_OBJECT);
			change.observed.object_uid = UID;
		}
		g_assert_cmpint(kube_back_decide(&item, &why), ==, cases[i].back);
		if (cases[i].why == NULL) {
			g_assert_null(why);
		} else {
			g_assert_nonnull(strstr(why, cases[i].why));
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kubernetes/the-way-back-is-found-by-looking", test_back);
	return g_test_run();
}
