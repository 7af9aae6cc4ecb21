/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Numbers of manifests, as texts that JSON allows.
 *
 * Every whole number of 64 bits stays exact. All others are the nearest double, written with the
 * fewest digits that give it again, in the form that Go's encoding/json uses: that is what an API
 * server makes of them. Equal numbers of one kind have equal texts. Each function gives a new
 * text, or NULL when it is no such number.
 */

/* Nothing for infinity and what is no number. */
char *kube_number_of_double(double number);
/* 10, -5, +1, 0x1F, 0b101, 0o17, 017: from -2^63 to 2^64-1. */
char *kube_number_of_integer(const char *text);
/* As JSON writes it; a whole number of 64 bits stays exact. NULL when it is too large. */
char *kube_number_of_json(const char *text);
/* Digits with a fraction or an exponent, or both, or neither. NULL when it is too large, too. */
char *kube_number_of_decimal(const char *text);
