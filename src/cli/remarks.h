/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Where the agent's policy and the worker's trust file do not fit: what the
 * agent would take for approved and the worker refuses, what it would put back
 * and the worker does not, and whom the author rule cannot recognise. Pure: both files were read
 *before.
 *
 *	list = remarks_of(conf, signers, trust, trust_file, raised);
 *	... struct remark, in the order of the configuration ...
 *	g_ptr_array_unref(list);
 *
 * A stack with `elevate` (raised) has another worker, which believes root's trust
 * file: each file is compared with the stacks that it is for.
 */
#include <glib.h>
#include <stdbool.h>

#include "base/conf.h"
#include "base/trust.h"
#include "core/signers.h"

struct remark {
	bool bad;	   /* something will be refused; else only worth knowing */
	char *text, *hint; /* what is so, and what to do */
};

void remark_free(void *remark);
GPtrArray *remarks_of(const struct conf *conf, const struct signers *signers,
		      const struct trust *trust, const char *trust_file, bool raised);
