// SPDX-License-Identifier: GPL-2.0-only
/*
 * Buffers, at the places that the host names: in an arena of real pages, on a worker's stack, in the kernel's image.
 * A CPU access goes through the linear map, page by page.
 */
#include <linux/highmem.h>
#include <linux/vmalloc.h>
#include <asm/sections.h>

#include "guest.h"

struct buffer buffers[BUFFERS];
struct page *arena;
static struct page *high_arena;         /* above the reach of a 32-bit mask, where the guest has such memory */

static void *image_text, *image_rodata;
static u32 used_pages, used_high_pages; /* of the arenas, by the program that is at work */

/* What lies at the beginning of the kernel's image is needed too often to be written over. */
static void *middle_of(const char *first, const char *last)
{
	u8 *from = symbol(first), *to = symbol(last);

	return from && to ? (void *)PAGE_ALIGN((unsigned long)from + (to - from) / 2) : NULL;
}

int buffers_begin(void)
{
	arena = alloc_pages(GFP_KERNEL | GFP_DMA32 | __GFP_ZERO, ARENA_ORDER);
	if (!arena)
		return -ENOMEM;
	split_page(arena, ARENA_ORDER);
	high_arena = alloc_pages(GFP_KERNEL | __GFP_ZERO, ARENA_ORDER);
	if (high_arena && upper_32_bits(page_to_phys(high_arena)))
		split_page(high_arena, ARENA_ORDER);
	else
		high_arena = NULL;
	image_text = middle_of("_stext", "_etext");
	image_rodata = middle_of("__start_rodata", "__end_rodata");
	return image_text && image_rodata ? 0 : -ENOENT;
}

struct page *page_at(struct buffer *b, u32 offset, u32 *in_page)
{
	u32 at = b->first + offset;

	*in_page = offset_in_page(at);
	return at >> PAGE_SHIFT < BUFFER_PAGES ? b->pages[at >> PAGE_SHIFT] : NULL;
}

/* The part of a range that lies in one page, mapped; NULL where there is no memory. */
static u8 *part_at(struct buffer *b, u32 offset, u32 size, u32 *part)
{
	u32 in_page;
	struct page *page = page_at(b, offset, &in_page);

	if (!page || offset >= b->size)
		return NULL;
	*part = min_t(u32, size, PAGE_SIZE - in_page);
	return (u8 *)page_address(page) + in_page;
}

void fill(struct buffer *b, u32 offset, u32 size, u8 tag)
{
	u32 part;

	for (; size; offset += part, size -= part) {
		u8 *at = part_at(b, offset, size, &part);

		if (!at)
			return;
		memset(at, tag, part);
	}
}

/* Runs of equal bytes: VALUE*COUNT,... */
void say_bytes(const u8 *bytes, u32 count, bool last)
{
	const u8 *end = bytes + count, *next;

	for (; bytes < end; bytes = next) {
		next = memchr_inv(bytes, *bytes, end - bytes) ?: end;
		say("%u*%u%s", *bytes, (u32)(next - bytes), next == end && last ? "" : ",");
	}
}

/* The pages at an offset: in the arena, or, behind it, in the high one. NULL where there are none. */
static struct page *pages_at(u64 offset, u32 pages)
{
	u64 end = offset + ((u64)pages << PAGE_SHIFT);

	if (offset & ~PAGE_MASK)
		return NULL;
	if (end <= ARENA_BYTES) {
		used_pages = max_t(u32, used_pages, end >> PAGE_SHIFT);
		return arena + (offset >> PAGE_SHIFT);
	}
	if (!high_arena || offset < ARENA_BYTES || end > 2 * ARENA_BYTES)
		return NULL;
	used_high_pages = max_t(u32, used_high_pages, (end - ARENA_BYTES) >> PAGE_SHIFT);
	return high_arena + ((offset - ARENA_BYTES) >> PAGE_SHIFT);
}

static void clear(struct page *from, u32 *used)
{
	u32 pages = min_t(u32, *used + CLEARED_BEHIND, 1 << ARENA_ORDER), i;

	for (i = 0; from && i < pages; i++)
		clear_page(page_address(from + i));
	*used = 0;
}

/* What one program has written is not to be found by the next one, nor just behind its buffers. */
void arena_clear(void)
{
	clear(arena, &used_pages);
	clear(high_arena, &used_high_pages);
}

static bool place_in_arena(struct buffer *b, u64 offset)
{
	struct page *from;
	u32 pages, i;

	b->first = offset_in_page(offset);
	pages = PFN_UP(b->first + b->size);
	from = pages_at(offset & PAGE_MASK, pages);
	if (!from || pages > BUFFER_PAGES)
		return false;
	for (i = 0; i < pages; i++)
		b->pages[i] = from + i;
	b->address = (u8 *)page_address(b->pages[0]) + b->first;
	return true;
}

/* Single pages with a gap of one between them, so that no two adjoin. */
static bool place_scattered(struct buffer *b, u64 offset)
{
	u32 pages = PFN_UP(b->size), i;
	struct page *from = pages_at(offset, 2 * pages);

	if (!from || pages > BUFFER_PAGES)
		return false;
	for (i = 0; i < pages; i++)
		b->pages[i] = from + 2 * i;
	b->address = vmap(b->pages, pages, VM_MAP, PAGE_KERNEL);
	return b->address;
}

static bool place_on_stack(struct buffer *b, u64 offset, int cpu)
{
	if (offset + b->size > STACK_BYTES)
		return false;
	b->address = worker_stack[cpu] + offset;
	b->first = offset_in_page(b->address);
	b->pages[0] = is_vmalloc_addr(b->address) ? vmalloc_to_page(b->address) : virt_to_page(b->address);
	return true;
}

static bool place_in_image(struct buffer *b, u64 offset, bool rodata)
{
	u32 pages = PFN_UP(b->size), i;

	b->address = (u8 *)(rodata ? image_rodata : image_text) + offset;
	b->first = offset_in_page(b->address);
	for (i = 0; i < pages; i++)
		b->pages[i] = pfn_to_page(PHYS_PFN(__pa_symbol(b->address)) + i);
	return true;
}

static bool place(struct buffer *b, struct action *a)
{
	switch (b->kind) {
	case ARENA:
		return place_in_arena(b, a->word[3]);
	case VMALLOC:
		return place_scattered(b, a->word[3]);
	case STACK:
		return place_on_stack(b, a->word[3], a->cpu);
	case IMAGE:
		return place_in_image(b, a->word[3], a->word[4]);
	case MMIO:
		b->phys = a->word[3];
		return true;
	default:
		return false;
	}
}

/* place BUFFER KIND SIZE WHERE TAG (of the image, instead of a tag: 1 for rodata) */
void buffer_place(struct action *a)
{
	struct buffer *b = &buffers[a->word[0] % BUFFERS];

	memset(b, 0, sizeof(*b));
	b->kind = a->word[1];
	b->size = a->word[2];
	if (!place(b, a)) {
		refuse("place");
		return;
	}
	b->live = true;
	if (b->kind != MMIO && b->kind != IMAGE)
		fill(b, 0, b->size, a->word[4]);
	if (b->pages[0])
		say(" phys=%llx", (u64)page_to_phys(b->pages[0]) + b->first);
}

void buffer_free(struct action *a)
{
	struct buffer *b = &buffers[a->word[0] % BUFFERS];

	if (b->kind == VMALLOC && b->address)
		vunmap(b->address);
	b->live = false;
}

/* write BUFFER OFFSET SIZE TAG */
void buffer_write(struct action *a)
{
	struct buffer *b = &buffers[a->word[0] % BUFFERS];

	if (!b->live || b->kind == IMAGE) {
		refuse("write");
		return;
	}
	fill(b, a->word[1], a->word[2], a->word[3]);
}

/* read BUFFER OFFSET SIZE */
void buffer_read(struct action *a)
{
	struct buffer *b = &buffers[a->word[0] % BUFFERS];
	u32 offset = a->word[1], size = a->word[2], part;

	if (!b->live) {
		refuse("read");
		return;
	}
	say(" bytes=");
	for (; size; offset += part, size -= part) {
		u8 *at = part_at(b, offset, size, &part);

		if (!at)
			break;
		say_bytes(at, part, part == size);
	}
}

/* move BUFFER PAGE WHERE: what copy-on-write does to one page of an anonymous buffer */
void buffer_move(struct action *a)
{
	struct buffer *b = &buffers[a->word[0] % BUFFERS];
	u32 page = a->word[1];
	struct page *to = pages_at(a->word[2], 1);

	if (!b->live || page >= BUFFER_PAGES || !b->pages[page] || !to) {
		refuse("move");
		return;
	}
	copy_page(page_address(to), page_address(b->pages[page]));
	b->pages[page] = to;
}

static struct buffer *adopted(int number, u32 size)
{
	struct buffer *b = &buffers[number % BUFFERS];

	memset(b, 0, sizeof(*b));
	b->live = true;
	b->kind = ALLOCATED;
	b->size = size;
	return b;
}

/* What the DMA API has allocated is a buffer from now on; `address` is the CPU's. */
void adopt(int number, struct page *page, void *address, u32 size, u8 tag)
{
	struct buffer *b = adopted(number, size);
	u32 i;

	b->address = address;
	for (i = 0; i < PFN_UP(size) && i < BUFFER_PAGES; i++)
		b->pages[i] = is_vmalloc_addr(address) ? vmalloc_to_page((u8 *)address + i * PAGE_SIZE) : page + i;
	fill(b, 0, size, tag);
}

void adopt_table(int number, struct sg_table *table, u32 size, u8 tag)
{
	struct buffer *b = adopted(number, size);
	struct sg_page_iter iter;
	u32 i = 0;

	for_each_sg_page(table->sgl, &iter, table->orig_nents, 0)
		if (i < BUFFER_PAGES)
			b->pages[i++] = sg_page_iter_page(&iter);
	b->address = page_address(b->pages[0]);
	fill(b, 0, size, tag);
}
