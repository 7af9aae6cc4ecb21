/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once
/*
 * The worker's own second life as the one who shuts a program in: sandbox.c starts
 * this program again, with nothing of its memory, files and environment, as
 *
 *	assent-worker confine [--become UID] [--processes N] --exec -- PROGRAM ARG...
 *	assent-worker confine [--become UID] [--processes N] --own BASE VIEW... -- PROGRAM ARG...
 *
 * --exec sets limits and takes on the user, and becomes PROGRAM (bubblewrap). --own
 * makes namespaces and a root folder on BASE (an empty folder), which VIEW
 * describes in bubblewrap's words, a subset of them:
 *
 *	--ro-bind FROM TO   --dev-bind FROM TO   --symlink TEXT TO   --dir TO
 *	--size BYTES --tmpfs TO   --proc TO   --remount-ro /
 *	--hostname NAME   --chdir FOLDER
 *
 * Without PROGRAM it ends with 0 when all that can be made. CONFINE_FAILED: it could
 * not, and says why in a line on standard error.
 *
 * It only takes rights away from whoever may start it, and is refused where rights
 * were raised (worker/privilege.h).
 */
#define CONFINE_ARGUMENT "confine"
#define CONFINE_FAILED 125

/* argv[1] is CONFINE_ARGUMENT. */
_Noreturn void confine_main(int argc, char **argv);
