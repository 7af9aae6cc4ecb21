/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* What went wrong over HTTP, in words and codes that a person can act on. Private to source/. */
#include <curl/curl.h>

#include "worker/source/remote.h"

/* All return -1, transport_curl_check_type() 0 when the answer is Git's. */
int transport_curl_fail(struct connection *c, CURL *curl, CURLcode code, const char *detail);
int transport_curl_fail_status(struct connection *c, long status);
int transport_curl_check_type(struct connection *c, CURL *curl, bool is_ls);
