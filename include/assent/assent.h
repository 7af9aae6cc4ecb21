/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libassent: verify what an Assent agent planned, who approved it, and that its
 * signed log says so. Nothing here changes or signs anything; there is no
 * clock, no file and no network inside: times and bytes come in as arguments.
 *
 * In order:
 *
 *	assent_key_parse()           the agent's plan key
 *	assent_signers_parse()       the approver list
 *	assent_plan_verify()         the only way to an assent_plan
 *	assent_quorum_verify()       do these approvals allow it now?
 *	assent_log_key_parse()       the log's key
 *	assent_checkpoint_verify()   the only way to an assent_checkpoint
 *	assent_entry_verify()        the only way to an assent_entry
 *
 * Every type is opaque and immutable once made; threads may share it. What a
 * function gives in *out belongs to the caller and is freed with the type's own
 * _free(), which accepts NULL; accessors lend strings that live as long as the
 * object. Errors: see assent/error.h. Formats: doc/formats.md.
 *
 * Link with `pkg-config --libs assent`.
 */
#ifndef ASSENT_H
#define ASSENT_H

#include <assent/approval.h>
#include <assent/error.h>
#include <assent/keyring.h>
#include <assent/ledger.h>
#include <assent/plan.h>
#include <assent/types.h>
#include <assent/version.h>

#endif
