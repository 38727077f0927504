/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The few words of UEFI that the guest speaks (UEFI Specification 2.10,
 * chapters 4, 7 and 9). Tables belong to the firmware and live as long as we do:
 * ExitBootServices() is never called.
 */
#ifndef EFI_H
#define EFI_H

#include <stdint.h>

#define EFIAPI __attribute__((ms_abi))

enum { ALLOCATE_MAX_ADDRESS = 1 };
enum { EFI_LOADER_DATA = 2 };

struct efi_guid {
	uint32_t a;
	uint16_t b, c;
	uint8_t d[8];
};

/* EFI_LOADED_IMAGE_PROTOCOL (chapter 9): how an image was started. */
static const struct efi_guid EFI_LOADED_IMAGE = {
	0x5b1b31a1, 0x9562, 0x11d2, { 0x8e, 0x3f, 0x00, 0xa0, 0xc9, 0x69, 0x72, 0x3b },
};

struct efi_loaded_image {
	uint32_t revision;
	void *parent, *system, *device, *path, *reserved;
	uint32_t options_size; /* bytes */
	uint16_t *options;     /* UTF-16; need not end in a NUL */
};

struct efi_table_header {
	uint64_t signature;
	uint32_t revision, header_size, crc32, reserved;
};

struct efi_boot_services {
	struct efi_table_header header;
	void *raise_tpl, *restore_tpl;
	/* Pages are 4 KiB; *address is the highest allowed end going in, the start coming out. 0 = success. */
	uint64_t (EFIAPI *allocate_pages)(int how, int type, uint64_t pages, uint64_t *address);
	void *memory_to_protocols[13]; /* free_pages .. uninstall_protocol_interface */
	uint64_t (EFIAPI *handle_protocol)(void *handle, const struct efi_guid *protocol, void **interface);
	void *protocols_to_stall[11]; /* reserved .. get_next_monotonic_count */
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

_Static_assert(__builtin_offsetof(struct efi_loaded_image, options) == 56, "UEFI 2.10, 9.1");
_Static_assert(__builtin_offsetof(struct efi_boot_services, handle_protocol) == 152, "UEFI 2.10, 4.4");
_Static_assert(__builtin_offsetof(struct efi_boot_services, stall) == 248, "UEFI 2.10, 4.4");
_Static_assert(__builtin_offsetof(struct efi_system_table, boot) == 96, "UEFI 2.10, 4.3");

#endif
