/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A renderer that tries what a renderer must not: one line for each attempt,
 *
 *	NAME: REASON      it was refused, with errno's text or "nothing there"
 *	NAME: REACHED     it worked
 *
 *	render-hostile PORT ABSTRACT-NAME PID SETUID-COPY PATH...    PATHs are of the host
 *	render-hostile who       ends with 0 where it is root
 *	render-hostile bomb      starts processes until it cannot
 *	render-hostile hoard     asks for 5 GiB
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

/* The first process in there is bubblewrap's or our own: what has it of whoever started it? */
static void try_first(void)
{
	static char text[1 << 16];
	int fd = open("/proc/1/environ", O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? 0 : read(fd, text, sizeof(text));
	char link[64], to[256];
	int hosts = 0;

	printf("first-environment: %s\n",
	       len > 0 && memmem(text, (size_t)len, "MARKER", 6) != NULL ? "REACHED" : "nothing");
	close(fd);
	for (int n = 0; n < 64; n++) {
		snprintf(link, sizeof(link), "/proc/1/fd/%d", n);
		len = readlink(link, to, sizeof(to) - 1);
		hosts += len > 0 && *to == '/' && strncmp(to, "/dev/null", 9) != 0;
	}
	printf("first-files: %s\n", hosts == 0 ? "none" : "REACHED");
	tell("first-root", access("/proc/1/root/etc/passwd", F_OK) == 0);
	tell("first-folder", access("/proc/1/cwd/etc/passwd", F_OK) == 0);
}

static void try_processes(pid_t pid)
{
	DIR *dir = opendir("/proc");
	int others = 0;

	tell("signal", kill(pid, 0) == 0);
	try_first();
	for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
		long n = strtol(e->d_name, NULL, 10);

		others += n > 1 && n != getpid();
	}
	if (dir != NULL) {
		closedir(dir);
	}
	printf("processes: %s\n", others == 0 ? "none" : "REACHED");
}

static void try_privileges(void)
{
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
}

/* A program of the same content that belongs to root and is set-user-ID. */
static void try_setuid(const char *path)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		execl(path, path, "who", NULL);
		_exit(99);
	}
	if (child > 0) {
		waitpid(child, &status, 0);
	}
	printf("setuid: %s\n", WEXITSTATUS(status) == 1 ? "had no effect" : "REACHED");
}

/* How many processes fit in here? */
static int bomb(void)
{
	int count = 0;
	pid_t pid;

	while (count < 5000 && (pid = fork()) >= 0) {
		if (pid == 0) {
			pause();
			_exit(0);
		}
		count++;
	}
	printf("%s\n", count > 0 && count < 5000 ? "bounded" : "REACHED");
	return 0;
}

static int hoard(void)
{
	char *p = malloc((size_t)5 << 30);

	printf("memory: %s\n", p == NULL ? strerror(errno) : "REACHED");
	free(p);
	return 0;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IONBF, 0);
	if (argc == 2) {
		return strcmp(argv[1], "who") == 0    ? geteuid() != 0
		       : strcmp(argv[1], "bomb") == 0 ? bomb()
						      : hoard();
	}
	if (argc < 5) {
		return 2;
	}
	try_network((unsigned)strtoul(argv[1], NULL, 10), argv[2]);
	try_write();
	for (int i = 5; i < argc; i++) {
		char name[64];

		snprintf(name, sizeof(name), "host-path-%d", i - 4);
		try_open(name, argv[i], O_RDONLY);
	}
	try_processes((pid_t)strtol(argv[3], NULL, 10));
	try_setuid(argv[4]);
	try_privileges();
	printf("end: here\n");
	return 0;
}
