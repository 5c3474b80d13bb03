// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(format) format

#include <linux/delay.h>
#include <linux/dma-direct.h>
#include <linux/dma-map-ops.h>
#include <linux/dmaengine.h>
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/workqueue.h>
#ifdef CONFIG_X86
#include <asm/cpufeature.h>
#endif

#include "harness.h"

#define DEVICES 4
#define MASK_BITS 32

static bool dmaengine;
module_param(dmaengine, bool, 0444);
MODULE_PARM_DESC(dmaengine, "DMA by a memcpy channel of dmaengine instead of the CPU");
static bool i_accept_data_loss;
module_param(i_accept_data_loss, bool, 0444);
MODULE_PARM_DESC(i_accept_data_loss, "needed by programs that may touch memory that is not theirs");

static struct platform_device *devices[DEVICES];
static struct dma_chan *channel;
static u8 *staging;                     /* of the channel: what it copies from and to */
static dma_addr_t staging_dma;
static unsigned int results, failures;

static int device_probe(struct platform_device *device)
{
	return 0;
}

static struct platform_driver driver = {
	.probe = device_probe,
	.driver = { .name = "dmafuzz" },
};

struct device *device_of(unsigned int number)
{
	return channel ? channel->device->dev : &devices[number]->dev;
}

int on_cpu(int cpu, long (*part)(void *unused))
{
	return cpu_online(cpu) ? work_on_cpu(cpu, part, NULL) : -ENODEV;
}

static void result(bool ok, const char *where)
{
	results++;
	failures += !ok;
	pr_info("%sok %u %s\n", ok ? "" : "not ", results, where);
}

/* The CPU stands in for the device: it goes to the memory, or bounce buffer, that the DMA address leads to. */
static void *reached(struct device *dev, dma_addr_t dma)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
	phys_addr_t phys = domain ? iommu_iova_to_phys(domain, dma) : dma_to_phys(dev, dma);

	return phys && pfn_valid(PHYS_PFN(phys)) ? phys_to_virt(phys) : NULL;
}

static bool copied(dma_addr_t to, dma_addr_t from, size_t size)
{
#if IS_REACHABLE(CONFIG_DMA_ENGINE)
	struct dma_async_tx_descriptor *copy = dmaengine_prep_dma_memcpy(channel, to, from, size, DMA_CTRL_ACK);
	dma_cookie_t cookie = copy ? dmaengine_submit(copy) : -ENOMEM;

	if (dma_submit_error(cookie))
		return false;
	return dma_sync_wait(channel, cookie) == DMA_COMPLETE;
#else
	return false;
#endif
}

/* One part, that lies in one page. `bytes` is what is written, or has room for what is read. */
static bool transfer(struct device *dev, dma_addr_t dma, u8 *bytes, size_t size, bool writes)
{
	u8 *at;

	if (channel) {
		if (writes)
			memcpy(staging, bytes, size);
		if (!copied(writes ? dma : staging_dma, writes ? staging_dma : dma, size))
			return false;
		if (!writes)
			memcpy(bytes, staging, size);
		return true;
	}
	at = reached(dev, dma);
	if (!at)
		return false;
	if (writes)
		memcpy(at, bytes, size);
	else
		memcpy(bytes, at, size);
	mb();                           /* as a device's write is there before its interrupt */
	return true;
}

/* Where one byte is not the tag, or the device does not come there: its offset; else the size. */
static size_t access(struct device *dev, dma_addr_t dma, size_t size, u8 tag, bool writes)
{
	static u8 bytes[PAGE_SIZE];
	size_t done, part;
	u8 *wrong;

	if (dma == DMA_MAPPING_ERROR)
		return 0;               /* the CPU goes there for no device */
	for (done = 0; done < size; done += part) {
		part = min_t(size_t, size - done, PAGE_SIZE - offset_in_page(dma + done));
		memset(bytes, tag, part);
		if (!transfer(dev, dma + done, bytes, part, writes)) {
			pr_info("# the device does not reach %pad\n", &dma);
			return done;
		}
		wrong = memchr_inv(bytes, tag, part);
		if (wrong) {
			pr_info("# byte %zu is 0x%02x, and 0x%02x was written\n", done + (wrong - bytes), *wrong, tag);
			return done + (wrong - bytes);
		}
	}
	return size;
}

static size_t access_list(struct device *dev, struct scatterlist *list, int mapped, size_t offset, size_t size, u8 tag,
			  bool writes)
{
	struct scatterlist *segment;
	size_t done = 0, part;
	int i;

	for_each_sg(list, segment, mapped, i) {
		if (offset >= sg_dma_len(segment) && i + 1 < mapped) {
			offset -= sg_dma_len(segment);
			continue;
		}
		part = size - done;
		if (i + 1 < mapped)
			part = min_t(size_t, part, sg_dma_len(segment) - offset);
		if (access(dev, sg_dma_address(segment) + offset, part, tag, writes) < part)
			return done;
		done += part;
		offset = 0;
		if (done == size)
			break;
	}
	return done;
}

void device_writes(struct device *dev, dma_addr_t dma, size_t size, u8 tag)
{
	access(dev, dma, size, tag, true);
}

void device_writes_list(struct device *dev, struct scatterlist *list, int mapped, size_t offset, size_t size, u8 tag)
{
	access_list(dev, list, mapped, offset, size, tag, true);
}

void device_reads(const char *where, struct device *dev, dma_addr_t dma, size_t size, u8 tag)
{
	result(access(dev, dma, size, tag, false) == size, where);
}

void device_reads_list(const char *where, struct device *dev, struct scatterlist *list, int mapped, size_t offset,
		       size_t size, u8 tag)
{
	result(access_list(dev, list, mapped, offset, size, tag, false) == size, where);
}

void cpu_reads(const char *where, const void *at, size_t size, u8 tag)
{
	const u8 *wrong = memchr_inv(at, tag, size);

	if (wrong)
		pr_info("# byte %zu is 0x%02x, and 0x%02x was written\n", wrong - (const u8 *)at, *wrong, tag);
	result(!wrong, where);
}

static bool under_hypervisor(void)
{
#ifdef CONFIG_X86
	return boot_cpu_has(X86_FEATURE_HYPERVISOR);
#else
	struct device_node *node = of_find_node_by_path("/hypervisor");
	bool virtual = node || of_machine_is_compatible("linux,dummy-virt");

	of_node_put(node);
	return virtual;
#endif
}

static int channel_begin(void)
{
#if IS_REACHABLE(CONFIG_DMA_ENGINE)
	dma_cap_mask_t mask;

	dma_cap_zero(mask);
	dma_cap_set(DMA_MEMCPY, mask);
	channel = dma_request_chan_by_mask(&mask);
	if (IS_ERR(channel)) {
		int failed = PTR_ERR(channel);

		channel = NULL;
		return failed;
	}
	staging = dma_alloc_coherent(device_of(0), PAGE_SIZE, &staging_dma, GFP_KERNEL);
	return staging ? 0 : -ENOMEM;
#else
	return -ENODEV;
#endif
}

static void channel_end(void)
{
#if IS_REACHABLE(CONFIG_DMA_ENGINE)
	if (staging)
		dma_free_coherent(device_of(0), PAGE_SIZE, staging, staging_dma);
	if (channel)
		dma_release_channel(channel);
#endif
}

static int devices_begin(void)
{
	struct platform_device_info info = { .name = "dmafuzz", .dma_mask = DMA_BIT_MASK(MASK_BITS) };
	int failed = platform_driver_register(&driver), i;

	for (i = 0; !failed && i < program_devices && i < DEVICES; i++) {
		info.id = i;
		devices[i] = platform_device_register_full(&info);
		failed = PTR_ERR_OR_ZERO(devices[i]);
		if (failed)
			devices[i] = NULL;
	}
	return failed;
}

static void devices_end(void)
{
	int i;

	for (i = 0; i < DEVICES; i++)
		platform_device_unregister(devices[i]);
	platform_driver_unregister(&driver);
}

static void end(void)
{
	channel_end();
	devices_end();
}

static int may_run(void)
{
	if (!program_guest_only)
		return 0;
	if (!under_hypervisor())
		pr_err("dmafuzz: %s may touch memory that is not its own, and loads under a hypervisor only\n",
		       program_name);
	else if (!i_accept_data_loss)
		pr_err("dmafuzz: %s may touch memory that is not its own: i_accept_data_loss=1\n", program_name);
	else
		return 0;
	return -EPERM;
}

static int __init begin(void)
{
	int failed = may_run();

	if (failed)
		return failed;
	failed = devices_begin();
	if (!failed && dmaengine)
		failed = channel_begin();
	if (failed) {
		end();
		return failed;
	}
	pr_info("KTAP version 1\n");
	if (!channel && !dev_is_dma_coherent(device_of(0))) {
		pr_info("1..0 # SKIP the devices are not coherent, the CPU cannot stand in for one: dmaengine=1\n");
		return 0;
	}
	pr_info("1..%u\n", program_checks);
	pr_info("# %s: DMA by %s\n", program_name, channel ? dma_chan_name(channel) : "the CPU");
	failed = program();
	if (failed)
		pr_info("Bail out! %s ends early: %d\n", program_name, failed);
	pr_info("# pass:%u fail:%u total:%u\n", results - failures, failures, results);
	return 0;
}

module_init(begin);
module_exit(end);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("one program of DMA API calls, exported by dmafuzz");
