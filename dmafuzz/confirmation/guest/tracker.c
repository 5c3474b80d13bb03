// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-debug itself: every error is told, and between programs what is left of the last one is taken away through its
 * own hooks, so that the next one finds a tracker that knows nothing.
 */
#include <linux/bug.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/swiotlb.h>
#include <linux/vmalloc.h>

#include "guest.h"

#define DUMP_BYTES (1 << 18)
#define POOL_MAPPING_MAX (256 * 1024)
#define POOL_SLOT 2048
#define PASSES 3                        /* entries that share an address are found one at a time */

static int (*show_entries)(struct seq_file *file, void *unused);
static void (*hook_unmap_page)(struct device *, dma_addr_t, size_t, int);
static void (*hook_unmap_sg)(struct device *, struct scatterlist *, int, int);
static void (*hook_coherent)(struct device *, size_t, void *, dma_addr_t);
static void (*hook_unmap_resource)(struct device *, dma_addr_t, size_t, int);
static void (*hook_pages)(struct device *, struct page *, size_t, int, dma_addr_t);
static u32 *free_entries, *all_entries; /* how many the tracker has; NULL where a kernel counts otherwise */
static u32 used_by_others;
static char *once_begin, *once_end;
static void (*clear_bugs)(void);
static struct io_tlb_mem *pool;
static unsigned long used_from_the_first;       /* slots of the pool, by others, and by exhaust */
static char *dump;

int tracker_begin(void)
{
	show_entries = symbol("dump_show");
	hook_unmap_page = symbol("debug_dma_unmap_page");
	if (!hook_unmap_page)
		hook_unmap_page = symbol("debug_dma_unmap_phys");
	hook_unmap_sg = symbol("debug_dma_unmap_sg");
	hook_coherent = symbol("debug_dma_free_coherent");
	hook_unmap_resource = symbol("debug_dma_unmap_resource");
	hook_pages = symbol("debug_dma_free_pages");
	free_entries = symbol("num_free_entries");
	all_entries = symbol("nr_total_entries");
	used_by_others = free_entries && all_entries ? *all_entries - *free_entries : 0;
	once_begin = symbol("__start_once");
	once_end = symbol("__end_once");
	clear_bugs = symbol("generic_bug_clear_once");
	pool = symbol("io_tlb_default_mem");
	dump = vmalloc(DUMP_BYTES);
	used_from_the_first = pool_rewind();
	if (!show_entries || !hook_unmap_page || !hook_unmap_sg || !hook_coherent || !dump)
		return -ENOENT;
	tell_errors(true);
	return 0;
}

void hook_free_coherent(struct device *dev, size_t size, void *cpu, dma_addr_t dma)
{
	hook_coherent(dev, size, cpu, dma);
}

void hook_free_pages(struct device *dev, size_t size, struct page *page, dma_addr_t dma, int direction)
{
	if (hook_pages)
		hook_pages(dev, page, size, direction, dma);
	else
		hook_unmap_page(dev, dma, size, direction);
}

void hook_free_list(struct device *dev, struct scatterlist *list, int count, int direction)
{
	hook_unmap_sg(dev, list, count, direction);
}

/* As swiotlb.c of 6.0 to 6.12 has it: what a CPU takes its slots from. */
struct area {
	unsigned long used;
	unsigned int index;             /* where the next search begins */
	spinlock_t lock;
};

/*
 * The pool goes round; each program finds it at its beginning, so that runs repeat. How many slots a program has left
 * in it.
 */
unsigned long pool_rewind(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
	struct io_tlb_pool *slots = pool ? &pool->defpool : NULL;
#else
	struct io_tlb_mem *slots = pool;
#endif
	struct area *areas = slots ? (struct area *)slots->areas : NULL;
	unsigned long used = 0;
	unsigned int i;

	for (i = 0; areas && i < slots->nareas; i++) {
		used += areas[i].used;
		if (!areas[i].used)
			areas[i].index = 0;
	}
	return used - used_from_the_first;
}

bool in_bounce_pool(phys_addr_t from, phys_addr_t to)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
	return pool && from >= pool->defpool.start && to <= pool->defpool.end;
#else
	return pool && from >= pool->start && to <= pool->end;
#endif
}

static phys_addr_t slots_taken(void *take, size_t size)
{
	struct device *dev = device_of(DEVICES - 1);
	phys_addr_t from = page_to_phys(arena);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 10, 0)
	phys_addr_t (*call)(struct device *, phys_addr_t, size_t, unsigned int, enum dma_data_direction,
			    unsigned long) = take;

	return call(dev, from, size, 0, DMA_TO_DEVICE, DMA_ATTR_NO_WARN);
#else
	phys_addr_t (*call)(struct device *, phys_addr_t, size_t, size_t, unsigned int, enum dma_data_direction,
			    unsigned long) = take;

	return call(dev, from, size, size, 0, DMA_TO_DEVICE, DMA_ATTR_NO_WARN);
#endif
}

/* exhaust: takes what the bounce pool has, for good */
void exhaust_pool(struct action *a)
{
	void *take = symbol("swiotlb_tbl_map_single");
	size_t size = POOL_MAPPING_MAX;
	int taken = 0;

	while (take && size >= POOL_SLOT) {
		if (slots_taken(take, size) == (phys_addr_t)DMA_MAPPING_ERROR)
			size /= 2;
		else
			taken++;
	}
	used_from_the_first += pool_rewind();
	say(" taken=%d", taken);
}

static int direction_in(const char *line)
{
	if (strstr(line, "DMA_TO_DEVICE"))
		return DMA_TO_DEVICE;
	return strstr(line, "DMA_FROM_DEVICE") ? DMA_FROM_DEVICE : DMA_BIDIRECTIONAL;
}

static void take_away(struct device *dev, const char *line, u64 dma, u64 size)
{
	int direction = direction_in(line);
	struct scatterlist list[1];

	/* Misspelt before 6.12. */
	if (strstr(line, " scatter-gather ") || strstr(line, " scather-gather ")) {
		sg_init_table(list, 1);
		sg_set_page(list, arena, size, 0);
		sg_dma_address(list) = dma;
		sg_dma_len(list) = size;
		hook_unmap_sg(dev, list, 1, direction);
	} else if (strstr(line, " noncoherent ")) {
		hook_free_pages(dev, size, arena, dma, direction);
	} else if (strstr(line, " coherent ")) {
		hook_coherent(dev, size, page_address(arena), dma);
	} else if (strstr(line, " resource ") && hook_unmap_resource) {
		hook_unmap_resource(dev, dma, size, direction);
	} else {
		hook_unmap_page(dev, dma, size, direction);
	}
}

/* One line of the tracker's own list; true if it is about a device of ours. */
static bool take_line(const char *line)
{
	const char *dma_at = strstr(line, " D="), *size_at = strstr(line, " L=");
	unsigned long long dma, size;
	int i;

	if (!dma_at || !size_at || sscanf(dma_at, " D=%llx", &dma) != 1 || sscanf(size_at, " L=%llx", &size) != 1)
		return false;
	for (i = 0; i < edu_count; i++) {
		if (!strstr(line, dev_name(device_of(i))))
			continue;
		take_away(device_of(i), line, dma, size);
		return true;
	}
	return false;
}

static int pass(bool take)
{
	struct seq_file file = { .buf = dump, .size = DUMP_BYTES - 1 };
	char *at = dump, *line;
	int found = 0;

	show_entries(&file, NULL);
	dump[file.count] = 0;
	while ((line = strsep(&at, "\n")))
		if (*line)
			found += take ? take_line(line) : 1;
	return found;
}

static void clear_once(void)
{
	if (clear_bugs)
		clear_bugs();
	if (once_begin && once_end)
		memset(once_begin, 0, once_end - once_begin);
}

/* Counted, since going through all of the tracker's buckets takes longer than a program does. */
static bool nothing_left(void)
{
	return free_entries && all_entries && *all_entries - *free_entries == used_by_others;
}

/* How many entries are left after all passes: the guest has to be booted again if there are any. */
int tracker_forget(void)
{
	int i;

	if (nothing_left()) {
		clear_once();
		return 0;
	}
	for (i = 0; i < PASSES; i++)
		if (!pass(true) || nothing_left())
			break;
	clear_once();
	return nothing_left() ? 0 : pass(false);
}
