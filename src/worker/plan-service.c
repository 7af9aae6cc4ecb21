/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is to be enabled, started, stopped or restarted. */
#include "worker/plan.h"

bool plan_services(struct planner *p, GError **error)
{
	return true;
}
