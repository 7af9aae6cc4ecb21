/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of core/record.c. */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "core/record.h"

#define D64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* An entry as store_append() builds it, by hand: fields are sorted with the head's members. */
static int read_text(struct record *out, struct entry *entry, const char *text)
{
	struct assent_error err = {0};
	int rc = entry_parse(entry, text, strlen(text), &err);

	g_assert_cmpint(rc, ==, 0);
	return record_read(out, entry, &err);
}

static char *written(const struct record *record)
{
	struct assent_error err = {0};
	char *fields = NULL;

	if (record_write(&fields, record, &err) != 0) {
		g_error("%s", err.text);
	}
	return fields;
}

/* As it stands inside an entry. */
#define ATTESTATION                                                                                \
	"{\\\"agent\\\":\\\"a\\\",\\\"approver\\\":\\\"p\\\",\\\"channel\\\":\\\"slack\\\","       \
	"\\\"decision\\\":\\\"approve\\\",\\\"evidence\\\":\\\"sha256:" D64                        \
	"\\\",\\\"expires\\\":9,\\\"plan\\\":\\\"sha256:" D64                                      \
	"\\\",\\\"reason\\\":\\\"\\\",\\\"seq\\\":1,\\\"stack\\\":\\\"w\\\",\\\"time\\\":7,"       \
	"\\\"type\\\":\\\"attestation\\\",\\\"v\\\":1}"

struct example {
	const char *fields, *entry;
};

static const struct example examples[] = {
	{"{\"agent\":\"a\",\"allowed_signers\":\"sha256:" D64
	 "\",\"log_key\":\"l\",\"plan_key\":\"p\"}",
	 "{\"agent\":\"a\",\"allowed_signers\":\"sha256:" D64
	 "\",\"log_key\":\"l\",\"plan_key\":\"p\",\"seq\":0,\"time\":1,\"type\":\"genesis\","
	 "\"v\":1}"},
	{"{\"allowed_signers\":\"sha256:" D64 "\"}",
	 "{\"allowed_signers\":\"sha256:" D64
	 "\",\"seq\":0,\"time\":1,\"type\":\"policy\",\"v\":1}"},
	{"{\"commit\":\"c\",\"ref\":\"r\",\"repository\":\"u\",\"tree\":\"t\"}",
	 "{\"commit\":\"c\",\"ref\":\"r\",\"repository\":\"u\",\"seq\":0,\"stack\":\"w\",\"time\":"
	 "1,"
	 "\"tree\":\"t\",\"type\":\"commit\",\"v\":1}"},
	{"{\"commit\":\"c\",\"expires\":9,\"number\":3,\"plan\":\"sha256:" D64
	 "\",\"reason\":\"drift\",\"required\":2,\"sig\":\"s\",\"summary\":{\"create\":2,"
	 "\"remove\":1,\"update\":7}}",
	 "{\"commit\":\"c\",\"expires\":9,\"number\":3,\"plan\":\"sha256:" D64
	 "\",\"reason\":\"drift\",\"required\":2,\"seq\":0,\"sig\":\"s\",\"stack\":\"w\","
	 "\"summary\":{"
	 "\"create\":2,\"remove\":1,\"update\":7},\"time\":1,\"type\":\"plan\",\"v\":1}"},
	{"{\"channel\":\"signature\",\"decision\":\"reject\",\"fingerprint\":\"f\",\"person\":"
	 "\"p\","
	 "\"plan\":\"sha256:" D64 "\",\"reason\":\"no\",\"sig\":\"s\",\"statement\":\"{}\"}",
	 "{\"channel\":\"signature\",\"decision\":\"reject\",\"fingerprint\":\"f\",\"person\":"
	 "\"p\","
	 "\"plan\":\"sha256:" D64
	 "\",\"reason\":\"no\",\"seq\":0,\"sig\":\"s\",\"stack\":\"w\",\"statement\":\"{}\","
	 "\"time\":1,\"type\":\"approval\",\"v\":1}"},
	{"{\"channel\":\"slack\",\"decision\":\"approve\",\"person\":\"p\",\"plan\":\"sha256:" D64
	 "\",\"reason\":\"\",\"sig\":\"s\",\"statement\":\"" ATTESTATION "\"}",
	 "{\"channel\":\"slack\",\"decision\":\"approve\",\"person\":\"p\",\"plan\":\"sha256:" D64
	 "\",\"reason\":\"\",\"seq\":0,\"sig\":\"s\",\"stack\":\"w\",\"statement\":\"" ATTESTATION
	 "\",\"time\":8,\"type\":\"approval\",\"v\":1}"},
	{"{\"outcome\":\"void\",\"plan\":\"sha256:" D64 "\",\"reason\":\"x\"}",
	 "{\"outcome\":\"void\",\"plan\":\"sha256:" D64
	 "\",\"reason\":\"x\",\"seq\":0,\"stack\":\"w\",\"time\":1,\"type\":\"closed\",\"v\":1}"},
	{"{\"commit\":\"c\",\"outcome\":\"converged\",\"reason\":\"x\",\"tree\":\"t\"}",
	 "{\"commit\":\"c\",\"outcome\":\"converged\",\"reason\":\"x\",\"seq\":0,\"stack\":\"w\","
	 "\"time\":1,\"tree\":\"t\",\"type\":\"closed\",\"v\":1}"},
	{"{\"commit\":\"c\",\"commits\":\"sha256:" D64
	 "\",\"ref\":\"r\",\"repository\":\"u\",\"tree\":\"t\"}",
	 "{\"commit\":\"c\",\"commits\":\"sha256:" D64
	 "\",\"ref\":\"r\",\"repository\":\"u\",\"seq\":0,\"stack\":\"w\",\"time\":1,"
	 "\"tree\":\"t\",\"type\":\"commit\",\"v\":1}"},
	{"{\"approvals\":[4,9],\"commit\":\"c\",\"plan\":\"sha256:" D64 "\"}",
	 "{\"approvals\":[4,9],\"commit\":\"c\",\"plan\":\"sha256:" D64
	 "\",\"seq\":0,\"stack\":\"w\",\"time\":1,\"type\":\"apply-start\",\"v\":1}"},
	{"{\"approvals\":[4],\"commit\":\"c\",\"mode\":\"resume\",\"person\":\"p\",\"plan\":"
	 "\"sha256:" D64 "\"}",
	 "{\"approvals\":[4],\"commit\":\"c\",\"mode\":\"resume\",\"person\":\"p\",\"plan\":"
	 "\"sha256:" D64
	 "\",\"seq\":0,\"stack\":\"w\",\"time\":1,\"type\":\"apply-start\",\"v\":1}"},
	{"{\"approvals\":[],\"commit\":\"c\",\"mode\":\"undo\",\"person\":\"p\",\"plan\":"
	 "\"sha256:" D64 "\"}",
	 "{\"approvals\":[],\"commit\":\"c\",\"mode\":\"undo\",\"person\":\"p\",\"plan\":"
	 "\"sha256:" D64
	 "\",\"seq\":0,\"stack\":\"w\",\"time\":1,\"type\":\"apply-start\",\"v\":1}"},
	{"{\"commit\":\"c\",\"done\":1,\"halted\":true,\"left\":2,\"plan\":\"sha256:" D64
	 "\",\"reason\":\"\",\"result\":\"failed\",\"steps\":\"sha256:" D64
	 "\",\"tree\":\"t\",\"undone\":0}",
	 "{\"commit\":\"c\",\"done\":1,\"halted\":true,\"left\":2,\"plan\":\"sha256:" D64
	 "\",\"reason\":\"\",\"result\":\"failed\",\"seq\":0,\"stack\":\"w\",\"steps\":"
	 "\"sha256:" D64
	 "\",\"time\":1,\"tree\":\"t\",\"type\":\"apply-done\",\"undone\":0,\"v\":1}"},
	{"{\"commit\":\"c\",\"done\":1,\"left\":2,\"plan\":\"sha256:" D64
	 "\",\"reason\":\"\",\"result\":\"rolled-back\",\"tree\":\"t\",\"undone\":3}",
	 "{\"commit\":\"c\",\"done\":1,\"left\":2,\"plan\":\"sha256:" D64
	 "\",\"reason\":\"\",\"result\":\"rolled-back\",\"seq\":0,\"stack\":\"w\",\"time\":1,"
	 "\"tree\":"
	 "\"t\",\"type\":\"apply-done\",\"undone\":3,\"v\":1}"},
	{"{\"commit\":\"c\",\"kind\":\"rewound\",\"reason\":\"x\"}",
	 "{\"commit\":\"c\",\"kind\":\"rewound\",\"reason\":\"x\",\"seq\":0,\"stack\":\"w\","
	 "\"time\":1,"
	 "\"type\":\"blocked\",\"v\":1}"},
	{"{\"kind\":\"fetch\",\"reason\":\"x\"}",
	 "{\"kind\":\"fetch\",\"reason\":\"x\",\"seq\":0,\"stack\":\"w\",\"time\":1,\"type\":"
	 "\"blocked\",\"v\":1}"},
	{"{}", "{\"seq\":0,\"stack\":\"w\",\"time\":1,\"type\":\"unblocked\",\"v\":1}"},
	{"{\"changes\":2,\"plan\":\"sha256:" D64 "\",\"resources\":[\"file:/a\",\"file:/b\"]}",
	 "{\"changes\":2,\"plan\":\"sha256:" D64
	 "\",\"resources\":[\"file:/a\",\"file:/b\"],\"seq\":0,\"stack\":\"w\",\"time\":1,\"type\":"
	 "\"drift\",\"v\":1}"},
	{"{\"changes\":0,\"resources\":[]}",
	 "{\"changes\":0,\"resources\":[],\"seq\":0,\"stack\":\"w\",\"time\":1,\"type\":\"drift\","
	 "\"v\":1}"},
	{"{\"person\":\"p\",\"reason\":\"x\",\"until\":7}",
	 "{\"person\":\"p\",\"reason\":\"x\",\"seq\":0,\"stack\":\"w\",\"time\":1,\"type\":"
	 "\"suspend\","
	 "\"until\":7,\"v\":1}"},
	{"{\"person\":\"p\",\"reason\":\"x\"}", "{\"person\":\"p\",\"reason\":\"x\",\"seq\":0,"
						"\"stack\":\"w\",\"time\":1,\"type\":\"resume\","
						"\"v\":1}"},
	{"{\"commit\":\"c\",\"expires\":9,\"number\":3,\"plan\":\"sha256:" D64
	 "\",\"quiet\":8,\"reason\":\"drift\",\"required\":2,\"sig\":\"s\",\"summary\":{}}",
	 "{\"commit\":\"c\",\"expires\":9,\"number\":3,\"plan\":\"sha256:" D64
	 "\",\"quiet\":8,\"reason\":\"drift\",\"required\":2,\"seq\":0,\"sig\":\"s\",\"stack\":"
	 "\"w\","
	 "\"summary\":{},\"time\":1,\"type\":\"plan\",\"v\":1}"},
	{"{\"base\":\"b\",\"commit\":\"c\",\"person\":\"p\",\"reason\":\"x\"}",
	 "{\"base\":\"b\",\"commit\":\"c\",\"person\":\"p\",\"reason\":\"x\",\"seq\":0,"
	 "\"stack\":\"w\",\"time\":1,\"type\":\"rewritten\",\"v\":1}"},
	{"{\"changes\":1,\"details\":\"sha256:" D64 "\",\"resources\":[\"a\"],\"since\":5}",
	 "{\"changes\":1,\"details\":\"sha256:" D64 "\",\"resources\":[\"a\"],\"seq\":0,"
	 "\"since\":5,\"stack\":\"w\",\"time\":1,\"type\":\"drift\",\"v\":1}"},
	{"{\"bad\":\"b\",\"commit\":\"c\",\"person\":\"p\",\"plan\":\"sha256:" D64
	 "\",\"reason\":\"x\",\"tree\":\"t\"}",
	 "{\"bad\":\"b\",\"commit\":\"c\",\"person\":\"p\",\"plan\":\"sha256:" D64
	 "\",\"reason\":\"x\",\"seq\":0,\"stack\":\"w\",\"time\":1,\"tree\":\"t\",\"type\":"
	 "\"rollback\",\"v\":1}"},
	{"{\"commit\":\"c\",\"person\":\"p\",\"reason\":\"x\"}",
	 "{\"commit\":\"c\",\"person\":\"p\",\"reason\":\"x\",\"seq\":0,\"stack\":\"w\","
	 "\"time\":1,\"type\":\"unpin\",\"v\":1}"},
	{"{\"person\":\"p\",\"reason\":\"x\",\"ref\":\"r\",\"until\":7}",
	 "{\"person\":\"p\",\"reason\":\"x\",\"ref\":\"r\",\"seq\":0,\"stack\":\"w\",\"time\":1,"
	 "\"type\":\"try\",\"until\":7,\"v\":1}"},
	{"{\"person\":\"p\",\"reason\":\"x\"}",
	 "{\"person\":\"p\",\"reason\":\"x\",\"seq\":0,\"stack\":\"w\",\"time\":1,\"type\":"
	 "\"return\",\"v\":1}"},
	{"{\"condition\":\"fetch\",\"count\":2,\"reason\":\"x\",\"since\":4,\"state\":"
	 "\"reminded\"}",
	 "{\"condition\":\"fetch\",\"count\":2,\"reason\":\"x\",\"seq\":0,\"since\":4,\"stack\":"
	 "\"w\",\"state\":\"reminded\",\"time\":1,\"type\":\"alert\",\"v\":1}"},
	{"{\"text\":\"hello\"}",
	 "{\"seq\":0,\"text\":\"hello\",\"time\":1,\"type\":\"note\",\"v\":1}"},
};

static void test_reads_and_writes_each_type(void)
{
	unsigned seen = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(examples); i++) {
		struct entry entry = {0};
		struct record record;
		char *again;

		g_test_message("%s", examples[i].entry);
		g_assert_cmpint(read_text(&record, &entry, examples[i].entry), ==, 0);
		again = written(&record);
		g_assert_cmpstr(again, ==, examples[i].fields);
		seen |= 1u << record.type;
		free(again);
		entry_clear(&entry);
	}
	g_assert_cmphex(seen, ==, (1u << (ENTRY_ALERT + 1)) - 1);
}

static void test_values_arrive(void)
{
	struct entry entry = {0};
	struct record r;

	g_assert_cmpint(read_text(&r, &entry, examples[3].entry), ==, 0);
	g_assert_cmpint(r.u.plan.summary[ACTION_UPDATE], ==, 7);
	g_assert_cmpint(r.u.plan.summary[ACTION_START], ==, 0);
	g_assert_cmpint(r.u.plan.number, ==, 3);
	g_assert_cmphex(r.u.plan.plan.bytes[1], ==, 0x23);
	entry_clear(&entry);
	g_assert_cmpint(read_text(&r, &entry, examples[5].entry), ==, 0);
	g_assert_cmpint(r.u.approval.by.channel, ==, CHANNEL_SLACK);
	g_assert_cmpint(r.u.approval.by.time, ==, 7);
	g_assert_cmphex(r.u.approval.by.evidence.bytes[1], ==, 0x23);
	g_assert_null(r.u.approval.fingerprint);
	entry_clear(&entry);
	g_assert_cmpint(read_text(&r, &entry, examples[9].entry), ==, 0);
	g_assert_cmpuint(r.u.apply_start.approvals_count, ==, 2);
	g_assert_cmpuint(r.u.apply_start.approvals[1], ==, 9);
	entry_clear(&entry);
}

#define APPROVAL(channel, fingerprint, statement)                                                  \
	"{" channel ",\"decision\":\"approve\"" fingerprint                                        \
	",\"person\":\"p\",\"plan\":\"sha256:" D64                                                 \
	"\",\"reason\":\"\",\"seq\":0,\"sig\":\"s\",\"stack\":\"w\",\"statement\":\"" statement    \
	"\",\"time\":8,\"type\":\"approval\",\"v\":1}"

#define START(more)                                                                                \
	"{\"approvals\":[],\"commit\":\"c\"," more "\"plan\":\"sha256:" D64                        \
	"\",\"seq\":0,\"stack\":\"w\",\"time\":1,\"type\":\"apply-start\",\"v\":1}"
#define DONE(more, result)                                                                         \
	"{\"commit\":\"c\",\"done\":1," more "\"left\":2,\"plan\":\"sha256:" D64                   \
	"\",\"reason\":\"\",\"result\":\"" result                                                  \
	"\",\"seq\":0,\"stack\":\"w\",\"time\":1,\"tree\":\"t\",\"type\":\"apply-done\","          \
	"\"undone\":0,"                                                                            \
	"\"v\":1}"

static void test_bad_entries_are_refused(void)
{
	static const char *const bad[] = {
		/* unknown member, no stack, a stack too many, a wrong word, a bad digest, a missing
		 * member, an unknown action */
		"{\"more\":1,\"seq\":0,\"text\":\"x\",\"time\":1,\"type\":\"note\",\"v\":1}",
		"{\"kind\":\"fetch\",\"reason\":\"x\",\"seq\":0,\"time\":1,\"type\":\"blocked\","
		"\"v\":1}",
		"{\"allowed_signers\":\"sha256:" D64
		"\",\"seq\":0,\"stack\":\"w\",\"time\":1,\"type\":\"policy\",\"v\":1}",
		"{\"kind\":\"odd\",\"reason\":\"x\",\"seq\":0,\"stack\":\"w\",\"time\":1,\"type\":"
		"\"blocked\",\"v\":1}",
		"{\"allowed_signers\":\"sha256:0123\",\"seq\":0,\"time\":1,\"type\":\"policy\","
		"\"v\":1}",
		"{\"allowed_signers\":\"\",\"seq\":0,\"time\":1,\"type\":\"policy\",\"v\":1}",
		"{\"seq\":0,\"time\":1,\"type\":\"note\",\"v\":1}",
		"{\"base\":\"b\",\"person\":\"p\",\"reason\":\"x\",\"seq\":0,\"stack\":\"w\","
		"\"time\":1,\"type\":\"rewritten\",\"v\":1}",
		"{\"commit\":\"c\",\"expires\":9,\"number\":3,\"plan\":\"sha256:" D64
		"\",\"reason\":\"drift\",\"required\":2,\"seq\":0,\"sig\":\"s\",\"stack\":\"w\","
		"\"summary\":{\"explode\":2},\"time\":1,\"type\":\"plan\",\"v\":1}",
		/* a channel without its attestation, with a fingerprint, a signature that is an
		 * attestation without one, an unknown channel */
		APPROVAL("\"channel\":\"slack\"", "", "{}"),
		APPROVAL("\"channel\":\"page\"", "", ATTESTATION),
		APPROVAL("\"channel\":\"slack\"", ",\"fingerprint\":\"f\"", ATTESTATION),
		APPROVAL("\"channel\":\"signature\"", "", ATTESTATION),
		APPROVAL("\"channel\":\"pigeon\"", ",\"fingerprint\":\"f\"", "{}"),
		/* nobody asked to resume, somebody asked for nothing, the mode that is none, a halt
		 * that is not one, and one of an apply that did not fail */
		START("\"mode\":\"resume\","),
		START("\"person\":\"p\","),
		START("\"mode\":\"apply\",\"person\":\"p\","),
		DONE("\"halted\":false,", "failed"),
		DONE("\"halted\":true,", "ok"),
	};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct entry entry = {0};
		struct record r;

		g_test_message("%s", bad[i]);
		g_assert_cmpint(read_text(&r, &entry, bad[i]), ==, ASSENT_EMALFORMED);
		entry_clear(&entry);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/record/reads-and-writes-each-type", test_reads_and_writes_each_type);
	g_test_add_func("/record/values-arrive", test_values_arrive);
	g_test_add_func("/record/bad-entries-are-refused", test_bad_entries_are_refused);
	return g_test_run();
}
