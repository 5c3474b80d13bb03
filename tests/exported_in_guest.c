// SPDX-License-Identifier: GPL-2.0-only
/* The first process of a guest that runs one exported module: its log goes to the console. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

static void write_to(const char *path, const char *text)
{
	int file = open(path, O_WRONLY);

	if (file < 0 || write(file, text, strlen(text)) < 0)
		printf("cannot write %s: %s\n", path, strerror(errno));
}

static int load(const char *parameters)
{
	int file = open("/module.ko", O_RDONLY);

	return file < 0 || syscall(SYS_finit_module, file, parameters, 0) ? errno : 0;
}

int main(void)
{
	mount("proc", "/proc", "proc", 0, "");
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, "");
	mount("sysfs", "/sys", "sysfs", 0, "");
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, "");
	write_to("/sys/kernel/debug/dma-api/all_errors", "1");
	printf("loaded without parameters: %d\n", load(""));
	printf("loaded with the parameter: %d\n", load("i_accept_data_loss=1"));
	printf("the end\n");
	fflush(stdout);
	sync();
	reboot(RB_POWER_OFF);
	return 0;
}
