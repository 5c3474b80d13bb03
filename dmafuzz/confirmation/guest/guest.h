/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The guest's side of a confirmation: carries out one action at a time with the kernel's own DMA API, and says what
 * came of it. It knows nothing of programs, ownership or what is to be expected: that is the host's.
 */
#ifndef DMAFUZZ_GUEST_H
#define DMAFUZZ_GUEST_H

#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/types.h>
#include <linux/version.h>

#define CPUS 4
#define DEVICES 4
#define BUFFERS 16
#define MAPPINGS 32
#define ENTRIES 4
#define BUFFER_PAGES 128
#define ARENA_ORDER 10
#define ARENA_BYTES (PAGE_SIZE << ARENA_ORDER)
#define CLEARED_BEHIND 16                /* pages that a device may have reached past the end of a mapping */
#define STACK_BYTES PAGE_SIZE
#define WORDS 40

enum kind { ARENA, VMALLOC, STACK, IMAGE, MMIO, ALLOCATED };

struct buffer {
	bool live;
	enum kind kind;
	u32 size;
	u32 first;                      /* offset in the first page */
	struct page *pages[BUFFER_PAGES];
	void *address;                  /* what a driver would give to dma_map_single() */
	phys_addr_t phys;               /* of registers, or of the kernel's image */
};

enum how { BY_SINGLE, BY_PAGE, BY_RESOURCE, BY_SG, BY_COHERENT, BY_NONCOHERENT, BY_NONCONTIGUOUS };

struct segment {
	dma_addr_t dma;
	u32 size;
};

struct mapping {
	bool made, failed, abandoned, ended, freed;
	bool kept;                      /* its free comes when the program is over */
	enum how how;
	int device, buffer;
	dma_addr_t dma;
	u32 size;
	int direction;
	unsigned long attrs;
	int list;                       /* whose scatter list it uses */
	struct scatterlist entries[ENTRIES];
	int count;
	struct segment segments[ENTRIES];
	int segment_count;
	struct sg_table *table;         /* of a non-contiguous allocation */
	void *cpu;                      /* of a coherent or non-coherent allocation */
};

/* One action: its words as numbers, and the CPU that does it. */
struct action {
	const char *name;
	s64 word[WORDS];
	int words;
	int cpu;
	bool irqs_off;
	bool split;                     /* stops between its operation and its hook */
};

struct edu {
	struct pci_dev *pci;
	void __iomem *registers;
	struct page *staging;
	dma_addr_t staging_dma;
	bool translated;
	u32 base;                       /* as the configuration space has them */
	u16 command;
};

extern struct buffer buffers[BUFFERS];
extern struct mapping mappings[MAPPINGS];
extern struct edu edus[DEVICES];
extern int edu_count;
extern bool dare;                       /* do what may harm the guest */
extern struct page *arena;
extern u8 *worker_stack[CPUS];

/* main.c */
void say(const char *format, ...) __printf(1, 2);
void refuse(const char *why);
void *symbol(const char *name);

/* words.c: the actions by name; false for an unknown one */
bool act(struct action *a);

/* buffers.c */
int buffers_begin(void);
void arena_clear(void);
void buffer_place(struct action *a);
void buffer_free(struct action *a);
void buffer_write(struct action *a);
void buffer_read(struct action *a);
void buffer_move(struct action *a);
struct page *page_at(struct buffer *b, u32 offset, u32 *in_page);
void fill(struct buffer *b, u32 offset, u32 size, u8 tag);
void say_bytes(const u8 *bytes, u32 count, bool last);
void adopt(int number, struct page *page, void *address, u32 size, u8 tag);
void adopt_table(int number, struct sg_table *table, u32 size, u8 tag);

/* map.c */
void map_one(struct action *a);
void map_list(struct action *a);
void allocate(struct action *a);
void ask_error(struct action *a);

/* end.c */
void sync_one(struct action *a);
void sync_list(struct action *a);
void unmap_one(struct action *a);
void unmap_list(struct action *a);
void free_allocation(struct action *a);
void forget_all(void);

/* edu.c */
int edu_begin(void);
void edu_revive(struct action *a);
void edu_coherence(struct action *a);
void edu_limit(struct action *a);
void device_write(struct action *a);
void device_read(struct action *a);
void unbind(struct action *a);
bool is_translated(int device);

/* halves.c */
int halves_begin(void);
void half_wanted(int cpu, struct task_struct *worker);
void half_forgotten(int cpu);
struct completion *half_reached(int cpu);
void half_go(int cpu);

/* quiet.c */
int quiet_begin(void);
void tell_errors(bool all);

/* tracker.c */
int tracker_begin(void);
int tracker_forget(void);
void hook_free_coherent(struct device *dev, size_t size, void *cpu, dma_addr_t dma);
void hook_free_pages(struct device *dev, size_t size, struct page *page, dma_addr_t dma, int direction);
void hook_free_list(struct device *dev, struct scatterlist *list, int count, int direction);
void exhaust_pool(struct action *a);
bool in_bounce_pool(phys_addr_t from, phys_addr_t to);
unsigned long pool_rewind(void);

static inline struct device *device_of(int number)
{
	return &edus[number].pci->dev;
}

#endif
