/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* A stack in one line: what it does and why nothing happens. */
#include "cli/api.h"
#include "cli/out.h"

/* Not escaped; g_free(). now: POSIX seconds. */
char *say_why(const struct api_stack *stack, int64_t now);
/* "web: converged, ..." and, where a plan waits, what to do next. */
void say_stack(struct out *out, const struct api_stack *stack, int64_t now);
/* What is wrong for too long, a line for each. */
void say_alerts(struct out *out, const struct api_stack *stack, int64_t now);
/* One member per thing, inside the writer's open object. */
void say_stack_json(struct json_writer *w, const struct api_stack *stack);
void say_plan_json(struct json_writer *w, const struct api_plan *plan);
/* RFC 3339 in UTC, or null for 0. */
void say_time_json(struct json_writer *w, const char *name, int64_t when);
/* An exit code of commands that wait for a stack: is it where it should be? */
int say_exit(const struct api_stack *stack);
/* "2h" ago, or a time; 0 for NULL. */
bool say_parse_since(const char *text, int64_t *since, GError **error) G_GNUC_WARN_UNUSED_RESULT;
