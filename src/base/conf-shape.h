/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * What a single text of the configuration must look like; the table's rows say
 * so in words beside them.
 */
#include <stdbool.h>

bool conf_is_url(const char *url);
bool conf_is_branch(const char *name);
bool conf_is_folder(const char *path);
bool conf_is_endpoint(const char *text);
bool conf_is_network(const char *text);
bool conf_is_host(const char *text);
bool conf_is_header(const char *name);
bool conf_is_public_url(const char *url);
bool conf_is_topic(const char *topic);
bool conf_is_slack_id(const char *text);
bool conf_is_slack_person(const char *text);
bool conf_is_program(const char *path);
bool conf_is_object_name(const char *text);
bool conf_is_namespace_pattern(const char *text);
bool conf_is_account(const char *text);
bool conf_is_zone(const char *name);
