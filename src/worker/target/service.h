/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* What plans say of services, for the planner and for target_service. */
#include "core/plan.h"
#include "worker/target/systemd.h"

/* The change by which a manager reads its units again; a second one has ":" and more behind it. */
#define SERVICE_RELOAD_ID "service:daemon-reload"

bool service_is_reload(const struct plan_change *change);
/* A unit's "enabled": does it start by itself, for good; can it not be started? NULL: neither. */
bool service_is_enabled(const char *state);
bool service_is_masked(const char *state);
void service_state(const struct systemd_unit *unit, struct plan_state *out);
