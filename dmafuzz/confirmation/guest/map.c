// SPDX-License-Identifier: GPL-2.0-only
/* Maps and allocations, with the arguments they are given. */
#include <linux/slab.h>

#include "guest.h"

struct mapping mappings[MAPPINGS];

static struct mapping *begin(struct action *a)
{
	int number = a->word[0] % MAPPINGS;
	struct mapping *m = &mappings[number];

	memset(m, 0, sizeof(*m));
	m->made = true;
	m->list = number;
	m->device = a->word[1] % DEVICES;
	m->buffer = BUFFERS;
	return m;
}

static void note_segment(struct mapping *m, dma_addr_t dma, u32 size)
{
	if (m->segment_count < ENTRIES)
		m->segments[m->segment_count++] = (struct segment){ dma, size };
}

static void say_mapping(struct mapping *m)
{
	int i;

	if (m->failed)
		say(" failed");
	else
		say(" dma=");
	for (i = 0; i < m->segment_count; i++)
		say("%llx:%u%s", (u64)m->segments[i].dma, m->segments[i].size, i + 1 < m->segment_count ? "," : "");
}

static dma_addr_t map_it(struct mapping *m, struct buffer *b, u32 offset)
{
	struct device *dev = device_of(m->device);
	u32 in_page;
	struct page *page = page_at(b, offset, &in_page);
	phys_addr_t phys = b->kind == MMIO ? b->phys + offset : page ? page_to_phys(page) + in_page : 0;

	if (m->how == BY_RESOURCE)
		return dma_map_resource(dev, phys, m->size, m->direction, m->attrs);
	if (m->how == BY_PAGE)
		return dma_map_page_attrs(dev, page, in_page, m->size, m->direction, m->attrs);
	/* A driver that knows of the move takes the page's own address. */
	if (b->kind == ARENA || b->kind == ALLOCATED)
		if (!is_vmalloc_addr(b->address))
			return dma_map_single_attrs(dev, (u8 *)page_address(page) + in_page, m->size, m->direction,
						    m->attrs);
	return dma_map_single_attrs(dev, (u8 *)b->address + offset, m->size, m->direction, m->attrs);
}

/* map MAPPING DEVICE HOW BUFFER OFFSET SIZE DIRECTION ATTRS */
void map_one(struct action *a)
{
	struct buffer *b = &buffers[a->word[3] % BUFFERS];
	struct mapping *m = begin(a);
	u32 in_page;

	m->how = a->word[2];
	m->buffer = a->word[3];
	m->size = a->word[5];
	m->direction = a->word[6];
	m->attrs = a->word[7];
	if (!b->live || (b->kind != MMIO && !page_at(b, a->word[4], &in_page))) {
		m->abandoned = true;
		refuse("buffer");
		return;
	}
	m->dma = map_it(m, b, a->word[4]);
	m->failed = m->dma == DMA_MAPPING_ERROR;
	if (!m->failed)
		note_segment(m, m->dma, m->size);
	say_mapping(m);
}

/* False where an entry has no memory. */
static bool make_entries(struct mapping *m, struct action *a, int count)
{
	int i;

	sg_init_table(m->entries, count);
	for (i = 0; i < count; i++) {
		u32 in_page, offset = a->word[7 + 3 * i];
		struct page *page = page_at(&buffers[a->word[6 + 3 * i] % BUFFERS], offset, &in_page);

		if (!page)
			return false;
		sg_set_page(&m->entries[i], page, a->word[8 + 3 * i], in_page);
	}
	m->count = count;
	return true;
}

/* map-list MAPPING DEVICE DIRECTION ATTRS LIST COUNT (BUFFER OFFSET SIZE)...; LIST: whose list again, or -1 */
void map_list(struct action *a)
{
	struct mapping *m = begin(a), *owner;
	int count = a->word[5], i, mapped;
	struct scatterlist *entry;

	m->how = BY_SG;
	m->direction = a->word[2];
	m->attrs = a->word[3];
	if (a->word[4] >= 0)
		m->list = mappings[a->word[4] % MAPPINGS].list;
	else if (count >= 1 && count <= ENTRIES && a->words >= 6 + 3 * count)
		if (!make_entries(m, a, count))
			refuse("buffer");
	owner = &mappings[m->list];
	if (!owner->count || mappings[a->word[4] >= 0 ? a->word[4] % MAPPINGS : m->list].abandoned) {
		m->abandoned = m->failed = true;
		say(" skipped failed");
		return;
	}
	mapped = dma_map_sg_attrs(device_of(m->device), owner->entries, owner->count, m->direction, m->attrs);
	m->failed = mapped <= 0;
	for_each_sg(owner->entries, entry, mapped > 0 ? mapped : 0, i)
		note_segment(m, sg_dma_address(entry), sg_dma_len(entry));
	m->dma = m->failed ? DMA_MAPPING_ERROR : m->segments[0].dma;
	m->size = m->segments[0].size;
	say_mapping(m);
}

static void allocate_table(struct mapping *m, struct action *a, gfp_t gfp)
{
	m->table = dma_alloc_noncontiguous(device_of(m->device), m->size, m->direction, gfp, m->attrs);
	m->failed = !m->table;
	if (m->failed)
		return;
	m->dma = sg_dma_address(m->table->sgl);
	note_segment(m, m->dma, sg_dma_len(m->table->sgl));
	adopt_table(m->buffer, m->table, a->word[4], a->word[7]);
	say(" entries=%u phys=%llx", m->table->orig_nents, (u64)page_to_phys(buffers[m->buffer % BUFFERS].pages[0]));
}

static void allocate_memory(struct mapping *m, struct action *a, gfp_t gfp)
{
	struct device *dev = device_of(m->device);
	struct page *page = NULL;

	if (m->how == BY_COHERENT) {
		m->cpu = dma_alloc_attrs(dev, m->size, &m->dma, gfp, m->attrs);
		if (m->cpu && !is_vmalloc_addr(m->cpu))
			page = virt_to_page(m->cpu);
	} else {
		page = dma_alloc_pages(dev, m->size, &m->dma, m->direction, gfp);
		m->cpu = page ? page_address(page) : NULL;
	}
	m->failed = !m->cpu;
	if (m->failed)
		return;
	note_segment(m, m->dma, m->size);
	adopt(m->buffer, page, m->cpu, a->word[4], a->word[7]);
	say(" phys=%llx%s", (u64)page_to_phys(buffers[m->buffer % BUFFERS].pages[0]),
	    is_vmalloc_addr(m->cpu) ? " vmalloc" : "");
}

/* allocate MAPPING DEVICE HOW BUFFER SIZE DIRECTION ATTRS TAG */
void allocate(struct action *a)
{
	struct mapping *m = begin(a);
	gfp_t gfp = a->irqs_off ? GFP_ATOMIC : GFP_KERNEL;

	m->how = a->word[2];
	m->buffer = a->word[3];
	m->size = a->word[4];
	m->direction = m->how == BY_COHERENT ? DMA_BIDIRECTIONAL : a->word[5];
	m->attrs = a->word[6];
	if (m->how == BY_NONCONTIGUOUS)
		allocate_table(m, a, gfp);
	else
		allocate_memory(m, a, gfp);
	if (m->failed) {
		m->dma = DMA_MAPPING_ERROR;
		m->abandoned = true;
	}
	say_mapping(m);
}

/*
 * error MAPPING LATE: a driver that learns of a failure lets the mapping be. Right after dma_map_sg() it looks at the
 * number that this returned; late, it has kept an address only, and asks about that.
 */
void ask_error(struct action *a)
{
	struct mapping *m = &mappings[a->word[0] % MAPPINGS];

	if (m->abandoned) {
		say(" skipped");
		return;
	}
	if (m->how != BY_SG || a->word[1])
		say(" error=%d", !!dma_mapping_error(device_of(m->device), m->dma));
	m->abandoned |= m->failed;
}
