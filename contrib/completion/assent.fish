# SPDX-License-Identifier: GPL-3.0-or-later
# Completion of assent for fish: the program writes it, so that it cannot fall behind.
assent completion fish | source
