/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sends requests to an API server side by side over one HTTP/2 connection and drops the answers:
 * what a client of it cannot be quicker than.
 *
 *	kube-floor URL CA-FILE TOKEN-FILE STREAMS <REQUESTS
 *
 * A request is a line "METHOD PATH BODY", BODY possibly empty. Those before an empty line end
 * before the next begin. */
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STREAMS_MAX 256

struct floor {
	CURLM *multi;
	CURL *idle[STREAMS_MAX];
	size_t idle_count, streams;
	struct curl_slist *get, *send;
	const char *url;
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "kube-floor: %s\n", what);
	exit(1);
}

static size_t drop(char *bytes, size_t size, size_t count, void *data)
{
	(void)bytes;
	(void)data;
	return size * count;
}

static CURL *handle_new(const char *ca)
{
	CURL *curl = curl_easy_init();

	if (curl == NULL) {
		die("no handle");
	}
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(curl, CURLOPT_PIPEWAIT, 1L);
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_CAINFO, ca);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
	return curl;
}

static void begin(struct floor *f, char *line)
{
	CURL *curl = f->idle[--f->idle_count];
	char *path = strchr(line, ' '), *body, *url;
	size_t size;

	if (path == NULL || (body = strchr(path + 1, ' ')) == NULL) {
		die("a request is METHOD PATH BODY");
	}
	*path++ = '\0';
	*body++ = '\0';
	size = strlen(f->url) + strlen(path) + 1;
	url = malloc(size);
	if (url == NULL) {
		die("no memory");
	}
	snprintf(url, size, "%s%s", f->url, path);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	free(url);
	if (*body != '\0') {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
		curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, body);
		curl_easy_setopt(curl, CURLOPT_HTTPHEADER, f->send);
	} else {
		curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L);
		curl_easy_setopt(curl, CURLOPT_HTTPHEADER, f->get);
	}
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, line);
	curl_multi_add_handle(f->multi, curl);
}

static void end(struct floor *f, const CURLMsg *message)
{
	CURL *curl = message->easy_handle;
	long status = 0;

	if (message->data.result != CURLE_OK) {
		die(curl_easy_strerror(message->data.result));
	}
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	if (status >= 400 && status != 404) {
		die("refused");
	}
	curl_multi_remove_handle(f->multi, curl);
	f->idle[f->idle_count++] = curl;
}

static void wait_for_one(struct floor *f)
{
	size_t before = f->idle_count;
	int running, left;
	CURLMsg *message;

	while (f->idle_count == before) {
		curl_multi_perform(f->multi, &running);
		while ((message = curl_multi_info_read(f->multi, &left)) != NULL) {
			if (message->msg == CURLMSG_DONE) {
				end(f, message);
			}
		}
		if (f->idle_count == before) {
			curl_multi_poll(f->multi, NULL, 0, 1000, NULL);
		}
	}
}

static struct curl_slist *headers(const char *token_file, const char *type)
{
	char token[4096], line[4200];
	FILE *file = fopen(token_file, "r");
	struct curl_slist *list;

	if (file == NULL || fgets(token, sizeof(token), file) == NULL) {
		die("no token");
	}
	fclose(file);
	token[strcspn(token, "\n")] = '\0';
	snprintf(line, sizeof(line), "Authorization: Bearer %s", token);
	list = curl_slist_append(NULL, line);
	list = curl_slist_append(list, "Accept: application/json");
	return type != NULL ? curl_slist_append(list, type) : list;
}

int main(int argc, char **argv)
{
	struct floor f = {0};
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	if (argc != 5 || (f.streams = strtoul(argv[4], NULL, 10)) == 0 || f.streams > STREAMS_MAX) {
		die("URL CA-FILE TOKEN-FILE STREAMS");
	}
	curl_global_init(CURL_GLOBAL_DEFAULT);
	f.url = argv[1];
	f.multi = curl_multi_init();
	curl_multi_setopt(f.multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
	curl_multi_setopt(f.multi, CURLMOPT_MAX_HOST_CONNECTIONS, 1L);
	f.get = headers(argv[3], NULL);
	f.send = headers(argv[3], "Content-Type: application/apply-patch+yaml");
	while (f.idle_count < f.streams) {
		f.idle[f.idle_count++] = handle_new(argv[2]);
	}
	while ((len = getline(&line, &size, stdin)) > 0) {
		line[strcspn(line, "\n")] = '\0';
		while (f.idle_count == 0 || (line[0] == '\0' && f.idle_count < f.streams)) {
			wait_for_one(&f);
		}
		if (line[0] != '\0') {
			begin(&f, line);
		}
	}
	while (f.idle_count < f.streams) {
		wait_for_one(&f);
	}
	free(line);
	while (f.idle_count > 0) {
		curl_easy_cleanup(f.idle[--f.idle_count]);
	}
	curl_multi_cleanup(f.multi);
	curl_slist_free_all(f.get);
	curl_slist_free_all(f.send);
	curl_global_cleanup();
	return 0;
}
