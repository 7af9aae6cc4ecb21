/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * A fuzz target: one function that takes any bytes and must come back, and the
 * folders with bytes to begin from. main.c runs it over these folders and over
 * cut and changed forms of what is there, on every build. With a fuzzing
 * engine, link without main.c: clang -fsanitize=fuzzer.
 *
 * Adding one: tests/fuzz/fuzz-NAME.c with both, and its stanza in fuzz.inc.
 */
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Folders beneath tests/data, ending with NULL. */
extern const char *const fuzz_corpus[];
