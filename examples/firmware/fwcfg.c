/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fwcfg.h"

#include "../common/port.h"
#include "text.h"

#define SELECTOR 0x510
#define DATA 0x511
#define DMA_ADDRESS 0x514 /* big endian, high half first; the low half starts the transfer */

#define FILE_DIRECTORY 0x19

#define DMA_ERROR 0x01u
#define DMA_SELECT 0x08u
#define DMA_WRITE 0x10u

struct file {
	uint32_t size;
	uint16_t select, reserved;
	char name[56];
};

struct dma {
	uint32_t control, length;
	uint64_t address;
};

static void read_bytes(void *out, uint32_t size)
{
	for (uint8_t *p = out; size; size--)
		*p++ = inb(DATA);
}

/* Its numbers are those of this machine then. */
static int find(const char *name, struct file *file)
{
	uint32_t files;

	outw(SELECTOR, FILE_DIRECTORY);
	read_bytes(&files, sizeof(files));
	for (uint32_t i = __builtin_bswap32(files); i; i--) {
		read_bytes(file, sizeof(*file));
		if (!same_text(file->name, name))
			continue;
		file->size = __builtin_bswap32(file->size);
		file->select = __builtin_bswap16(file->select);
		return 0;
	}
	return -1;
}

int fwcfg_read(const char *name, void *out, uint32_t size)
{
	struct file file;

	if (find(name, &file) < 0)
		return -1;
	outw(SELECTOR, file.select);
	read_bytes(out, size < file.size ? size : file.size);
	return (int)file.size;
}

int fwcfg_write(const char *name, const void *in, uint32_t size)
{
	volatile struct dma dma;
	struct file file;

	if (find(name, &file) < 0)
		return -1;
	dma.control = __builtin_bswap32((uint32_t)file.select << 16 | DMA_SELECT | DMA_WRITE);
	dma.length = __builtin_bswap32(size);
	dma.address = __builtin_bswap64((uintptr_t)in);
	outl(DMA_ADDRESS, 0);
	outl(DMA_ADDRESS + 4, __builtin_bswap32((uint32_t)(uintptr_t)&dma));
	while (__builtin_bswap32(dma.control) & ~DMA_ERROR)
		;
	return dma.control ? -1 : 0;
}
