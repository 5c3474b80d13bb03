// SPDX-License-Identifier: GPL-2.0-only
/* The guest's only process: loads the module, then hands lines from the host to it, and its answers back. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PORT "/dev/vport0p1"
#define GUEST "/dev/dmafuzz"
#define MODULE "/dmafuzz.ko"

static char line[4096];
static char from_host[65536];
static char answer[65536];

static void fail(const char *what)
{
	printf("dmafuzz: %s: %s\n", what, strerror(errno));
	sync();
	reboot(RB_POWER_OFF);
	for (;;)
		pause();
}

static void write_all(int file, const char *from, size_t size)
{
	while (size) {
		ssize_t part = write(file, from, size);

		if (part <= 0)
			fail("the host does not listen");
		from += part;
		size -= part;
	}
}

static int open_or_fail(const char *path)
{
	int i, file = -1;

	for (i = 0; i < 100 && file < 0; i++) {
		file = open(path, O_RDWR);
		if (file < 0)
			usleep(20000);
	}
	if (file < 0)
		fail(path);
	return file;
}

static void load_module(void)
{
	int file = open(MODULE, O_RDONLY);

	if (file < 0 || syscall(SYS_finit_module, file, "", 0))
		fail(MODULE);
}

static void carry_out(int guest, int port, size_t size)
{
	ssize_t part;

	if (write(guest, line, size) < 0)
		write_all(port, "=? not taken\n", 13);
	while ((part = read(guest, answer, sizeof(answer))) > 0)
		write_all(port, answer, part);
}

static void serve(int guest, int port)
{
	size_t size = 0;
	ssize_t got, i;

	while ((got = read(port, from_host, sizeof(from_host))) >= 0) {
		if (!got)
			usleep(1000);
		for (i = 0; i < got; i++) {
			if (from_host[i] != '\n') {
				if (size < sizeof(line) - 1)
					line[size++] = from_host[i];
				continue;
			}
			line[size] = 0;
			if (!strcmp(line, "power-off"))
				reboot(RB_POWER_OFF);
			carry_out(guest, port, size);
			size = 0;
		}
	}
}

int main(void)
{
	int guest, port;

	mount("proc", "/proc", "proc", 0, "");
	mount("sysfs", "/sys", "sysfs", 0, "");
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, "");
	mount("devtmpfs", "/dev", "devtmpfs", 0, "");
	load_module();
	guest = open_or_fail(GUEST);
	port = open_or_fail(PORT);
	write_all(port, "=ready\n", 7);
	serve(guest, port);
	fail("the host has gone");
	return 1;
}
