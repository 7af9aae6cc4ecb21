/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Patterns of absolute paths, as rules and the trust file have them: one star
 * and `?` stand for what is not a slash, two stars for anything. The whole path
 * must fit, so that a folder and what is in it are two patterns. The time is
 * bounded by the lengths alone.
 */
#include <stdbool.h>

bool glob_matches(const char *pattern, const char *path);
