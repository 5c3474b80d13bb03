// SPDX-License-Identifier: GPL-2.0-only
/*
 * QEMU's edu devices: real DMA, by a device that does what it is told. Its internal buffer is loaded from a staging
 * page of ours, which goes past the DMA API: it must be no entry of the tracker.
 */
#include <linux/delay.h>
#include <linux/iommu.h>
#include <linux/string.h>

#include "guest.h"

#define EDU_VENDOR 0x1234
#define EDU_DEVICE 0x11e8
#define EDU_SOURCE 0x80
#define EDU_DESTINATION 0x88
#define EDU_COUNT 0x90
#define EDU_COMMAND 0x98
#define EDU_RUN 1
#define EDU_TO_MEMORY 2
#define EDU_BUFFER 0x40000
#define EDU_PART 2048                   /* a transfer of all its 4096 bytes is refused */
#define STAGING_IOVA 0x100000           /* far below what the DMA API hands out */
#define TRANSFER_MS 101

struct edu edus[DEVICES];
int edu_count;
/* What the devices' driver says of them: whether each is coherent (-1: what the machine says), how far it counts. */
static int coherence[DEVICES] = { -1, -1, -1, -1 };
static u32 segment_max, segment_boundary;

bool is_translated(int device)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(device_of(device));

	return domain && (domain->type & __IOMMU_DOMAIN_PAGING);
}

static int map_staging(struct edu *e)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(&e->pci->dev);
	phys_addr_t phys = page_to_phys(e->staging);

	e->staging_dma = phys;
	if (!domain || !(domain->type & __IOMMU_DOMAIN_PAGING))
		return 0;
	e->staging_dma = STAGING_IOVA;
	e->translated = true;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	return iommu_map(domain, STAGING_IOVA, phys, PAGE_SIZE, IOMMU_READ | IOMMU_WRITE, GFP_KERNEL);
#else
	return iommu_map(domain, STAGING_IOVA, phys, PAGE_SIZE, IOMMU_READ | IOMMU_WRITE);
#endif
}

static int edu_known(struct pci_dev *pci)
{
	int i;

	for (i = 0; i < edu_count; i++)
		if (edus[i].pci == pci)
			return i;
	return -1;
}

/* Before the masks are set, which looks at it. */
static void set_coherence(struct pci_dev *pci, int number)
{
#if defined(CONFIG_ARCH_HAS_SYNC_DMA_FOR_DEVICE) || defined(CONFIG_ARCH_HAS_SYNC_DMA_FOR_CPU)
	if (coherence[number] >= 0)
		pci->dev.dma_coherent = coherence[number];
#endif
}

static int set_up(struct pci_dev *pci, int number)
{
	set_coherence(pci, number);
	if (segment_max) {
		dma_set_max_seg_size(&pci->dev, segment_max);
		dma_set_seg_boundary(&pci->dev, segment_boundary);
	}
	return dma_set_mask_and_coherent(&pci->dev, DMA_BIT_MASK(32));
}

static int edu_probe(struct pci_dev *pci, const struct pci_device_id *id)
{
	struct edu *e;
	int failed;

	if (edu_known(pci) >= 0)
		return set_up(pci, edu_known(pci));     /* again, after an unbind that a program asked for */
	if (edu_count == DEVICES)
		return -ENOSPC;
	failed = pci_enable_device(pci);
	if (!failed)
		failed = set_up(pci, edu_count);
	if (failed)
		return failed;
	pci_set_master(pci);
	e = &edus[edu_count];
	e->pci = pci;
	e->registers = pci_iomap(pci, 0, 0);
	e->staging = alloc_page(GFP_KERNEL | GFP_DMA32);
	if (!e->registers || !e->staging)
		return -ENOMEM;
	failed = map_staging(e);
	if (failed)
		return failed;
	pci_read_config_dword(pci, PCI_BASE_ADDRESS_0, &e->base);
	pci_read_config_word(pci, PCI_COMMAND, &e->command);
	edu_count++;
	return 0;
}

static void edu_remove(struct pci_dev *pci)
{
}

static const struct pci_device_id edu_ids[] = { { PCI_DEVICE(EDU_VENDOR, EDU_DEVICE) }, {} };

static struct pci_driver edu_driver = {
	.name = "dmafuzz",
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
};

/* QEMU keeps nothing of edu in a snapshot: the devices come back as after power-on, and are set up again. */
void edu_revive(struct action *a)
{
	int i;

	for (i = 0; i < edu_count; i++) {
		pci_write_config_dword(edus[i].pci, PCI_BASE_ADDRESS_0, edus[i].base);
		pci_write_config_word(edus[i].pci, PCI_COMMAND, edus[i].command);
	}
}

/* coherent D0 D1 D2 D3: whether each device is */
void edu_coherence(struct action *a)
{
	int i;

	for (i = 0; i < edu_count; i++) {
		coherence[i] = a->word[i];
		if (set_up(edus[i].pci, i))
			refuse("mask");
	}
}

/* limit MAX BOUNDARY: what the devices do not count to, and where they begin anew */
void edu_limit(struct action *a)
{
	int i;

	segment_max = a->word[0];
	segment_boundary = a->word[1];
	for (i = 0; i < edu_count; i++)
		if (set_up(edus[i].pci, i))
			refuse("mask");
}

int edu_begin(void)
{
	int failed = pci_register_driver(&edu_driver);

	return failed ? failed : edu_count ? 0 : -ENODEV;
}

static void transfer(struct edu *e, u64 source, u64 destination, u32 count, u32 command)
{
	writeq(source, e->registers + EDU_SOURCE);
	writeq(destination, e->registers + EDU_DESTINATION);
	writeq(count, e->registers + EDU_COUNT);
	writeq(command | EDU_RUN, e->registers + EDU_COMMAND);
	while (readl(e->registers + EDU_COMMAND) & EDU_RUN)
		schedule_timeout_uninterruptible(msecs_to_jiffies(TRANSFER_MS));
}

static void write_at(struct edu *e, dma_addr_t dma, u32 size, u8 tag)
{
	memset(page_address(e->staging), tag, size);
	transfer(e, e->staging_dma, EDU_BUFFER, size, 0);
	transfer(e, EDU_BUFFER, dma, size, EDU_TO_MEMORY);
}

/* What a transfer that an IOMMU refuses leaves: the bytes that the staging page had. */
static void read_at(struct edu *e, dma_addr_t dma, u32 size)
{
	memset(page_address(e->staging), 0, size);
	if (e->translated)
		transfer(e, e->staging_dma, EDU_BUFFER, size, 0);
	transfer(e, dma, EDU_BUFFER, size, 0);
	transfer(e, EDU_BUFFER, e->staging_dma, size, EDU_TO_MEMORY);
}

static bool in_allocation(phys_addr_t from, phys_addr_t to)
{
	int i, j;

	for (i = 0; i < BUFFERS; i++) {
		struct buffer *b = &buffers[i];

		if (!b->live || b->kind == MMIO)
			continue;
		for (j = 0; j < BUFFER_PAGES && b->pages[j]; j++) {
			phys_addr_t page = page_to_phys(b->pages[j]);

			if (b->kind == STACK || b->kind == IMAGE) {
				if (from >= page + b->first && to <= page + b->first + b->size)
					return true;
			} else if (from >= page && to <= page + PAGE_SIZE) {
				return true;
			}
		}
	}
	return false;
}

/* Without an IOMMU a device may write the arena, the pool, and what a buffer has; the rest is the guest's. */
static bool may_touch(int device, dma_addr_t dma, u32 size)
{
	phys_addr_t start = page_to_phys(arena);

	if (is_translated(device))
		return true;
	if (dma >= start && dma + size <= start + ARENA_BYTES)
		return true;
	return in_bounce_pool(dma, dma + size) || in_allocation(dma, dma + size);
}

/*
 * The address of a mapping's byte, and how many follow it there: beyond the end the last segment's address space goes
 * on. `within`: the device gets there, counting from the segment's beginning.
 */
static bool reach(struct mapping *m, u32 offset, dma_addr_t *dma, u32 *part, bool *within)
{
	int i;

	for (i = 0; i < m->segment_count; i++) {
		struct segment *s = &m->segments[i];

		if (offset < s->size || i + 1 == m->segment_count) {
			*dma = s->dma + offset;
			*part = offset < s->size ? s->size - offset : PAGE_SIZE;
			*part = min_t(u32, *part, PAGE_SIZE - offset_in_page(*dma));
			*part = min_t(u32, *part, EDU_PART);
			*within = !segment_max || (offset < segment_max && (*dma | segment_boundary) ==
						   (s->dma | segment_boundary));
			if (segment_max && *within)
				*part = min_t(u32, *part, segment_max - offset);
			return true;
		}
		offset -= s->size;
	}
	return false;
}

static void access(struct action *a, bool writes)
{
	struct mapping *m = &mappings[a->word[0] % MAPPINGS];
	u32 offset = a->word[1], size = a->word[2], part;
	struct edu *e = &edus[m->device];
	dma_addr_t dma;
	bool within;

	if (!m->made || m->abandoned || m->failed) {
		refuse("mapping");
		return;
	}
	if (!writes)
		say(" bytes=");
	for (; size; offset += part, size -= part) {
		if (!reach(m, offset, &dma, &part, &within))
			return;
		part = min(part, size);
		if (!within) {
			if (!writes)
				say("0*%u%s", part, part == size ? "" : ",");
			continue;
		}
		if (!may_touch(m->device, dma, part)) {
			refuse("place");
			return;
		}
		if (writes) {
			write_at(e, dma, part, a->word[3]);
		} else {
			read_at(e, dma, part);
			say_bytes(page_address(e->staging), part, part == size);
		}
	}
}

/* device-write MAPPING OFFSET SIZE TAG */
void device_write(struct action *a)
{
	access(a, true);
}

/* device-read MAPPING OFFSET SIZE */
void device_read(struct action *a)
{
	access(a, false);
}

/* unbind DEVICE: the driver goes, which is when dma-debug looks for what was left; then it comes back */
void unbind(struct action *a)
{
	struct device *dev = device_of(a->word[0] % DEVICES);

	device_release_driver(dev);
	if (device_attach(dev) != 1)
		say(" unbound");
}
