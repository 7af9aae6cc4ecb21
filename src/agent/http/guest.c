/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Signing in to the pages, and out. */
#include "agent/http/guest.h"

#include <string.h>

#include "agent/http/peer.h"
#include "agent/http/session.h"
#include "agent/http/web.h"
#include "agent/stack-say.h"
#include "base/autoptr.h"
#include "base/lang.h"
#include "base/log.h"
#include "base/shared-secret.h"
#include "base/text.h"
#include "core/hash.h"

#define AGENT_SHOWN 200 /* bytes of User-Agent that are kept */

static bool has_address(const struct conf_person *person, const char *text)
{
	for (char **email = person->emails; email != NULL && *email != NULL; email++) {
		if (g_ascii_strcasecmp(*email, text) == 0) {
			return true;
		}
	}
	return false;
}

const char *guest_person_of(const struct conf *conf, const char *text)
{
	const struct conf_person *person = conf_person(conf, text);
	const char *found = NULL;

	if (person != NULL) {
		return person->name;
	}
	for (unsigned i = 0; i < conf->people->len; i++) {
		person = g_ptr_array_index(conf->people, i);
		if (!has_address(person, text)) {
			continue;
		}
		if (found != NULL) {
			return NULL;
		}
		found = person->name;
	}
	return found;
}

static bool is_secure(const struct call *call)
{
	const struct conf_http *http = call->agent->conf->http;

	return call->secure || (http != NULL && http->public_url != NULL &&
				g_str_has_prefix(http->public_url, "https:"));
}

/* Below which path the browser shall send the cookie; g_free(). */
static char *cookie_path(const struct call *call)
{
	const struct conf_http *http = call->agent->conf->http;
	const char *url = http != NULL ? http->public_url : NULL;
	const char *path = url != NULL ? strchr(strstr(url, "://") + 3, '/') : NULL;

	return g_strdup(path != NULL ? path : "/");
}

/* With this prefix a browser takes it only from us: no other host of the domain can plant one. */
static const char *cookie_name(const struct call *call)
{
	g_autofree char *path = cookie_path(call);

	return is_secure(call) && strcmp(path, "/") == 0 ? "__Host-assent" : "assent";
}

static const char *cookie_of(const struct call *call)
{
	return MHD_lookup_connection_value(call->connection, MHD_COOKIE_KIND, cookie_name(call));
}

static void set_cookie(struct call *call, const char *value, int age)
{
	g_autofree char *path = cookie_path(call);
	char *text = g_strdup_printf("%s=%s; Path=%s; Max-Age=%d; HttpOnly; SameSite=Strict%s",
				     cookie_name(call), value, path, age,
				     is_secure(call) ? "; Secure" : "");

	call_add_header(call, MHD_HTTP_HEADER_SET_COOKIE, text);
	sessions_wipe(text);
}

/* An address alone is no proof: whoever can connect from there could send that header. */
static bool is_the_proxy(const struct call *call)
{
	const char *given = call_header(call, "X-Assent-Proxy-Secret");
	g_autoptr(shared_secret_auto) secret = NULL;
	g_autoptr(GError) error = NULL;

	if (!call->proxied || given == NULL) {
		return false;
	}
	if (!shared_secret_load(call->agent->conf->http->proxy_secret, &secret, &error)) {
		log_event(EV_HTTP, NULL, NULL, "proxy-secret: %s", error->message);
		return false;
	}
	return shared_secret_is(secret, given, strlen(given));
}

static bool find_by_proxy(struct call *call, struct guest *out)
{
	const struct conf *conf = call->agent->conf;
	const char *header = conf->http != NULL ? conf->http->proxy_user_header : NULL;
	const char *value = header != NULL && is_the_proxy(call) ? call_header(call, header) : NULL;
	const char *person = value != NULL ? guest_person_of(conf, value) : NULL;

	if (person == NULL) {
		return false;
	}
	out->person = g_strdup(person);
	out->subject = g_strconcat("proxy:", person, NULL);
	return true;
}

static bool find_by_cookie(struct call *call, struct guest *out)
{
	const struct session *session =
		sessions_find(call->agent->sessions, cookie_of(call), agent_now());
	char id[HASH_TEXT_SIZE];

	/* A reload may have taken the person away. */
	if (session == NULL || conf_person(call->agent->conf, session->person) == NULL) {
		return false;
	}
	hash_text(id, &session->id);
	out->person = g_strdup(session->person);
	out->subject = g_strconcat("session:", id, NULL);
	return true;
}

bool guest_find(struct call *call, struct guest *out)
{
	*out = (struct guest){0};
	if (!find_by_proxy(call, out) && !find_by_cookie(call, out)) {
		return false;
	}
	out->csrf = sessions_csrf(call->agent->sessions, out->subject);
	return true;
}

void guest_clear(struct guest *guest)
{
	g_free(guest->person);
	g_free(guest->subject);
	g_free(guest->csrf);
	*guest = (struct guest){0};
}

bool guest_form_fits(const struct call *call, const struct guest *guest)
{
	g_autofree char *token = call_form(call, "csrf");

	return sessions_csrf_fits(call->agent->sessions, guest->subject, token);
}

void guest_page(struct call *call, unsigned status, char *html, bool forms)
{
	g_autofree char *style = page_style();

	call_page(call, status, html, style, forms);
	call->style = NULL; // it was for this answer alone
	g_free(html);
}

void guest_frame(const struct call *call, const struct guest *guest, const char *root,
		 struct page_frame *out)
{
	const struct session *session =
		sessions_find(call->agent->sessions, cookie_of(call), agent_now());

	*out = (struct page_frame){.root = root,
				   .agent = call->agent->conf->agent,
				   .person = guest->person,
				   .csrf = guest->csrf,
				   .can_leave = session != NULL};
}

void guest_redirect(struct call *call, const char *location)
{
	call_add_header(call, MHD_HTTP_HEADER_LOCATION, location);
	call_reply(call, MHD_HTTP_SEE_OTHER, "text/plain; charset=utf-8", "", 0);
}

/* How deep the call's path is: "./", "../", "../../". */
static char *root_of(const struct call *call)
{
	GString *root = g_string_new("./");

	for (const char *p = strchr(call->url + 1, '/'); p != NULL; p = strchr(p + 1, '/')) {
		g_string_append(root, "../");
	}
	return g_string_free(root, FALSE);
}

static bool is_plan_name(const char *text)
{
	size_t len = text != NULL ? strlen(text) : 0;

	return len >= 7 && len <= 64 && strspn(text, "0123456789abcdef") == len;
}

/* The same whether there is such a plan or not. */
void guest_unknown(struct call *call)
{
	const char *plan = is_plan_name(call->args[0]) ? call->args[0] : "";
	g_autofree char *root = root_of(call);
	g_autofree char *detail = g_strdup_printf("assent review %s", plan);
	g_autofree char *link =
		g_strdup_printf("%s%s%s", root, plan[0] != '\0' ? "plans/" : "", plan);
	struct page_message message = {
		.frame = {.title = _("Please sign in"), .root = root},
		.text = _(
			"Nobody is signed in in this browser, or you came by a link from another "
			"place, which alone opens nothing. If you have signed in here before, go "
			"on. "
			"Otherwise this command prints a link that signs you in, on the host where "
			"the agent runs:"),
		.detail = detail,
		.link = link,
		.link_text = _("Go on"),
	};
	size_t len;

	guest_page(call, MHD_HTTP_FORBIDDEN, page_message(&message, &len), false);
}

char *guest_evidence(const struct call *call, const struct guest *guest)
{
	const char *client = call_header(call, MHD_HTTP_HEADER_USER_AGENT);
	g_autofree char *cut = g_strndup(client != NULL ? client : "", AGENT_SHOWN);
	g_autofree char *safe = text_escape(cut, -1, 0);
	struct json_writer *w = json_writer_new(0);
	autocfree char *text = NULL;
	size_t len;

	json_w_object(w, NULL);
	json_w_str(w, "peer", call->peer);
	json_w_str(w, "signed_in", guest->subject);
	json_w_str(w, "user_agent", safe);
	json_w_end(w);
	return json_writer_finish(w, &text, &len, NULL) == 0 ? g_strdup(text) : NULL;
}

/* A page that spends the link when its button is pressed, so that no program that merely looks at
 * links can spend it. */
void guest_get_login(struct call *call)
{
	const char *token = call_query(call, "t");
	const struct session *link = sessions_peek(call->agent->sessions, token, agent_now());
	struct page_frame frame = {.title = _("Sign in"), .root = "./"};
	struct html *h;
	size_t len;

	if (link == NULL) {
		struct page_message message = {
			.frame = frame,
			.text = _("This link was used before, or it is too old, or it never was "
				  "one. Ask for a new one with 'assent review'."),
		};

		call_note(call, "an unknown or spent link");
		guest_page(call, MHD_HTTP_FORBIDDEN, page_message(&message, &len), false);
		return;
	}
	h = page_begin(&frame);
	html_open(h, "form", "class", "vote", "method", "post", "action", "./login", NULL);
	html_void(h, "input", "type", "hidden", "name", "t", "value", token, NULL);
	html_open(h, "p", NULL);
	html_text(h, _("This link signs you in, once, and every decision that you take here is "
		       "recorded under that name."));
	html_close(h, "p");
	html_open(h, "button", "type", "submit", "class", "yes", NULL);
	html_say(h, _("Sign in as %s"), link->person);
	html_close(h, "button");
	html_close(h, "form");
	guest_page(call, MHD_HTTP_OK, page_end(h, &len), true);
}

void guest_post_login(struct call *call)
{
	char *token = call_form(call, "t");
	g_autofree char *target = NULL, *location = NULL;
	char *cookie = NULL;

	if (token != NULL) {
		cookie = sessions_login(call->agent->sessions, token, agent_now(), &target);
	}
	sessions_wipe(token);
	if (cookie == NULL) {
		call_note(call, "an unknown or spent link");
		guest_unknown(call);
		return;
	}
	sessions_logout(call->agent->sessions, cookie_of(call));
	set_cookie(call, cookie, SESSION_LIFE);
	sessions_wipe(cookie);
	location = target != NULL ? g_strdup_printf("./plans/%.12s", target + strlen("sha256:"))
				  : g_strdup("./");
	guest_redirect(call, location);
}

void guest_post_logout(struct call *call)
{
	g_auto(guest_auto) guest = {0};

	if (guest_find(call, &guest)) {
		if (!guest_form_fits(call, &guest)) {
			call_note(call, "the form's token does not fit");
			call_fail(call, MHD_HTTP_FORBIDDEN, "origin",
				  "this form was made for another session: load the page again",
				  NULL);
			return;
		}
		sessions_logout(call->agent->sessions, cookie_of(call));
		set_cookie(call, "", 0);
	}
	guest_redirect(call, "./");
}

static void send_link(struct call *call, const char *person, const struct fold_plan *plan)
{
	int64_t now = agent_now();
	char *token =
		sessions_link(call->agent->sessions, person, plan != NULL ? plan->id : NULL, now);
	char *path = g_strconcat("/login?t=", token, NULL);
	char *url = web_link(call->agent->conf->http, path);
	g_autofree char *expires = stack_time(now + SESSION_LINK_LIFE);
	struct json_writer *w = call_json();

	json_w_str(w, "person", person);
	json_w_str(w, "url", url);
	json_w_str(w, "expires", expires);
	call_send(call, MHD_HTTP_OK, w);
	sessions_wipe(token);
	sessions_wipe(path);
	sessions_wipe(url);
}

static const struct fold_plan *find_target(struct call *call, const char *id)
{
	bool ambiguous = false;
	const struct fold_plan *plan = fold_find_plan(call->agent->fold, id, &ambiguous);

	if (plan == NULL) {
		g_autofree char *text = g_strdup_printf(
			ambiguous ? "several plans begin with '%s'" : "there is no plan '%s'", id);

		call_fail(call, ambiguous ? MHD_HTTP_CONFLICT : MHD_HTTP_NOT_FOUND,
			  ambiguous ? "ambiguous" : "unknown-plan", text,
			  ambiguous ? "give more digits" : "see 'assent plans'; at least 7 digits");
	}
	return plan;
}

static void issue(struct call *call, const char *asked, const char *id)
{
	const struct conf *conf = call->agent->conf;
	const struct fold_plan *plan = NULL;
	g_auto(peer_auto) peer = {0};
	const char *person = asked;

	if (person == NULL && peer_find(call, &peer)) {
		person = peer.person;
	}
	if (conf->http == NULL) {
		call_fail(call, MHD_HTTP_CONFLICT, "no-pages", "this agent serves no pages",
			  "add the section 'http:' to its configuration");
	} else if (person == NULL) {
		call_fail(call, MHD_HTTP_FORBIDDEN, "unknown-person",
			  "your Unix user is nobody of 'people'",
			  "name the person with --as, or give one of 'people' your user");
	} else if (conf_person(conf, person) == NULL) {
		call_fail(call, MHD_HTTP_FORBIDDEN, "unknown-person",
			  "there is no such person in 'people'", "see the agent's configuration");
	} else if (id == NULL || (plan = find_target(call, id)) != NULL) {
		send_link(call, person, plan);
	}
}

void guest_post_review(struct call *call)
{
	g_autoptr(json_doc_auto) doc = NULL;
	const char *person, *plan;
	struct assent_error err;
	struct json_obj o;

	if (!call_body(call, &doc, &o)) {
		return;
	}
	person = json_str_opt(&o, "person", 255);
	plan = json_str_opt(&o, "plan", HASH_TEXT_SIZE);
	json_obj_end(&o);
	if (json_doc_status(doc, &err) != 0) {
		call_fail(call, MHD_HTTP_BAD_REQUEST, "malformed", err.text, "see doc/api.yaml");
		return;
	}
	issue(call, person, plan);
}
