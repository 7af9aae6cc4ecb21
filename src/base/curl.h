/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What holds for every request that any of the programs sends by libcurl: http
 * and https only, TLS 1.2 at least and verified, no redirects, no .netrc.
 *
 *	curl = curl_easy_init();
 *	curl_prepare(curl, ca_file);
 *	... what this request is
 */
#include <curl/curl.h>

/* ca_file: the authorities to trust instead of the system's, NULL: those. Copied. */
void curl_prepare(CURL *curl, const char *ca_file);
