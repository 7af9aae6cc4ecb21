/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tests of core/merkle.h: known answers, 300 leaves, proofs that must fail. */
#include "core/merkle.h"
#include "core/note.h"
#include "unit/vectors.h"

#define LEAVES 300

static void known_answers(void)
{
	struct json_obj root;
	struct json_arr leaves, roots;
	struct json_doc *doc = vector_json("merkle/rfc6962-known-answers.json", &root);
	struct merkle_edge edge = {0};
	struct hash expected, hash, a;
	size_t count;

	vector_hash(&expected, json_str(&root, "empty_root", 64));
	merkle_empty_root(&hash);
	g_assert_true(hash_equal(&hash, &expected));
	vector_hash(&expected, json_str(&root, "leaf_ascii_L123456", 64));
	merkle_leaf(&hash, "L123456", 7);
	g_assert_true(hash_equal(&hash, &expected));
	vector_hash(&expected, json_str(&root, "leaf_empty", 64));
	merkle_leaf(&hash, "", 0);
	g_assert_true(hash_equal(&hash, &expected));
	g_assert_cmpuint(json_arr_get(&root, "roots_by_size", 100, &roots), ==, 9);
	count = json_arr_get(&root, "leaf_inputs_hex", 100, &leaves);
	for (size_t i = 0; i <= count; i++) {
		uint8_t bytes[64];

		merkle_edge_root(&edge, &hash);
		vector_hash(&expected, json_arr_str(&roots, i, 64));
		g_assert_true(hash_equal(&hash, &expected));
		if (i < count) {
			size_t len =
				vector_hex(bytes, sizeof(bytes), json_arr_str(&leaves, i, 200));

			merkle_leaf(&a, bytes, len);
			merkle_edge_append(&edge, &a);
		}
	}
	g_assert_cmpint(json_doc_status(doc, NULL), ==, 0);
	json_doc_free(doc);
}

/* Reads complete subtrees of the 300 leaves by recursion. */
static int read_subtree(void *user, unsigned level, uint64_t index, struct hash *out,
			struct assent_error *err)
{
	struct hash left, right;
	g_autofree char *text = NULL;

	g_assert_cmpuint((index + 1) << level, <=, *(uint64_t *)user);
	if (level == 0) {
		text = g_strdup_printf("entry %d", (int)index);
		merkle_leaf(out, text, strlen(text));
		return 0;
	}
	(void)read_subtree(user, level - 1, 2 * index, &left, err);
	(void)read_subtree(user, level - 1, 2 * index + 1, &right, err);
	merkle_node(out, &left, &right);
	return 0;
}

static void roots_of_300(void)
{
	struct json_obj root, roots;
	struct json_doc *doc = vector_json("merkle/tree300.json", &root);
	struct merkle_edge edge = {0};
	uint64_t limit = LEAVES;

	g_assert_true(json_obj_get(&root, "roots", &roots));
	for (uint64_t n = 0; n <= LEAVES; n++) {
		g_autofree char *name = g_strdup_printf("%d", (int)n);
		struct hash expected, hash, leaf;

		if (json_has(&roots, name)) {
			vector_hash(&expected, json_str(&roots, name, 64));
			merkle_edge_root(&edge, &hash);
			g_assert_true(hash_equal(&hash, &expected));
			g_assert_cmpint(merkle_root(&hash, n, read_subtree, &limit, NULL), ==, 0);
			g_assert_true(hash_equal(&hash, &expected));
		}
		(void)read_subtree(&(uint64_t){LEAVES + 1}, 0, n, &leaf, NULL);
		merkle_edge_append(&edge, &leaf);
	}
	json_doc_free(doc);
}

static size_t read_proof(struct json_obj *o, struct hash *proof)
{
	struct json_arr list;
	size_t count = json_arr_get(o, "proof", MERKLE_MAX_PROOF, &list);

	for (size_t i = 0; i < count; i++) {
		vector_hash(&proof[i], json_arr_str(&list, i, 64));
	}
	return count;
}

static void root_of(struct hash *out, uint64_t size)
{
	uint64_t limit = LEAVES;

	g_assert_cmpint(merkle_root(out, size, read_subtree, &limit, NULL), ==, 0);
}

static void inclusion_of_300(void)
{
	struct json_obj root, item;
	struct json_arr list;
	struct json_doc *doc = vector_json("merkle/tree300.json", &root);
	size_t count = json_arr_get(&root, "inclusion", 1000, &list);

	g_assert_cmpuint(count, ==, 66);
	for (size_t i = 0; i < count; i++) {
		struct hash expected[MERKLE_MAX_PROOF], proof[MERKLE_MAX_PROOF], top, leaf;
		size_t expected_count, proof_count;
		uint64_t index, size, limit = LEAVES;

		g_assert_true(json_arr_obj(&list, i, &item));
		index = (uint64_t)json_int(&item, "index", 0, LEAVES);
		size = (uint64_t)json_int(&item, "size", 0, LEAVES);
		expected_count = read_proof(&item, expected);
		g_assert_cmpint(merkle_prove_inclusion(proof, &proof_count, index, size,
						       read_subtree, &limit, NULL),
				==, 0);
		g_assert_cmpmem(proof, proof_count * HASH_SIZE, expected,
				expected_count * HASH_SIZE);
		root_of(&top, size);
		(void)read_subtree(&limit, 0, index, &leaf, NULL);
		g_assert_cmpint(
			merkle_verify_inclusion(&leaf, index, size, proof, proof_count, &top, NULL),
			==, 0);
		leaf.bytes[0] ^= 1;
		g_assert_cmpint(
			merkle_verify_inclusion(&leaf, index, size, proof, proof_count, &top, NULL),
			==, ASSENT_EMISMATCH);
	}
	g_assert_cmpint(json_doc_status(doc, NULL), ==, 0);
	json_doc_free(doc);
}

static void consistency_of_300(void)
{
	struct json_obj root, item;
	struct json_arr list;
	struct json_doc *doc = vector_json("merkle/tree300.json", &root);
	size_t count = json_arr_get(&root, "consistency", 1000, &list);

	g_assert_cmpuint(count, ==, 18);
	for (size_t i = 0; i < count; i++) {
		struct hash expected[MERKLE_MAX_PROOF], proof[MERKLE_MAX_PROOF], a, b;
		size_t expected_count, n;
		uint64_t old, new, limit = LEAVES;

		g_assert_true(json_arr_obj(&list, i, &item));
		old = (uint64_t)json_int(&item, "old", 0, LEAVES);
		new = (uint64_t)json_int(&item, "new", 0, LEAVES);
		expected_count = read_proof(&item, expected);
		g_assert_cmpint(
			merkle_prove_consistency(proof, &n, old, new, read_subtree, &limit, NULL),
			==, 0);
		g_assert_cmpmem(proof, n * HASH_SIZE, expected, expected_count * HASH_SIZE);
		root_of(&a, old);
		root_of(&b, new);
		g_assert_cmpint(merkle_verify_consistency(old, &a, new, &b, proof, n, NULL), ==, 0);
	}
	g_assert_cmpint(json_doc_status(doc, NULL), ==, 0);
	json_doc_free(doc);
}

static void every_pair_of_sizes_is_provable(void)
{
	uint64_t limit = 40;

	for (uint64_t new = 0; new <= limit; new ++) {
		struct hash top;

		root_of(&top, new);
		for (uint64_t old = 0; old <= new; old++) {
			struct hash proof[MERKLE_MAX_PROOF], start, leaf;
			size_t n = 0;

			root_of(&start, old);
			g_assert_cmpint(merkle_prove_consistency(proof, &n, old, new, read_subtree,
								 &limit, NULL),
					==, 0);
			g_assert_cmpint(
				merkle_verify_consistency(old, &start, new, &top, proof, n, NULL),
				==, 0);
			if (n > 0) {
				proof[n / 2].bytes[3] ^= 4;
				g_assert_cmpint(merkle_verify_consistency(old, &start, new, &top,
									  proof, n, NULL),
						==, ASSENT_EMISMATCH);
			}
			if (old == new) {
				continue;
			}
			(void)read_subtree(&limit, 0, old, &leaf, NULL);
			g_assert_cmpint(merkle_prove_inclusion(proof, &n, old, new, read_subtree,
							       &limit, NULL),
					==, 0);
			g_assert_cmpint(
				merkle_verify_inclusion(&leaf, old, new, proof, n, &top, NULL), ==,
				0);
		}
	}
}

static void refuses_negative_vectors(void)
{
	struct json_obj root, item;
	struct json_arr list;
	struct json_doc *doc = vector_json("merkle/inclusion-negative.json", &root);
	struct hash proof[MERKLE_MAX_PROOF], a, b;
	size_t n, count = json_arr_get(&root, "list", 1000, &list);

	g_assert_cmpuint(count, >, 3);
	for (size_t i = 0; i < count; i++) {
		uint64_t index, size;
		bool valid;
		int rc;

		g_assert_true(json_arr_obj(&list, i, &item));
		index = (uint64_t)json_int(&item, "index", 0, JSON_MAX_INT);
		size = (uint64_t)json_int(&item, "size", 0, JSON_MAX_INT);
		vector_hash(&a, json_str(&item, "leaf_hash", 64));
		vector_hash(&b, json_str(&item, "root", 64));
		valid = json_bool(&item, "valid");
		n = read_proof(&item, proof);
		g_test_message("%s", json_str(&item, "why", 200));
		rc = merkle_verify_inclusion(&a, index, size, proof, n, &b, NULL);
		g_assert_true((rc == 0) == valid);
	}
	g_assert_cmpint(json_doc_status(doc, NULL), ==, 0);
	json_doc_free(doc);
	doc = vector_json("merkle/consistency-negative.json", &root);
	count = json_arr_get(&root, "list", 1000, &list);
	g_assert_cmpuint(count, >, 3);
	for (size_t i = 0; i < count; i++) {
		uint64_t old, new;
		bool valid;
		int rc;

		g_assert_true(json_arr_obj(&list, i, &item));
		old = (uint64_t)json_int(&item, "old", 0, JSON_MAX_INT);
		new = (uint64_t)json_int(&item, "new", 0, JSON_MAX_INT);
		vector_hash(&a, json_str(&item, "old_root", 64));
		vector_hash(&b, json_str(&item, "new_root", 64));
		valid = json_bool(&item, "valid");
		n = read_proof(&item, proof);
		g_test_message("%s", json_str(&item, "why", 200));
		rc = merkle_verify_consistency(old, &a, new, &b, proof, n, NULL);
		g_assert_true((rc == 0) == valid);
	}
	g_assert_cmpint(json_doc_status(doc, NULL), ==, 0);
	json_doc_free(doc);
}

/* Every entry of a bundle has the hash that the tile beside it holds. */
static void entries_fit(const char *path, const char *tile, unsigned count,
			struct merkle_edge *edge)
{
	size_t len, at = 0;
	g_autofree char *bundle = vector_load(path, &len);
	struct hash node;

	for (unsigned i = 0; i < count; i++) {
		size_t size;

		g_assert_cmpuint(at + 2, <=, len);
		size = (size_t)(unsigned char)bundle[at] << 8 | (unsigned char)bundle[at + 1];
		g_assert_cmpuint(at + 2 + size, <=, len);
		merkle_leaf(&node, bundle + at + 2, size);
		g_assert_cmpmem(node.bytes, HASH_SIZE, tile + (size_t)i * HASH_SIZE, HASH_SIZE);
		merkle_edge_append(edge, &node);
		at += 2 + size;
	}
	g_assert_cmpuint(at, ==, len);
}

static void tiles_300(void)
{
	g_autofree char *full = NULL, *partial = NULL, *top = NULL, *note = NULL, *vkey = NULL;
	struct merkle_edge edge = {0};
	struct checkpoint cp;
	struct note_key key;
	struct hash node;
	size_t len;
	uint64_t limit = LEAVES;

	full = vector_load("tiles300/tile/0/000", &len);
	g_assert_cmpuint(len, ==, 256 * HASH_SIZE);
	partial = vector_load("tiles300/tile/0/001.p/44", &len);
	g_assert_cmpuint(len, ==, 44 * HASH_SIZE);
	for (unsigned i = 0; i < LEAVES; i++) {
		const char *tile = i < 256 ? full + (size_t)i * HASH_SIZE
					   : partial + (size_t)(i - 256) * HASH_SIZE;

		(void)read_subtree(&limit, 0, i, &node, NULL);
		g_assert_cmpmem(node.bytes, HASH_SIZE, tile, HASH_SIZE);
	}
	top = vector_load("tiles300/tile/1/000.p/1", &len);
	(void)read_subtree(&limit, 8, 0, &node, NULL);
	g_assert_cmpmem(node.bytes, HASH_SIZE, top, len);
	entries_fit("tiles300/tile/entries/000", full, 256, &edge);
	entries_fit("tiles300/tile/entries/001.p/44", partial, 44, &edge);
	note = vector_load("tiles300/checkpoint", &len);
	vkey = vector_load("note/log.vkey", &(size_t){0});
	g_assert_cmpint(note_key_parse(&key, g_strchomp(vkey), NULL), ==, 0);
	g_assert_cmpint(checkpoint_verify(&cp, note, len, &key, NULL), ==, 0);
	merkle_edge_root(&edge, &node);
	g_assert_cmpuint(cp.size, ==, edge.size);
	g_assert_true(hash_equal(&cp.root, &node));
}

static void tile_paths(void)
{
	static const struct {
		int level;
		uint64_t index;
		unsigned width;
		const char *path;
	} all[] = {
		{0, 0, 256, "tile/0/000"},
		{0, 1, 44, "tile/0/001.p/44"},
		{1, 0, 1, "tile/1/000.p/1"},
		{0, 1234067, 256, "tile/0/x001/x234/067"},
		{-1, 1000, 256, "tile/entries/x001/000"},
		{-1, 999, 255, "tile/entries/999.p/255"},
		{63, UINT64_MAX, 256, "tile/63/x018/x446/x744/x073/x709/x551/615"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		char path[TILE_PATH_SIZE];

		tile_path(path, all[i].level, all[i].index, all[i].width);
		g_assert_cmpstr(path, ==, all[i].path);
	}
}

/* Sizes beyond 2^53 are no numbers for us, they are read as strings. */
static struct json_doc *load_probes(const char *path, struct json_obj *root)
{
	size_t len;
	g_autofree char *text = upstream_load(path, &len);
	g_autofree char *quoted = NULL;
	g_autoptr(GRegex) number = NULL;

	if (text == NULL) {
		return NULL;
	}
	number = g_regex_new(": *([0-9]+)", 0, 0, NULL);
	quoted = g_regex_replace(number, text, -1, 0, ":\"\\1\"", 0, NULL);
	g_assert_nonnull(quoted);
	return vector_json_text(path, quoted, root);
}

/* Some are no hash but another text; a hash that nothing else has is judged in its place. */
static void probe_hash(struct hash *out, const char *base64)
{
	size_t len;
	g_autofree guchar *bytes = g_base64_decode(base64, &len);

	if (len == HASH_SIZE) {
		memcpy(out->bytes, bytes, HASH_SIZE);
	} else {
		hash_bytes(out, bytes, len);
		out->bytes[0] ^= 1;
	}
}

static uint64_t probe_number(struct json_obj *probe, const char *name)
{
	guint64 n = 0;

	g_assert_true(
		g_ascii_string_to_unsigned(json_str(probe, name, 20), 10, 0, UINT64_MAX, &n, NULL));
	return n;
}

static bool probe_holds(struct json_obj *probe, bool inclusion)
{
	struct hash a, b, proof[MERKLE_MAX_PROOF];
	struct json_arr list;
	size_t count = json_is_null(probe, "proof")
			       ? 0
			       : json_arr_get(probe, "proof", MERKLE_MAX_PROOF, &list);
	uint64_t first = probe_number(probe, inclusion ? "leafIdx" : "size1");
	uint64_t second = probe_number(probe, inclusion ? "treeSize" : "size2");

	probe_hash(&a, json_str(probe, inclusion ? "leafHash" : "root1", 64));
	probe_hash(&b, json_str(probe, inclusion ? "root" : "root2", 64));
	for (size_t i = 0; i < count; i++) {
		probe_hash(&proof[i], json_arr_str(&list, i, 64));
	}
	if (inclusion) {
		return merkle_verify_inclusion(&a, first, second, proof, count, &b, NULL) == 0;
	}
	return merkle_verify_consistency(first, &a, second, &b, proof, count, NULL) == 0;
}

/* Where C2SP or our types have another rule; there we accept. */
static bool upstream_refuses_alone(const char *name)
{
	/* any tree continues the empty one */
	return strcmp(name, "size1 is zero and size2 is not zero") == 0 ||
	       /* no hash is empty: here a tree of one leaf has that leaf's hash as its root */
	       strcmp(name, "empty root and leaf") == 0;
}

static void upstream_probes(void)
{
	static const char *const files[] = {"upstream-merkle-probes/consistency.json",
					    "upstream-merkle-probes/inclusion.json"};
	unsigned judged = 0, accepted = 0;

	for (size_t f = 0; f < G_N_ELEMENTS(files); f++) {
		struct json_obj root, probe;
		struct json_arr list;
		struct json_doc *doc = load_probes(files[f], &root);

		if (doc == NULL) {
			return;
		}
		for (size_t n = json_arr_get(&root, "list", 1000, &list), i = 0; i < n; i++) {
			const char *name;
			bool holds, refused;

			g_assert_true(json_arr_obj(&list, i, &probe));
			name = json_str(&probe, "desc", 200);
			g_test_message("%s", name);
			holds = probe_holds(&probe, f == 1);
			refused = json_bool(&probe, "wantErr");
			g_assert_true(holds != (refused && !upstream_refuses_alone(name)));
			judged++;
			accepted += holds ? 1 : 0;
		}
		g_assert_cmpint(json_doc_status(doc, NULL), ==, 0);
		json_doc_free(doc);
	}
	g_assert_cmpuint(judged, ==, 196);
	g_assert_cmpuint(accepted, ==, 14);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/merkle/known-answers", known_answers);
	g_test_add_func("/merkle/roots-of-300", roots_of_300);
	g_test_add_func("/merkle/inclusion-of-300", inclusion_of_300);
	g_test_add_func("/merkle/consistency-of-300", consistency_of_300);
	g_test_add_func("/merkle/every-pair-of-sizes-is-provable", every_pair_of_sizes_is_provable);
	g_test_add_func("/merkle/refuses-negative-vectors", refuses_negative_vectors);
	g_test_add_func("/merkle/tiles-300", tiles_300);
	g_test_add_func("/merkle/tile-paths", tile_paths);
	g_test_add_func("/merkle/upstream-probes", upstream_probes);
	return g_test_run();
}
