// SPDX-License-Identifier: GPL-2.0-only
/*
 * Syncs and ends, with the arguments they are given. Of a call that would give away memory that is not the mapping's
 * own only the tracker's hook is called, unless the host dares.
 */
#include "guest.h"

#define AS_MAPPED (-1)

static struct scatterlist *list_of(struct mapping *m, int *count)
{
	if (m->how == BY_SG) {
		*count = mappings[m->list].count;
		return mappings[m->list].entries;
	}
	if (m->how == BY_NONCONTIGUOUS && m->table) {
		*count = m->table->orig_nents;
		return m->table->sgl;
	}
	return NULL;
}

static dma_addr_t address_of(struct mapping *m)
{
	int count;
	struct scatterlist *list = list_of(m, &count);

	return list ? sg_dma_address(list) : m->dma;
}

static u32 size_of(struct mapping *m, s64 given)
{
	int count;
	struct scatterlist *list = list_of(m, &count);

	if (given != AS_MAPPED)
		return given;
	if (m->how == BY_NONCONTIGUOUS && m->segment_count)
		return m->segments[0].size;     /* its table may be gone */
	return list ? sg_dma_len(list) : m->size;
}

/* A driver that takes a mapping for a list has one entry with its address and size. */
static struct scatterlist *list_for(struct mapping *m, struct scatterlist *fresh, int *count)
{
	struct scatterlist *list = list_of(m, count);
	struct buffer *b = &buffers[m->buffer % BUFFERS];
	u32 in_page = 0;
	struct page *page = m->buffer < BUFFERS ? page_at(b, 0, &in_page) : NULL;

	if (list)
		return list;
	sg_init_table(fresh, 1);
	sg_set_page(fresh, page ? page : arena, size_of(m, AS_MAPPED), in_page);
	sg_dma_address(fresh) = m->dma;
	sg_dma_len(fresh) = size_of(m, AS_MAPPED);
	*count = 1;
	return fresh;
}

/* The list of a call, with as many entries as it was given. */
static struct scatterlist *given_list(struct mapping *m, struct action *a, struct scatterlist *fresh, int *count)
{
	struct scatterlist *list = list_for(m, fresh, count);

	if (a->word[2] != AS_MAPPED)
		*count = a->word[2];
	return list;
}

static struct mapping *named(struct action *a)
{
	struct mapping *m = &mappings[a->word[0] % MAPPINGS];

	if (m->made && !m->abandoned)
		return m;
	say(" skipped");
	return NULL;
}

/* sync MAPPING DEVICE OFFSET SIZE DIRECTION TO_DEVICE RANGE */
void sync_one(struct action *a)
{
	struct mapping *m = named(a);
	struct device *dev = device_of(a->word[1] % DEVICES);
	u32 offset = a->word[2], size;
	int direction = a->word[4];

	if (!m)
		return;
	size = size_of(m, a->word[3]);
	if (a->word[6] && a->word[5])
		dma_sync_single_range_for_device(dev, address_of(m), offset, size, direction);
	else if (a->word[6])
		dma_sync_single_range_for_cpu(dev, address_of(m), offset, size, direction);
	else if (a->word[5])
		dma_sync_single_for_device(dev, address_of(m) + offset, size, direction);
	else
		dma_sync_single_for_cpu(dev, address_of(m) + offset, size, direction);
}

/* sync-list MAPPING DEVICE NENTS DIRECTION TO_DEVICE */
void sync_list(struct action *a)
{
	struct mapping *m = named(a);
	struct scatterlist fresh[1], *list;
	int count;

	if (!m)
		return;
	list = given_list(m, a, fresh, &count);
	if (a->word[4])
		dma_sync_sg_for_device(device_of(a->word[1] % DEVICES), list, count, a->word[3]);
	else
		dma_sync_sg_for_cpu(device_of(a->word[1] % DEVICES), list, count, a->word[3]);
}

/* unmap MAPPING DEVICE HOW OFFSET SIZE DIRECTION ATTRS */
void unmap_one(struct action *a)
{
	struct mapping *m = named(a);
	struct device *dev = device_of(a->word[1] % DEVICES);
	dma_addr_t dma;
	u32 size;

	if (!m)
		return;
	dma = address_of(m) + a->word[3];
	size = size_of(m, a->word[4]);
	m->ended = true;
	if (a->word[2] == BY_RESOURCE)
		dma_unmap_resource(dev, dma, size, a->word[5], a->word[6]);
	else if (a->word[2] == BY_PAGE)
		dma_unmap_page_attrs(dev, dma, size, a->word[5], a->word[6]);
	else
		dma_unmap_single_attrs(dev, dma, size, a->word[5], a->word[6]);
}

/* unmap-list MAPPING DEVICE NENTS DIRECTION ATTRS */
void unmap_list(struct action *a)
{
	struct mapping *m = named(a);
	struct scatterlist fresh[1], *list;
	int count;

	if (!m)
		return;
	list = given_list(m, a, fresh, &count);
	m->ended = true;
	dma_unmap_sg_attrs(device_of(a->word[1] % DEVICES), list, count, a->word[3], a->word[4]);
}

/* Whether a call gives back no more than the mapping's own memory, and that once. */
static bool harmless(struct mapping *m, enum how how, u32 size, s64 cpu_offset)
{
	if (m->how != how || m->freed || m->failed || cpu_offset)
		return false;
	return how == BY_NONCONTIGUOUS ? size == m->size : get_order(size) <= get_order(m->size);
}

static void *cpu_address(struct mapping *m)
{
	u32 in_page;
	struct page *page;

	if (m->cpu)
		return m->cpu;
	if (m->buffer < BUFFERS && buffers[m->buffer].kind == MMIO)
		return phys_to_virt(buffers[m->buffer].phys);   /* in the linear map's range, where no memory is */
	page = m->buffer < BUFFERS ? page_at(&buffers[m->buffer], 0, &in_page) : NULL;
	return page_address(page ? page : arena);
}

static void call_hook(struct mapping *m, enum how how, struct device *dev, u32 size, dma_addr_t dma, void *cpu,
		      int direction)
{
	struct scatterlist fresh[1], *list;
	int count;

	say(" hook");
	if (how == BY_COHERENT) {
		hook_free_coherent(dev, size, cpu, dma);
	} else if (how == BY_NONCONTIGUOUS) {
		list = list_for(m, fresh, &count);
		if (list == fresh) {
			sg_dma_address(fresh) = dma;
			sg_dma_len(fresh) = size;
		}
		hook_free_list(dev, list, count, direction);
	} else {
		hook_free_pages(dev, size, virt_to_page(cpu), dma, direction);
	}
}

static void give_back(struct mapping *m, enum how how, struct device *dev, u32 size, dma_addr_t dma, void *cpu,
		      int direction, unsigned long attrs)
{
	m->freed = true;
	if (m->buffer < BUFFERS)
		buffers[m->buffer].live = false;
	if (how == BY_COHERENT)
		dma_free_attrs(dev, size, cpu, dma, attrs);
	else if (how == BY_NONCOHERENT)
		dma_free_pages(dev, size, virt_to_page(cpu), dma, direction);
	else
		dma_free_noncontiguous(dev, size, m->table, direction);
	m->table = NULL;
}

static bool has_page(struct buffer *b, struct page *page)
{
	int i;

	for (i = 0; i < BUFFER_PAGES; i++)
		if (page && b->pages[i] == page)
			return true;
	return false;
}

/* Whether another live mapping has some of an allocation: its end would copy into memory that is the kernel's then. */
static bool mapped_elsewhere(struct mapping *m)
{
	struct buffer *b = &buffers[m->buffer % BUFFERS];
	struct mapping *other;
	int i, j;

	for (i = 0; i < MAPPINGS; i++) {
		other = &mappings[i];
		if (other == m || !other->made || other->failed || other->abandoned || other->ended)
			continue;
		if (other->how != BY_SG && other->buffer == m->buffer)
			return true;
		for (j = 0; other->how == BY_SG && j < mappings[other->list].count; j++)
			if (has_page(b, sg_page(&mappings[other->list].entries[j])))
				return true;
	}
	return false;
}

/* give-back MAPPING DEVICE HOW OFFSET SIZE DIRECTION ATTRS CPU_OFFSET */
void free_allocation(struct action *a)
{
	struct mapping *m = named(a);
	struct device *dev = device_of(a->word[1] % DEVICES);
	enum how how = a->word[2];
	void *cpu;
	dma_addr_t dma;
	u32 size;

	if (!m)
		return;
	size = how == BY_NONCONTIGUOUS && a->word[4] == AS_MAPPED ? m->size : size_of(m, a->word[4]);
	dma = address_of(m) + a->word[3];
	cpu = cpu_address(m) + a->word[7];
	m->ended = true;
	if (dare && how != BY_NONCONTIGUOUS) {
		give_back(m, how, dev, size, dma, cpu, a->word[5], a->word[6]);
		return;
	}
	m->kept = harmless(m, how, size, a->word[7]) && mapped_elsewhere(m);
	if (harmless(m, how, size, a->word[7]) && !m->kept)
		give_back(m, how, dev, size, dma, cpu, a->word[5], a->word[6]);
	else
		call_hook(m, how, dev, size, dma, cpu, a->word[5]);
}

/* Nothing is copied back: the memory may be read-only, or another's by now. */
static void end_rightly(struct mapping *m)
{
	unsigned long attrs = m->attrs | DMA_ATTR_SKIP_CPU_SYNC;
	struct device *dev = device_of(m->device);

	switch (m->how) {
	case BY_SINGLE:
	case BY_PAGE:
		dma_unmap_page_attrs(dev, m->dma, m->size, m->direction, attrs);
		break;
	case BY_RESOURCE:
		dma_unmap_resource(dev, m->dma, m->size, m->direction, attrs);
		break;
	case BY_SG:
		dma_unmap_sg_attrs(dev, mappings[m->list].entries, mappings[m->list].count, m->direction, attrs);
		break;
	default:
		give_back(m, m->how, dev, m->size, m->dma, m->cpu, m->direction, m->attrs);
	}
}

/* Ends what a program has left: its slots, IOVAs and memory are the guest's. */
void forget_all(void)
{
	int i;

	for (i = 0; i < MAPPINGS; i++)
		if (mappings[i].made && !mappings[i].failed && !mappings[i].ended && !mappings[i].abandoned)
			end_rightly(&mappings[i]);
	for (i = 0; i < MAPPINGS; i++)
		if (mappings[i].kept)
			end_rightly(&mappings[i]);
	for (i = 0; i < BUFFERS; i++) {
		struct action a = { .word = { i } };

		if (buffers[i].live)
			buffer_free(&a);
	}
	memset(mappings, 0, sizeof(mappings));
	memset(buffers, 0, sizeof(buffers));
}
