/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/* What the three files of kube/value.h share; for nobody else. */
#include "kube/value.h"

struct kube_value {
	enum kube_type type;
	struct kube_place place;
	bool truth;
	bool unsealed; /* members were appended and not yet sorted */
	size_t count;  /* bytes of text, or items */
	size_t room;
	char *text; /* of a string or number */
	struct kube_value **items;
	char **names; /* of a map */
};

struct kube_value *value_new(enum kube_type type);
/* As kube_value_append(), but takes the name. */
void value_append(struct kube_value *map, char *name, struct kube_value *item);
