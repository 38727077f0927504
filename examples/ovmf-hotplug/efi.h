/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The few words of UEFI that the guest speaks (UEFI Specification 2.10,
 * chapters 4 and 7). Tables belong to the firmware and live as long as we do:
 * ExitBootServices() is never called.
 */
#ifndef EFI_H
#define EFI_H

#include <stdint.h>

#define EFIAPI __attribute__((ms_abi))

enum { ALLOCATE_MAX_ADDRESS = 1 };
enum { EFI_LOADER_DATA = 2 };

struct efi_table_header {
	uint64_t signature;
	uint32_t revision, header_size, crc32, reserved;
};

struct efi_boot_services {
	struct efi_table_header header;
	void *raise_tpl, *restore_tpl;
	/* Pages are 4 KiB; *address is the highest allowed end going in, the start coming out. 0 = success. */
	uint64_t (EFIAPI *allocate_pages)(int how, int type, uint64_t pages, uint64_t *address);
	void *between[25]; /* free_pages .. get_next_monotonic_count */
	uint64_t (EFIAPI *stall)(uint64_t microseconds);
};

struct efi_system_table {
	struct efi_table_header header;
	uint16_t *vendor;
	uint32_t revision;
	void *console[6]; /* in, out and error: handle and protocol of each */
	void *runtime;
	struct efi_boot_services *boot;
};

_Static_assert(__builtin_offsetof(struct efi_boot_services, stall) == 248, "UEFI 2.10, 4.4");
_Static_assert(__builtin_offsetof(struct efi_system_table, boot) == 96, "UEFI 2.10, 4.3");

#endif
