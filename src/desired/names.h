/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Names that a manifest writes of things that are no paths. They come near
 * command lines and D-Bus: what could be read as an option, a pattern or
 * another thing is refused here.
 *
 * Each "problem" is what is wrong with a text, to be put behind "'x': ".
 */
#include <glib.h>
#include <stdbool.h>

#define NAMES_MAX 255
#define NAMES_MAX_CONDITIONS 8

/* A package's name: NAME, apt's NAME:ARCH or rpm's NAME.ARCH. manager: NULL when it is not stated.
 * NULL: nothing is wrong. */
const char *names_package_problem(const char *text, const char *manager);
/* Conditions of a version, joined by ", ", each with its operator: "1.2,<2" becomes "=1.2, <2".
 * NULL with *problem. */
char *names_conditions(const char *text, const char **problem) G_GNUC_WARN_UNUSED_RESULT;
/* A systemd unit, whole: "app" becomes "app.service". NULL with *problem. */
char *names_unit(const char *text, const char **problem) G_GNUC_WARN_UNUSED_RESULT;
/* "a@.service" */
bool names_unit_is_template(const char *unit);
/* Of "a@b.service" "a@.service"; NULL of what is no instance. */
char *names_unit_template(const char *unit);
/* The name of a command or of a check that is one. */
const char *names_command_problem(const char *text);
/* A user or group by name or number. */
bool names_account_is_valid(const char *text);
bool names_env_is_valid(const char *text);
