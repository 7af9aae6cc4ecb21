/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of whose an object is that is to be taken over. */
#include "kube/adopt.h"

#include <string.h>

#include "unit/kube-vectors.h"

/* "TOOL NAMESPACE/NAME[!]" of each claim; "!": it fights. Takes the object. */
static char *said(struct kube_value *live)
{
	struct kube_value *meta = kube_value_get(live, "metadata");
	g_autoptr(kube_value_auto) fields = kube_value_steal(meta, "managedFields");
	g_autoptr(kube_id_auto) id = NULL;
	g_autoptr(GPtrArray) claims = NULL;
	GString *text = g_string_new(NULL);

	g_assert_true(kube_id_from_object(live, &id, NULL));
	claims = kube_adopt_claims(live, fields, id, "assent");
	for (guint i = 0; i < claims->len; i++) {
		const struct kube_claim *claim = claims->pdata[i];

		g_string_append_printf(text, "%s%s %s/%s%s", i > 0 ? "; " : "",
				       kube_tool_name(claim->tool), claim->namespace, claim->name,
				       claim->fights ? "!" : "");
	}
	kube_value_free(live);
	return g_string_free(text, FALSE);
}

static struct kube_value *recorded(const char *name)
{
	g_autoptr(kube_value_auto) exchange = kube_vector(name);

	return kube_value_dup(kube_vector_body(exchange));
}

static void test_recorded(void)
{
	g_autofree char *kubectl =
		said(recorded("mig-01-object-from-kubectl-client-side-apply.json"));
	g_autofree char *member = said(kube_vector("applyset-02-member.json"));
	g_autofree char *moved = said(recorded("mig-04-ssa-now-removes-b-and-annotation.json"));

	g_assert_cmpstr(kubectl, ==, "kubectl /kubectl-client-side-apply");
	g_assert_nonnull(strstr(member, "applyset /applyset-"));
	g_assert_nonnull(strchr(member, '!'));
	/* Recorded with an applier of another name than ours, and nothing of kubectl's is left. */
	g_assert_cmpstr(moved, ==, "applier /deployd");
}

struct row {
	const char *metadata, *said;
};

static void test_marks(void)
{
	static const struct row rows[] = {
		{"", ""},
		{"'labels':{'app.kubernetes.io/instance':'shop'}", ""},
		{"'labels':{'app.kubernetes.io/instance':'shop'},'managedFields':[{'manager':"
		 "'argocd-controller','operation':'Update'}]",
		 "argocd /shop!"},
		{"'annotations':{'argocd.argoproj.io/tracking-id':'shop:apps/Deployment:web/d'}",
		 "argocd /shop!"},
		/* copied along from another object: nothing of Argo CD's */
		{"'annotations':{'argocd.argoproj.io/tracking-id':'shop:apps/Deployment:web/e'}",
		 ""},
		{"'annotations':{'argocd.argoproj.io/tracking-id':'shop:apps/Deployment:we/d'}",
		 ""},
		{"'annotations':{'argocd.argoproj.io/tracking-id':'shop:/Deployment:web/d'}", ""},
		{"'annotations':{'argocd.argoproj.io/tracking-id':':apps/Deployment:web/d'}", ""},
		{"'annotations':{'argocd.argoproj.io/tracking-id':'shop'}", ""},
		/* its own apply leaves kubectl's annotation */
		{"'annotations':{'argocd.argoproj.io/tracking-id':'shop:apps/Deployment:web/d',"
		 "'kubectl.kubernetes.io/last-applied-configuration':'{}'}",
		 "argocd /shop!"},
		{"'annotations':{'kubectl.kubernetes.io/last-applied-configuration':'{}'}",
		 "kubectl /kubectl-client-side-apply"},
		{"'labels':{'kustomize.toolkit.fluxcd.io/name':'apps',"
		 "'kustomize.toolkit.fluxcd.io/namespace':'flux-system'},'managedFields':["
		 "{'manager':'kustomize-controller','operation':'Apply'}]",
		 "flux flux-system/apps!"},
		{"'managedFields':[{'manager':'kustomize-controller','operation':'Apply'}]",
		 "flux /!"},
		{"'labels':{'helm.toolkit.fluxcd.io/name':'shop',"
		 "'helm.toolkit.fluxcd.io/namespace':'web'},'annotations':"
		 "{'meta.helm.sh/release-name':'shop','meta.helm.sh/release-namespace':'web'}",
		 "flux-helm web/shop!"},
		{"'annotations':{'meta.helm.sh/release-name':'shop',"
		 "'meta.helm.sh/release-namespace':'web'}",
		 "helm web/shop"},
		{"'ownerReferences':[{'kind':'App','name':'a','controller':true},"
		 "{'kind':'App','name':'b'}]",
		 "controller /App a!"},
		{"'managedFields':[{'manager':'kubectl','operation':'Apply'},"
		 "{'manager':'assent','operation':'Apply'},{'manager':'hpa','operation':'Update'},"
		 "{'manager':'s','operation':'Apply','subresource':'status'}]",
		 "applier /kubectl"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *quoted = g_strdup_printf(
			"{'apiVersion':'apps/v1','kind':'Deployment','metadata':{'name':'d',"
			"'namespace':'web'%s%s}}",
			rows[i].metadata[0] != '\0' ? "," : "", rows[i].metadata);
		g_autofree char *text = NULL;

		/* The one text with braces of its own has no quotes in it. */
		g_strdelimit(quoted, "'", '"');
		text = said(kube_vector_parse(quoted));
		g_assert_cmpstr(text, ==, rows[i].said);
	}
}

static void test_advice(void)
{
	struct kube_claim claim = {.tool = KUBE_TOOL_FLUX,
				   .name = (char *)"apps",
				   .namespace = (char *)"flux-system",
				   .fights = true};
	g_autofree char *text = kube_claim_text(&claim), *advice = kube_claim_advice(&claim);
	g_autofree char *careful = NULL;

	g_assert_cmpstr(text, ==, "kept by Flux: Kustomization flux-system/apps");
	g_assert_cmpstr(advice, ==,
			"suspend that first: flux suspend kustomization apps -n flux-system");
	/* What anybody may have written is no part of a command. */
	claim = (struct kube_claim){.tool = KUBE_TOOL_ARGO,
				    .name = (char *)"a;reboot",
				    .namespace = (char *)"",
				    .fights = true};
	careful = kube_claim_advice(&claim);
	g_assert_null(strstr(careful, "reboot"));
}

static bool keeps(const char *live, const char *wanted)
{
	g_autoptr(kube_value_auto) a = kube_vector_parse(live);
	g_autoptr(kube_value_auto) b = kube_vector_parse(wanted);

	return kube_adopt_keeps(a, b);
}

#define MARK "\"assent.org/id\":\"m\""
#define LABEL "\"applyset.kubernetes.io/part-of\":\"s\""

static void test_keeps(void)
{
	g_assert_true(keeps("{\"metadata\":{},\"a\":1}", "{\"metadata\":{\"annotations\":{" MARK
							 "},\"labels\":{" LABEL "}},\"a\":1}"));
	g_assert_true(keeps("{\"metadata\":{\"labels\":{\"b\":\"1\"}}}",
			    "{\"metadata\":{\"labels\":{\"b\":\"1\"," LABEL "}}}"));
	g_assert_false(keeps("{\"metadata\":{},\"a\":1}",
			     "{\"metadata\":{\"annotations\":{" MARK "}},\"a\":2}"));
	g_assert_false(keeps("{\"metadata\":{}}",
			     "{\"metadata\":{\"annotations\":{" MARK ",\"x\":\"y\"}}}"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/kube/adopt/recorded", test_recorded);
	g_test_add_func("/kube/adopt/marks", test_marks);
	g_test_add_func("/kube/adopt/advice", test_advice);
	g_test_add_func("/kube/adopt/keeps", test_keeps);
	return g_test_run();
}
