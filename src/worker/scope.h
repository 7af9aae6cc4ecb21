/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * May this plan do this here? Whoever approved it decides about what the trust
 * file lets him: paths, kinds, and whether files may run as their owner.
 *
 * What the trust file states counts for every worker. One whose rights were
 * raised does nothing without 'paths', takes no kinds but those of files unless
 * 'kinds' names others, and never touches what it believes and remembers. Of packages,
 * services and commands it takes what their own lists name; a check that runs something is a
 * command, and so is a guard.
 */
#include "base/trust.h"
#include "core/plan.h"
#include "worker/privilege.h"

bool scope_check(const struct trust *trust, const struct plan *plan,
		 const struct privilege *privilege, GError **error) G_GNUC_WARN_UNUSED_RESULT;
