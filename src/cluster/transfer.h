/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* One request under way: a handle of libcurl, and what has come of the answer. */
#include "cluster/inside.h"

struct transfer {
	struct cluster *cluster;
	struct cluster_call *call;
	struct credentials *credentials;
	CURL *curl;
	char *url, *accept, *type; /* of headers whole lines */
	struct curl_slist nodes[4];
	char *body; /* wiped as it grows and at the end; NUL-terminated */
	size_t len, size, max;
	bool too_large;
	bool has_head; /* to its end */
	char *retry_after;
	int64_t date;
	GPtrArray *warnings;
	char detail[CURL_ERROR_SIZE];
	void *user;
};
/* Borrows call; not started. */
struct transfer *transfer_new(struct cluster *c, struct cluster_call *call,
			      struct credentials *credentials, unsigned timeout, size_t max);
/* Not in a multi handle any more. */
void transfer_free(struct transfer *t);
/* More of the body; false when it is too much. */
bool transfer_take(struct transfer *t, const char *data, size_t len);
/* The answer into the call, in place of a former one. */
void transfer_answer(struct transfer *t);
/* Had the request gone out, at least its beginning? */
bool transfer_was_sent(const struct transfer *t);
