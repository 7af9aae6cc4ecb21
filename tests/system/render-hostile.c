/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A renderer that tries what a renderer must not: one line for each attempt,
 *
 *	NAME: REASON      it was refused, with errno's text or "nothing there"
 *	NAME: REACHED     it worked
 *
 *	render-hostile PORT ABSTRACT-NAME PID PATH...    PATHs are of the host, outside
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static void tell(const char *name, int worked)
{
	printf("%s: %s\n", name, worked ? "REACHED" : strerror(errno));
}

static void try_connect(const char *name, const void *address, socklen_t len, int family)
{
	int fd = socket(family, SOCK_STREAM, 0);

	tell(name, fd >= 0 && connect(fd, address, len) == 0);
	close(fd);
}

static void try_network(unsigned port, const char *abstract)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct sockaddr_in dns = {.sin_family = AF_INET, .sin_port = htons(53)};
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	try_connect("loopback", &in, sizeof(in), AF_INET);
	/* Documentation's own addresses: nobody is there, but is there a way? */
	inet_pton(AF_INET, "192.0.2.1", &dns.sin_addr);
	tell("dns", fd >= 0 && sendto(fd, "x", 1, 0, (void *)&dns, sizeof(dns)) == 1);
	close(fd);
	strncpy(un.sun_path + 1, abstract, sizeof(un.sun_path) - 2);
	try_connect("abstract", &un,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(abstract)),
		    AF_UNIX);
	tell("raw", socket(AF_INET, SOCK_RAW, IPPROTO_ICMP) >= 0);
}

static void try_open(const char *name, const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0644);

	tell(name, fd >= 0);
	if (fd >= 0) {
		close(fd);
	}
}

static void try_write(void)
{
	try_open("write-input", "/input/new", O_WRONLY | O_CREAT);
	try_open("change-input", "/input/app/values.yaml", O_WRONLY | O_TRUNC);
	try_open("write-root", "/new", O_WRONLY | O_CREAT);
	try_open("write-usr", "/usr/new", O_WRONLY | O_CREAT);
	try_open("write-dev", "/dev/new", O_WRONLY | O_CREAT);
	try_open("write-etc", "/etc/new", O_WRONLY | O_CREAT);
	tell("chmod-input", chmod("/input/app/values.yaml", 0777) == 0);
	tell("remove-input", unlink("/input/app/values.yaml") == 0);
}

static void try_processes(pid_t pid)
{
	DIR *dir;
	int others = 0;

	tell("signal", kill(pid, 0) == 0);
	tell("signal-first", kill(1, SIGKILL) == 0 && kill(1, 0) != 0);
	try_open("first-memory", "/proc/1/mem", O_RDONLY);
	try_open("first-environment", "/proc/1/environ", O_RDONLY);
	tell("first-trace", ptrace(PTRACE_SEIZE, 1, NULL, NULL) == 0);
	dir = opendir("/proc");
	for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
		long n = strtol(e->d_name, NULL, 10);

		others += n > 1 && n != getpid();
	}
	if (dir != NULL) {
		closedir(dir);
	}
	/* Bubblewrap's first is 1; a shell that started us may be there, too. */
	printf("processes: %s\n", others <= 1 ? "few" : "REACHED");
}

static void try_privileges(void)
{
	struct stat st;

	tell("mount", mount("tmpfs", "/tmp", "tmpfs", 0, NULL) == 0);
	tell("remount", mount(NULL, "/input", NULL, MS_REMOUNT | MS_BIND, NULL) == 0);
	tell("umount", umount2("/input", MNT_DETACH) == 0);
	tell("device", mknod("/tmp/disk", S_IFBLK | 0600, makedev(254, 0)) == 0);
	tell("root", setuid(0) == 0 && geteuid() == 0 && mount("x", "/tmp", "tmpfs", 0, NULL) == 0);
	tell("chroot", chroot("/tmp") == 0);
	tell("name", sethostname("x", 1) == 0);
	printf("new-privileges: %s\n",
	       prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? "forbidden" : "REACHED");
	/* What it may hold, no program can give it. */
	tell("capability",
	     prctl(PR_CAPBSET_READ, 21, 0, 0, 0) == 1 && mount("x", "/tmp", "tmpfs", 0, NULL) == 0);
	tell("keys", syscall(SYS_keyctl, KEYCTL_SEARCH, KEY_SPEC_SESSION_KEYRING, "user",
			     "assent-test", 0) >= 0);
	if (stat("/usr/bin/su", &st) == 0) {
		execl("/usr/bin/su", "su", "-c", "true", NULL);
	}
}

int main(int argc, char **argv)
{
	if (argc < 4) {
		return 2;
	}
	setvbuf(stdout, NULL, _IONBF, 0);
	try_network((unsigned)strtoul(argv[1], NULL, 10), argv[2]);
	try_write();
	for (int i = 4; i < argc; i++) {
		char name[64];

		snprintf(name, sizeof(name), "host-path-%d", i - 3);
		try_open(name, argv[i], O_RDONLY);
	}
	try_processes((pid_t)strtol(argv[3], NULL, 10));
	pid_t child = fork();
	if (child == 0) {
		try_privileges();
		_exit(0);
	}
	int status = 0;
	if (child > 0) {
		waitpid(child, &status, 0);
	}
	printf("su: %s\n", status != 0 ? "refused" : "REACHED");
	return 0;
}
