/* SPDX-License-Identifier: GPL-3.0-or-later */
/* getppid N: N times that system call, for tests/bench/make-trace; without N its number. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 0;

	if (argc < 2)
		printf("%d\n", SYS_getppid);
	while (n-- > 0)
		syscall(SYS_getppid);
	return 0;
}
