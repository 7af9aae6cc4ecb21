/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * Who a call to a page is from: a session's cookie, or what a trusted proxy
 * says in its header. A chat's link, an address or a socket makes nobody.
 *
 *	if (!guest_find(call, &guest)) { guest_unknown(call); return; }
 *	if (!guest_form_fits(call, &guest)) ...         -- before any POST has an effect
 *	guest_clear(&guest);
 */
#include "agent/http/call.h"
#include "agent/http/page-frame.h"

struct guest {
	char *person;
	char *subject; /* what the tokens of forms are bound to: the session, the proxy's person */
	char *csrf;
};

/* False: nobody whom the agent knows is signed in. */
bool guest_find(struct call *call, struct guest *out);
void guest_clear(struct guest *guest);
/* Is the form from a page that was made for this guest? */
bool guest_form_fits(const struct call *call, const struct guest *guest);
/* The one answer to whoever is not signed in, whatever was asked for. */
void guest_unknown(struct call *call);
/* What of the way in is kept as evidence of a decision: JSON; g_free(). */
char *guest_evidence(const struct call *call, const struct guest *guest);
/* Page and status; html is freed. forms: it has some. */
void guest_page(struct call *call, unsigned status, char *html, bool forms);
void guest_frame(const struct call *call, const struct guest *guest, const char *root,
		 struct page_frame *out);
void guest_redirect(struct call *call, const char *location);

/* Handlers of the table. */
void guest_get_login(struct call *call);
void guest_post_login(struct call *call);
void guest_post_logout(struct call *call);
/* Of the socket: POST /v1/review, a one-time link. */
void guest_post_review(struct call *call);

/* A person by name, or by an address that is theirs alone; NULL when there is none. */
const char *guest_person_of(const struct conf *conf, const char *text);

typedef struct guest guest_auto;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(guest_auto, guest_clear)
