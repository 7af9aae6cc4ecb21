# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# Completion of assent for bash: the program writes it, so that it cannot fall behind.
eval "$(assent completion bash)"
