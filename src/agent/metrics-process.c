/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the kernel says of this process, proc(5). */
#include "agent/metrics-process.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* A field of /proc/self/stat, counted from 3 as in its manual; the name in brackets before it may
 * hold anything. */
static bool stat_field(const char *text, unsigned field, uint64_t *out)
{
	const char *at = strrchr(text, ')');

	for (unsigned i = 2; at != NULL && i < field; i++) {
		at = strchr(at + 1, ' ');
	}
	*out = at != NULL ? g_ascii_strtoull(at + 1, NULL, 10) : 0;
	return at != NULL;
}

static void real(GString *out, const char *name, const char *type, const char *help, double value)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];

	g_string_append_printf(out, "# HELP %s %s\n# TYPE %s %s\n%s %s\n", name, help, name, type,
			       name, g_ascii_dtostr(text, sizeof(text), value));
}

static double boot_time(void)
{
	g_autofree char *text = NULL;
	const char *line;

	if (!g_file_get_contents("/proc/stat", &text, NULL, NULL)) {
		return 0;
	}
	line = strstr(text, "\nbtime ");
	return line != NULL ? (double)g_ascii_strtoll(line + strlen("\nbtime "), NULL, 10) : 0;
}

static unsigned count_open(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned count = 0;

	while (dir != NULL && readdir(dir) != NULL) {
		count++;
	}
	if (dir != NULL) {
		closedir(dir);
	}
	return count > 3 ? count - 3 : 0; // ".", ".." and the folder itself
}

void metrics_write_process(GString *out)
{
	g_autofree char *text = NULL;
	struct rlimit limit;
	uint64_t user, system, start, size, pages;
	double tick = (double)sysconf(_SC_CLK_TCK);

	if (!g_file_get_contents("/proc/self/stat", &text, NULL, NULL) ||
	    !stat_field(text, 14, &user) || !stat_field(text, 15, &system) ||
	    !stat_field(text, 22, &start) || !stat_field(text, 23, &size) ||
	    !stat_field(text, 24, &pages)) {
		return;
	}
	real(out, "process_cpu_seconds_total", "counter", "CPU time of this process, in seconds.",
	     (double)(user + system) / tick);
	real(out, "process_start_time_seconds", "gauge", "When this process was started.",
	     boot_time() + (double)start / tick);
	real(out, "process_virtual_memory_bytes", "gauge", "Virtual memory.", (double)size);
	real(out, "process_resident_memory_bytes", "gauge", "Resident memory.",
	     (double)pages * (double)sysconf(_SC_PAGESIZE));
	real(out, "process_open_fds", "gauge", "Open file descriptors.", count_open());
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		real(out, "process_max_fds", "gauge", "The limit of those.",
		     (double)limit.rlim_cur);
	}
}
