/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * A remote repository and how to reach it: what the transports are given.
 *
 * Transports report the first thing that went wrong in connection->error, with
 * a code of JOB_ERROR; libgit2 only learns that something did.
 */
#include <git2.h>
#include <git2/sys/transport.h>
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "worker/source/url.h"

struct source_remote {
	const char *url, *ref;
	const char *username, *password_file, *token_file, *credential_helper;
	const char *ca_file, *proxy, *ssh_command;
	int64_t max_bytes;
	unsigned connect_timeout, low_speed_time, timeout; /* seconds */
	bool (*stopped)(void *user);			   /* asked often; true gives up */
	void (*progress)(const char *text, int64_t done, int64_t total, void *user);
	void *user;
};

struct connection {
	const struct source_remote *remote;
	struct source_url url;
	int64_t deadline;      /* monotonic microseconds */
	int64_t received;      /* bytes */
	int64_t last_progress; /* told, monotonic */
	GError *error;
	git_smart_subtransport_definition definition;
};

bool connection_init(struct connection *c, const struct source_remote *remote, GError **error)
	G_GNUC_WARN_UNUSED_RESULT;
void connection_clear(struct connection *c);
/* Keeps the first error; always returns -1, what libgit2 wants to see. */
int connection_fail(struct connection *c, int code, const char *format, ...) G_GNUC_PRINTF(3, 4);
/* -1 when it was stopped, took too long or received too much. */
int connection_check(struct connection *c);
/* The same after len more bytes. */
int connection_received(struct connection *c, size_t len);
/* Milliseconds until the deadline, at most limit seconds. */
int connection_wait(const struct connection *c, unsigned limit);

/* For git_remote_callbacks.transport, with a struct connection as payload; NULL: libgit2's own. */
git_transport_cb connection_transport(const struct connection *c);

/* Each makes the libgit2 subtransport of its schemes; param is a struct connection. */
int transport_curl_new(git_smart_subtransport **out, git_transport *owner, void *param);
int transport_ssh_new(git_smart_subtransport **out, git_transport *owner, void *param);
