/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* Between systemd.c and systemd-job.c: the connection, and calls with a deadline. */
#include <gio/gio.h>

#include "worker/target/systemd.h"

#define SYSTEMD_CALL_MS 25000

struct systemd {
	bool user;
	GDBusConnection *bus;
	GMainContext *context; /* signals come here */
	GHashTable *removed;   /* path of a job to its result, since the last systemd_job() */
	guint subscription;    /* 0: none yet */
	int call_ms;	       /* what a call may take that says nothing else */
};

/* reply: type of the answer. */
bool bus_call(struct systemd *s, const char *path, const char *interface, const char *method,
	      GVariant *args, const char *reply, int timeout, GVariant **out, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* Of the manager. out: NULL when the answer is of no interest. */
bool bus_manager(struct systemd *s, const char *method, GVariant *args, const char *reply,
		 GVariant **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The object of a unit, which is loaded for it; g_free(). */
bool bus_unit(struct systemd *s, const char *unit, char **path, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
/* All properties of one interface, as a{sv}: NULL for the unit's common ones. */
bool bus_properties(struct systemd *s, const char *unit, const char *interface, GVariant **out,
		    GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* "org.freedesktop.systemd1.Service" of "x.service"; g_free(). */
char *bus_interface(const char *unit);
