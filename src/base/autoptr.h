/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Automatic clean-up for what is not GLib's: autofd closes a descriptor,
 * autocfree frees what libassent's functions allocate with malloc().
 */
#include <glib.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/json.h"
#include "core/plan.h"
#include "core/signers.h"

static inline void autofd_close(int *fd)
{
	if (*fd >= 0) {
		close(*fd);
	}
}
#define autofd __attribute__((cleanup(autofd_close))) int

static inline int fd_steal(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

static inline void autocfree_free(void *pointer)
{
	free(*(void **)pointer);
}
#define autocfree __attribute__((cleanup(autocfree_free)))

typedef struct json_doc json_doc_auto;
typedef struct json_writer json_writer_auto;
typedef struct plan plan_auto;
typedef struct signers signers_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_doc_auto, json_doc_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(json_writer_auto, json_writer_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(plan_auto, plan_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(signers_auto, signers_free)
