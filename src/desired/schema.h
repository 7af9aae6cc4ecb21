/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The JSON Schema (draft 2020-12) of the manifest, for editors; made from the
 * tables of keys.h. It is installed as manifest.schema.json.
 */
#include <glib.h>
#include <stdbool.h>

#define SCHEMA_ID "urn:assent:manifest:1"

/* The schema, without spaces; freed with free(). */
bool schema_write(char **out, GError **error) G_GNUC_WARN_UNUSED_RESULT;
