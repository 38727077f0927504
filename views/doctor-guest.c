/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "doctor.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../gdbproto/safe-text.h"
#include "../tracer/host.h"
#include "../tracer/source.h"

/*
 * What is known of a QEMU release, from measurements and from its source. Each
 * line is about the releases from .first to .last, both included, as major * 100 + minor.
 */
static const struct quirk {
	int first, last;
	const char *text;
} quirks[] = {
	{ 702, 702,
	  "its stub has no skip over a breakpoint, breaks vCont;s:A;c and gives hot-added CPUs no "
	  "breakpoints (smmtrace works around all three); under TCG an INIT resets a CPU inside SMM" },
};

/* The release in "QEMU emulator version 7.2.22 (...)" as 702; 0 = not said. */
static int release_of(const char *line)
{
	const char *at = strstr(line, "version ");
	int major, minor;

	if (!at || sscanf(at, "version %d.%d", &major, &minor) != 2 || major < 0 || major > 1000 ||
	    minor < 0 || minor > 99)
		return 0;
	return major * 100 + minor;
}

static const char *quirk_of(int release)
{
	for (size_t i = 0; i < sizeof(quirks) / sizeof(quirks[0]); i++)
		if (release >= quirks[i].first && release <= quirks[i].last)
			return quirks[i].text;
	return NULL;
}

void check_qemu(struct finding *f)
{
	char path[PATH_MAX], line[160], safe[PATH_MAX];
	char *argv[] = { path, (char[]){ "--version" }, NULL };
	const char *version, *quirk;

	if (!host_find_program(HOST_QEMU, path, sizeof(path))) {
		finding_set(f, VERDICT_NO,
			    "apt install qemu-system-x86; attach also takes a QEMU from elsewhere",
			    HOST_QEMU " is not in PATH");
		return;
	}
	safe_text(safe, 100, path, strlen(path));
	if (!host_first_line(argv, 5000, line, sizeof(line)) || !release_of(line)) {
		finding_set(f, VERDICT_WARN, "run it by hand: qemu-system-x86_64 --version",
			    "%s did not tell its version", safe);
		return;
	}
	version = strstr(line, "version ");
	quirk = quirk_of(release_of(line));
	if (quirk)
		finding_set(f, VERDICT_OK, NULL, "%s, %s; %s", version, safe, quirk);
	else
		finding_set(f, VERDICT_WARN, "expect it to work; if not, say which version it was",
			    "%s, %s; smmtrace was not tried with this release, only with 7.2", version, safe);
}

/* Debian's ovmf; the secboot build is the one with SMM. */
static const char *const ovmf_files[] = {
	"/usr/share/OVMF/OVMF_CODE_4M.secboot.fd",
	"/usr/share/OVMF/OVMF_CODE.secboot.fd",
	"/usr/share/edk2/ovmf/OVMF_CODE.secboot.fd",
	NULL,
};
static const char *const seabios_files[] = {
	"/usr/share/seabios/bios-256k.bin",
	"/usr/share/qemu/bios-256k.bin",
	"/usr/share/qemu-kvm/bios-256k.bin",
	NULL,
};

static const char *first_readable(const char *const *paths)
{
	for (; *paths; paths++)
		if (!access(*paths, R_OK))
			return *paths;
	return NULL;
}

void check_ovmf(struct finding *f)
{
	const char *path = first_readable(ovmf_files);

	if (path)
		finding_set(f, VERDICT_OK, NULL, "%s", path);
	else
		finding_set(f, VERDICT_NO, "apt install ovmf, or give QEMU an OVMF of your own",
			    "no OVMF built with SMM in the usual places (%s)", ovmf_files[0]);
}

void check_seabios(struct finding *f)
{
	const char *path = first_readable(seabios_files);

	if (path)
		finding_set(f, VERDICT_OK, NULL, "%s", path);
	else
		finding_set(f, VERDICT_NO, "apt install seabios", "no SeaBIOS in the usual places (%s)",
			    seabios_files[0]);
}

static void check_source(struct finding *f, const char *name)
{
	struct error err;

	for (const struct source_ops *const *s = source_list; *s; s++) {
		if (strcmp((*s)->name, name))
			continue;
		if ((*s)->probe(&err) < 0)
			finding_set(f, VERDICT_NO, NULL, "%s", err.text);
		else
			finding_set(f, VERDICT_OK, NULL, "%s", (*s)->summary);
	}
}

void check_source_gdb(struct finding *f)
{
	check_source(f, "gdb");
}

void check_source_qemulog(struct finding *f)
{
	check_source(f, "qemulog");
}

void check_source_kvm(struct finding *f)
{
	check_source(f, "kvm");
}
