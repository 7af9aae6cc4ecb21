/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of public paths, and what each call must pass before its handler. */
#include "agent/http/web.h"

#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/http/approvals.h"
#include "agent/http/front.h"
#include "agent/http/gate.h"
#include "agent/http/guard.h"
#include "agent/http/guest.h"
#include "agent/http/health.h"
#include "agent/http/listener.h"
#include "agent/http/push.h"
#include "agent/http/review.h"
#include "agent/http/socket.h"
#include "agent/http/tls.h"
#include "agent/notify/door.h"
#include "agent/notify/slack-callback.h"
#include "base/autoptr.h"
#include "base/error.h"
#include "base/lang.h"
#include "base/log.h"

#define MEMORY ((size_t)16 << 10) /* of a connection: the header must fit in it */
#define SLACK 64		  /* connections that are being cut */
#define ANSWER_TIMEOUT 60	  /* seconds for the answer to be read */
#define PATH_SHOWN 200
#define PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
#define FORM_MAX ((size_t)16 << 10) /* a reason, every byte of it escaped */

struct web {
	struct agent *agent;
	char *listen;
	char *base;	  /* the path of public-url, maybe "" */
	GPtrArray *hosts; /* NULL-terminated */
	GPtrArray *origins;
	GArray *proxies; /* struct net */
	struct gate *gate;
	struct push *push;
	bool is_drained; /* the push is of the one that came after */
	struct front *front;
	struct doors *doors;
	struct listener *listener; /* this, gate and tick are the front's */
	int fd;			   /* of the port, for the one that comes after */
	bool secure;		   /* speaks TLS */
	bool is_local;		   /* listens on loopback */
	GSource *tick;
	unsigned crowded_out; /* since the last tick */
};

/* What was refused, by name; the log tells more than the peer. */
static void refuse(struct call *call, unsigned status, const char *code, const char *message)
{
	call_note(call, "%s", message);
	call_fail(call, status, code, message, NULL);
}

static void post_hook(struct call *call)
{
	struct web *web = listener_user(call->listener);

	if (web->push != NULL) {
		push_take(web->push, call);
	} else {
		refuse(call, MHD_HTTP_SERVICE_UNAVAILABLE, "closed", "nobody takes hooks now");
	}
}

const struct route web_routes[] = {
	{"GET", "/healthz", health_get, 0, 0, NULL},
	{"GET", "/readyz", health_get_ready, 0, 0, NULL},
	{"GET", "/metrics", health_get_metrics, 0, 0, NULL},
	{"POST", "/hooks/*", post_hook, PUSH_BODY_MAX, 0, NULL},
	{"GET", "/", review_get_overview, 0, ROUTE_PAGE, NULL},
	{"GET", "/plans/*", review_get_plan, 0, ROUTE_PAGE, NULL},
	{"GET", "/plans/*/diff", review_get_diff, 0, ROUTE_PAGE, NULL},
	{"POST", "/plans/*/decision", review_post_decision, FORM_MAX, ROUTE_FORM | ROUTE_PAGE,
	 NULL},
	{"GET", "/login", guest_get_login, 0, ROUTE_PAGE, NULL},
	{"POST", "/login", guest_post_login, FORM_MAX, ROUTE_FORM | ROUTE_PAGE, NULL},
	{"POST", "/logout", guest_post_logout, FORM_MAX, ROUTE_FORM | ROUTE_PAGE, NULL},
	{"POST", "/v1/approvals", approvals_post, 8192, 0, NULL},
	{"POST", "/mattermost", approvals_mattermost, 65536, 0, NULL},
	{"POST", "/mattermost/dialog", approvals_mattermost, 65536, 0, NULL},
	{"POST", "/slack/interactive", approvals_slack, SLACK_BODY_MAX, 0, "slack"},
	{NULL},
};

static void cut(int fd, void *user)
{
	(void)user;
	shutdown(fd, SHUT_RDWR); // libmicrohttpd sees the end of it and closes
}

static void cut_for_another(int fd, void *user)
{
	struct web *web = user;

	web->crowded_out++;
	cut(fd, NULL);
}

static void stop_tick(struct web *web)
{
	if (web->tick != NULL) {
		g_source_destroy(web->tick);
		g_clear_pointer(&web->tick, g_source_unref);
	}
}

static gboolean on_tick(void *data)
{
	struct web *web = data;
	unsigned n = gate_sweep(web->gate, g_get_monotonic_time(), cut, NULL);

	if (n > 0) {
		log_event(EV_HTTP, NULL, NULL, "%u connections were ended: their time was up", n);
	}
	if (web->crowded_out > 0) {
		log_event(EV_HTTP_REFUSED, NULL, NULL,
			  "%u connections that asked for long were ended for newer ones",
			  web->crowded_out);
		web->crowded_out = 0;
	}
	if (gate_visits(web->gate) > 0) {
		return G_SOURCE_CONTINUE;
	}
	stop_tick(web);
	return G_SOURCE_REMOVE;
}

static void start_tick(struct web *web)
{
	if (web->tick == NULL) {
		web->tick = g_timeout_source_new_seconds(1);
		g_source_set_callback(web->tick, on_tick, web, NULL);
		g_source_attach(web->tick, front_context(web->front));
	}
}

static bool is_proxy(const struct web *web, const struct net_address *peer)
{
	for (unsigned i = 0; i < web->proxies->len; i++) {
		if (net_contains(&g_array_index(web->proxies, struct net, i), peer)) {
			return true;
		}
	}
	return false;
}

static bool admit(void *user, const struct sockaddr *address)
{
	const struct web *web = user;
	struct net_address peer;

	return net_address_take(&peer, address) &&
	       gate_admits(web->gate, &peer, is_proxy(web, &peer));
}

static void *enter(void *user, int fd, const struct sockaddr *address)
{
	struct web *web = user;
	struct net_address peer = {0};

	net_address_take(&peer, address);
	start_tick(web);
	return gate_enter(web->gate, &peer, is_proxy(web, &peer), fd, g_get_monotonic_time(),
			  cut_for_another, web);
}

static void leave(void *user, void *visit)
{
	struct web *web = user;

	gate_leave(web->gate, visit);
}

static struct net_address find_peer(const struct web *web, struct call *call)
{
	struct net_address peer = *gate_peer(call->visit);
	struct net_address hop;
	const char *forwarded;

	if (is_proxy(web, &peer)) {
		call->proxied = true;
		/* Several such headers are one list; the last one is the proxy's. */
		forwarded = MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND,
							"X-Forwarded-For");
		if (call_header_count(call, "X-Forwarded-For") > 1) {
			forwarded = NULL;
		}
		if (forwarded != NULL && guard_last_hop(forwarded, &hop)) {
			peer = hop;
		}
	}
	net_address_text(call->peer, &peer);
	return peer;
}

static bool passes_rate(struct web *web, struct call *call, const struct net_address *peer)
{
	unsigned denied;

	if (gate_take(web->gate, peer, g_get_monotonic_time(), &denied)) {
		if (denied > 0) {
			log_event(EV_HTTP_REFUSED, NULL, NULL, "%s: %u requests were too many",
				  call->peer, denied);
		}
		return true;
	}
	call_add_header(call, MHD_HTTP_HEADER_RETRY_AFTER, "60");
	refuse(call, MHD_HTTP_TOO_MANY_REQUESTS, "rate", "too many requests: wait a minute");
	call->quiet = denied > 1; // a flood is told at its begin and its end
	return false;
}

static bool passes_form(const struct web *web, struct call *call)
{
	const char *host = call_header(call, MHD_HTTP_HEADER_HOST);
	g_autofree char *here = g_strdup_printf("%s://%s", web->secure ? "https" : "http", host);
	g_autofree char *small = g_ascii_strdown(here, -1);
	g_autoptr(GPtrArray) origins = g_ptr_array_new(); // of borrowed texts
	const char *type = call_header(call, MHD_HTTP_HEADER_CONTENT_TYPE);
	const char *problem;

	g_ptr_array_extend(origins, web->origins, NULL, NULL);
	g_ptr_array_add(origins, small);
	g_ptr_array_add(origins, NULL);
	if (call_header_count(call, "Origin") > 1 ||
	    call_header_count(call, "Sec-Fetch-Site") > 1) {
		refuse(call, MHD_HTTP_BAD_REQUEST, "malformed", "a header is given twice");
		return false;
	}
	problem =
		guard_form_problem(call_header(call, "Sec-Fetch-Site"), call_header(call, "Origin"),
				   (const char *const *)origins->pdata);
	if (problem != NULL) {
		refuse(call, MHD_HTTP_FORBIDDEN, "origin", problem);
		return false;
	}
	if (type == NULL || !call_is_type(type, "application/x-www-form-urlencoded")) {
		refuse(call, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE, "content-type",
		       "a form is application/x-www-form-urlencoded");
		return false;
	}
	return true;
}

/* libmicrohttpd has judged the numbers; this is about two readings of one request. */
static bool passes_shape(const struct web *web, struct call *call)
{
	const char *host = call_header(call, MHD_HTTP_HEADER_HOST);
	const char *coding = call_header(call, MHD_HTTP_HEADER_TRANSFER_ENCODING);
	unsigned codings = call_header_count(call, MHD_HTTP_HEADER_TRANSFER_ENCODING);
	unsigned lengths = call_header_count(call, MHD_HTTP_HEADER_CONTENT_LENGTH);

	if (strcmp(call->version, "HTTP/1.1") != 0 && strcmp(call->version, "HTTP/1.0") != 0) {
		refuse(call, MHD_HTTP_HTTP_VERSION_NOT_SUPPORTED, "version",
		       "only HTTP/1.1 and 1.0 are spoken here");
	} else if (host == NULL) {
		refuse(call, MHD_HTTP_BAD_REQUEST, "host", "there must be one header Host");
	} else if (!guard_host_fits(host, (const char *const *)web->hosts->pdata)) {
		refuse(call, MHD_HTTP_MISDIRECTED_REQUEST, "host",
		       "this is not the host that was asked for");
	} else if (codings + lengths > 1 ||
		   (codings > 0 && g_ascii_strcasecmp(coding, "chunked") != 0)) {
		refuse(call, MHD_HTTP_BAD_REQUEST, "malformed",
		       "the body's length has two meanings");
	} else {
		return true;
	}
	return false;
}

/* A proxy may hand on the path of public-url, or take it away. */
static void strip_base(const struct web *web, struct call *call)
{
	size_t len = strlen(web->base);

	if (len > 0 && strncmp(call->url, web->base, len) == 0 && call->url[len] == '/') {
		call->url += len;
	}
}

static bool passes_table(const struct web *web, struct call *call)
{
	bool is_head = strcmp(call->method, "HEAD") == 0;
	g_autofree char *methods = NULL;
	bool known;

	strip_base(web, call);
	call->route = route_find(web_routes, call, is_head ? "GET" : call->method, &known);
	if (call->route != NULL) {
		return true;
	}
	if (known) {
		methods = route_methods(web_routes, call);
		call_add_header(call, MHD_HTTP_HEADER_ALLOW, methods);
		refuse(call, MHD_HTTP_METHOD_NOT_ALLOWED, "method", "this path has another method");
	} else {
		refuse(call, MHD_HTTP_NOT_FOUND, "unknown-path", "there is nothing here");
	}
	return false;
}

static void refuse_size(struct call *call)
{
	refuse(call, MHD_HTTP_CONTENT_TOO_LARGE, "limit", "the request is too large");
}

static bool passes_size(struct call *call)
{
	const char *length = call_header(call, MHD_HTTP_HEADER_CONTENT_LENGTH);
	guint64 n;

	call->body_max = call->route->body_max;
	if (length == NULL || g_ascii_string_to_unsigned(length, 10, 0, call->body_max, &n, NULL)) {
		return true;
	}
	refuse_size(call);
	return false;
}

static void begin(struct call *call)
{
	struct web *web = listener_user(call->listener);
	struct net_address peer;

	call->web = true;
	call->front = web->front;
	call->secure = web->secure;
	call->began = g_get_monotonic_time();
	peer = find_peer(web, call);
	if (!passes_rate(web, call, &peer) || !passes_shape(web, call) ||
	    !passes_table(web, call) || !passes_size(call)) {
		return;
	}
	if ((call->route->flags & ROUTE_FORM) != 0) {
		passes_form(web, call);
	}
}

/* Only what a handler says itself is in that language; what it sets off is said later, by the
 * main loop, in the agent's own. */
static void answer_page(struct call *call)
{
	const struct agent *agent = call->agent;
	const char *wanted = call_header(call, MHD_HTTP_HEADER_ACCEPT_LANGUAGE);
	lang_scope own =
		lang_switch(agent->langs != NULL ? langs_accept(agent->langs, wanted, agent->lang)
						 : agent->lang);

	call_add_header(call, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT_LANGUAGE);
	call_add_header(call, MHD_HTTP_HEADER_CONTENT_LANGUAGE, lang_current());
	call->route->handle(call);
}

/* In the main loop. */
static void handle(void *user)
{
	struct call *call = user;

	if ((call->route->flags & ROUTE_PAGE) != 0) {
		answer_page(call);
	} else {
		call->route->handle(call);
	}
	call_return(call);
}

static void answer(struct call *call)
{
	struct web *web = listener_user(call->listener);

	if (call_arrive(call)) {
		return;
	}
	gate_answering(web->gate, call->visit, g_get_monotonic_time());
	if (call->too_large) {
		refuse_size(call);
	} else if (call->overloaded) {
		refuse(call, MHD_HTTP_SERVICE_UNAVAILABLE, "busy",
		       "too much is being sent at once: try again");
	} else if (call->route->door == NULL || !doors_take(web->doors, call->route->door, call)) {
		call_leave(call);
		front_tell(web->front, handle, call);
	}
}

/* Never a query, a header or a body: what is secret may stand there. */
static void ended(struct call *call, bool complete)
{
	struct web *web = listener_user(call->listener);
	gint64 now = g_get_monotonic_time();
	bool secret = call->route != NULL && (call->route->flags & ROUTE_SECRET_PATH) != 0;
	const char *path = secret ? call->route->pattern : call->url;

	gate_asking(web->gate, call->visit, now);
	if (call->quiet) {
		return;
	}
	log_event(call->why != NULL ? EV_HTTP_REFUSED : EV_HTTP, NULL, NULL,
		  "%s %.16s %.*s %u %zu bytes %" PRId64 " ms%s%s%s", call->peer, call->method,
		  PATH_SHOWN, path, call->status, call->answer_len, (now - call->began) / 1000,
		  complete ? "" : " (broken off)", call->why != NULL ? ": " : "",
		  call->why != NULL ? call->why : "");
}

static const struct listener_kind web_kind = {admit, enter, leave, begin, answer, ended};

/* The names by which we may be called. A name server of somebody else can point a name at us, and
 * a browser would then treat us as that name's site. */
static void take_names(struct web *web, const struct conf_http *http)
{
	struct net_endpoint endpoint;
	struct net_address address = {0};
	char text[NET_TEXT_SIZE];

	web->hosts = g_ptr_array_new_with_free_func(g_free);
	web->origins = g_ptr_array_new_with_free_func(g_free);
	for (char **host = http->hosts; host != NULL && *host != NULL; host++) {
		g_ptr_array_add(web->hosts, g_strdup(*host));
	}
	if (net_endpoint_parse(&endpoint, http->listen)) {
		net_address_take(&address, (struct sockaddr *)&endpoint.address);
	}
	net_address_text(text, &address);
	g_ptr_array_add(web->hosts,
			strchr(text, ':') != NULL ? g_strdup_printf("[%s]", text) : g_strdup(text));
	if (net_address_is_loopback(&address)) {
		g_ptr_array_add(web->hosts, g_strdup("localhost"));
		web->is_local = true;
	}
	web->base = g_strdup("");
	if (http->public_url != NULL) {
		char *origin = guard_origin(http->public_url);
		const char *path = http->public_url + strlen(origin);
		char *name = guard_host_name(strstr(origin, "://") + 3);

		g_ptr_array_add(web->origins, origin);
		g_free(web->base);
		web->base = g_strndup(path, strlen(path) - g_str_has_suffix(path, "/"));
		if (name != NULL) {
			g_ptr_array_add(web->hosts, name);
		}
	}
	g_ptr_array_add(web->hosts, NULL);
}

static void take_proxies(struct web *web, const struct conf_http *http)
{
	web->proxies = g_array_new(FALSE, FALSE, sizeof(struct net));
	for (char **text = http->trusted_proxy; text != NULL && *text != NULL; text++) {
		struct net net;

		if (net_parse(&net, *text)) {
			g_array_append_val(web->proxies, net);
		}
	}
}

static bool take_port(struct web *web, const struct web *before, GError **error)
{
	struct net_endpoint endpoint;

	if (before != NULL && strcmp(before->listen, web->listen) == 0) {
		web->fd = dup(before->fd);
		return web->fd >= 0 || fail_errno(error, "cannot keep '%s'", web->listen);
	}
	return net_endpoint_parse(&endpoint, web->listen)
		       ? socket_listen_tcp(&endpoint, web->listen, &web->fd, error)
		       : fail(error, BASE_ERROR, BASE_ERROR_MALFORMED, "'%s' is no address",
			      web->listen);
}

/* Two options more, or none. */
static const struct MHD_OptionItem *tls_options(const struct tls *tls, struct MHD_OptionItem out[4])
{
	unsigned n = 0;

	if (tls->key != NULL) {
		out[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, tls->certificate};
		out[n++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0,
						   (void *)shared_secret_get(tls->key, NULL)};
		out[n++] =
			(struct MHD_OptionItem){MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)PRIORITIES};
	}
	out[n] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
	return out;
}

static bool start(struct web *web, unsigned connections, const struct tls *tls, GError **error)
{
	struct MHD_OptionItem more[4];
	const struct MHD_OptionItem options[] = {
		{MHD_OPTION_ARRAY, 0, (void *)tls_options(tls, more)},
		{MHD_OPTION_CONNECTION_LIMIT, connections + SLACK, NULL},
		{MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY, NULL},
		{MHD_OPTION_CONNECTION_TIMEOUT, ANSWER_TIMEOUT, NULL},
		{MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
		{MHD_OPTION_END, 0, NULL},
	};
	struct listener_setup setup = {.kind = &web_kind,
				       .agent = web->agent,
				       .user = web,
				       .fd = dup(web->fd),
				       .context = front_context(web->front),
				       .flags = tls->key != NULL ? MHD_USE_TLS : 0,
				       .options = options};

	if (setup.fd < 0) {
		return fail_errno(error, "cannot serve '%s'", web->listen);
	}
	if (!listener_open(&setup, &web->listener, error)) {
		close(setup.fd);
		return fail_prefix(error, "cannot serve '%s'", web->listen);
	}
	return true;
}

/* The port is of interest when it was left open. */
static void tell_port(const struct web *web)
{
	struct sockaddr_storage own;
	socklen_t len = sizeof(own);
	struct net_address address;
	char text[NET_TEXT_SIZE];
	unsigned port = 0;

	if (getsockname(web->fd, (struct sockaddr *)&own, &len) != 0 ||
	    !net_address_take(&address, (struct sockaddr *)&own)) {
		return;
	}
	port = own.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&own)->sin6_port
					 : ((struct sockaddr_in *)&own)->sin_port;
	net_address_text(text, &address);
	log_event(EV_HTTP, NULL, NULL, "requests are taken at %s%s%s:%u%s",
		  strchr(text, ':') != NULL ? "[" : "", text, strchr(text, ':') != NULL ? "]" : "",
		  ntohs((uint16_t)port), web->secure ? " by TLS" : "");
}

/* Tokens and links would be everybody's who listens in. */
static void warn_of_clear_text(const struct web *web, const struct conf_http *http)
{
	if (!web->secure && http->trusted_proxy == NULL && !web->is_local) {
		log_event(EV_HTTP_REFUSED, NULL, NULL,
			  "'%s' is open to the network without TLS: set tls-cert and tls-key, or "
			  "listen on 127.0.0.1 behind a reverse proxy",
			  web->listen);
	}
}

bool web_open(struct agent *agent, const struct conf *conf, const struct web *before,
	      struct web **out, GError **error)
{
	const struct conf_http *http = conf->http;
	const struct gate_limits limits = {
		.connections = (unsigned)http->connections,
		.peer_connections = (unsigned)http->peer_connections,
		.ask = http->request_timeout * G_USEC_PER_SEC,
		.answer = ANSWER_TIMEOUT * G_USEC_PER_SEC,
		.rate = (unsigned)http->rate,
		.burst = (unsigned)http->burst,
	};
	struct web *web = g_new0(struct web, 1);
	struct tls tls = {NULL, NULL};
	bool ok;

	web->agent = agent;
	web->doors = agent->doors;
	web->fd = -1;
	web->listen = g_strdup(http->listen);
	web->secure = http->tls_cert != NULL;
	web->gate = gate_new(&limits);
	take_names(web, http);
	take_proxies(web, http);
	ok = push_new(agent, conf, before != NULL ? before->push : NULL, &web->push, error) &&
	     tls_load(&tls, http, error) && take_port(web, before, error) &&
	     front_open(&web->front, error) && start(web, limits.connections, &tls, error);
	tls_clear(&tls);
	if (!ok) {
		web_close(web);
		return false;
	}
	tell_port(web);
	warn_of_clear_text(web, http);
	*out = web;
	return true;
}

static void serve(void *user)
{
	const struct web *web = user;

	listener_serve(web->listener);
}

void web_serve(struct web *web)
{
	front_ask(web->front, serve, web);
}

static void drain(void *user)
{
	const struct web *web = user;

	listener_drain(web->listener);
}

void web_drain(struct web *web, const struct web *after)
{
	push_free(web->push);
	web->push = after != NULL ? after->push : NULL;
	web->is_drained = true;
	front_ask(web->front, drain, web);
}

struct count {
	const struct gate *gate;
	unsigned visits;
};

static void count_visits(void *user)
{
	struct count *count = user;

	count->visits = gate_visits(count->gate);
}

bool web_is_idle(struct web *web)
{
	struct count count = {.gate = web->gate};

	front_ask(web->front, count_visits, &count);
	return count.visits == 0;
}

void web_close(struct web *web)
{
	if (web == NULL) {
		return;
	}
	if (web->front != NULL) {
		front_stop(web->front);
	}
	listener_close(web->listener);
	if (!web->is_drained) {
		push_free(web->push);
	}
	stop_tick(web);
	front_free(web->front);
	gate_free(web->gate);
	if (web->fd >= 0) {
		close(web->fd);
	}
	g_ptr_array_unref(web->hosts);
	g_ptr_array_unref(web->origins);
	g_array_unref(web->proxies);
	g_free(web->listen);
	g_free(web->base);
	g_free(web);
}

char *web_link(const struct conf_http *http, const char *path)
{
	const char *base = http->public_url;
	size_t len;

	if (base == NULL) {
		return g_strconcat(http->tls_cert != NULL ? "https://" : "http://", http->listen,
				   path, NULL);
	}
	len = strlen(base) - g_str_has_suffix(base, "/");
	return g_strdup_printf("%.*s%s", (int)len, base, path);
}
