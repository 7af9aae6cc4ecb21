/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* Exchanges with a real API server, from tests/data/kubernetes. */
#include "kube/answer.h"
#include "kube/value.h"

struct kube_value *kube_vector(const char *name);
/* The body of the answer; borrowed from the exchange. */
struct kube_value *kube_vector_body(const struct kube_value *exchange);
/* The HTTP code of its status line; 0: it has none. */
int kube_vector_code(const struct kube_value *exchange);
/* The answer, as a client would hand it over. body must be NULL and is to be g_free()d after. */
struct kube_reply kube_vector_reply(const struct kube_value *exchange, char **body);
/* Names in the folder that end in .json, sorted. */
GPtrArray *kube_vector_names(void);
struct kube_value *kube_vector_parse(const char *text);
/* The canonical text; g_free(). */
char *kube_vector_text(const struct kube_value *value);
