/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Who is one and the same person, as far as files of keys can tell it: a key is
 * one person's, and so are all the names that it goes by. What shares a key or a
 * name with another thing is the same person, over as many steps as it takes.
 *
 *	persons_new()
 *	persons_read_signers(persons, text, len)  -- of a list of signers
 *	persons_unite(persons, key, name)	  -- learnt elsewhere
 *	persons_of(persons, key)		  -- equal texts mean one person
 *
 * Reading is as lenient as ssh-keygen's: a line that cannot be read is none.
 */
#include <glib.h>
#include <stddef.h>

struct persons;
struct persons *persons_new(void) G_GNUC_WARN_UNUSED_RESULT;
void persons_free(struct persons *persons);
/* Names are addresses or principals, whose case does not count. */
void persons_unite(struct persons *persons, const char *key, const char *name);
/* Lines of cert-authority say nothing: their names are those of many. */
void persons_read_signers(struct persons *persons, const char *text, size_t len);
/* g_free() */
char *persons_of(const struct persons *persons, const char *key) G_GNUC_WARN_UNUSED_RESULT;

typedef struct persons persons_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(persons_auto, persons_free)
