/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What a job knows of its host beyond paths: the packages that are installed,
 * the service managers. Each is asked when it is first needed and kept until
 * host_forget(), so that a plan of a thousand packages reads their list once.
 */
#include <glib.h>
#include <stdbool.h>

#include "worker/target/package.h"

struct host;
struct systemd;

struct host *host_new(void);
void host_free(struct host *host);
/* Something was done to the host: what was read of it is read again. Connections stay. */
void host_forget(struct host *host);
/* What a manager has installed; belongs to the host, until host_forget(). */
bool host_packages(struct host *host, const struct package_ops *ops,
		   const struct package_list **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A text to be found again under a name, also after host_forget(); NULL: none. */
const char *host_note(const struct host *host, const char *name);
void host_set_note(struct host *host, const char *name, const char *text);
/* A manager of services (worker/target/systemd.h), lent; NULL with error, which is then the same
 * until host_forget(). */
struct systemd *host_systemd(struct host *host, bool user, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;

typedef struct host host_auto;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(host_auto, host_free)
