// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls in two halves: the operation, and dma-debug's hook, in the order in which the kernel has them. A probe on each
 * hook leads a worker that is to stop there to a detour with the hook's own parameters, which waits for its other half.
 */
#include <linux/completion.h>
#include <linux/kprobes.h>
#include <linux/sched.h>

#include "guest.h"

struct half {
	struct task_struct *worker;
	bool wanted;                    /* the next hook is to stop */
	bool passing;                   /* a detour is calling the hook itself */
	struct completion reached, go;
};

static struct half halves[CPUS];

static struct half *mine(void)
{
	int i;

	for (i = 0; i < CPUS; i++)
		if (halves[i].worker == current)
			return &halves[i];
	return NULL;
}

/* Waits between the halves. */
static void hold(void)
{
	struct half *h = mine();

	h->wanted = false;
	complete(&h->reached);
	wait_for_completion(&h->go);
}

/* The hook itself, past its probe. */
#define PASS(call)                              \
	do {                                    \
		mine()->passing = true;         \
		call;                           \
		mine()->passing = false;        \
	} while (0)

/* Operation first: stop, then the hook. Hook first: the other way round. */
#define OPERATION_FIRST(name, parameters, arguments)                    \
	static void (*real_##name) parameters;                          \
	static void detour_##name parameters                            \
	{                                                               \
		hold();                                                 \
		PASS(real_##name arguments);                            \
	}

#define HOOK_FIRST(name, parameters, arguments)                         \
	static void (*real_##name) parameters;                          \
	static void detour_##name parameters                            \
	{                                                               \
		PASS(real_##name arguments);                            \
		hold();                                                 \
	}

OPERATION_FIRST(map_page,
		(struct device *dev, struct page *page, size_t offset, size_t size, int direction, dma_addr_t dma,
		 unsigned long attrs),
		(dev, page, offset, size, direction, dma, attrs))
OPERATION_FIRST(map_resource,
		(struct device *dev, phys_addr_t phys, size_t size, int direction, dma_addr_t dma, unsigned long attrs),
		(dev, phys, size, direction, dma, attrs))
OPERATION_FIRST(map_sg,
		(struct device *dev, struct scatterlist *list, int count, int mapped, int direction, unsigned long attrs),
		(dev, list, count, mapped, direction, attrs))
OPERATION_FIRST(alloc_coherent, (struct device *dev, size_t size, dma_addr_t dma, void *cpu, unsigned long attrs),
		(dev, size, dma, cpu, attrs))
OPERATION_FIRST(alloc_pages,
		(struct device *dev, struct page *page, size_t size, int direction, dma_addr_t dma, unsigned long attrs),
		(dev, page, size, direction, dma, attrs))
OPERATION_FIRST(sync_single_for_cpu, (struct device *dev, dma_addr_t dma, size_t size, int direction),
		(dev, dma, size, direction))
OPERATION_FIRST(sync_single_for_device, (struct device *dev, dma_addr_t dma, size_t size, int direction),
		(dev, dma, size, direction))
OPERATION_FIRST(sync_sg_for_cpu, (struct device *dev, struct scatterlist *list, int count, int direction),
		(dev, list, count, direction))
OPERATION_FIRST(sync_sg_for_device, (struct device *dev, struct scatterlist *list, int count, int direction),
		(dev, list, count, direction))
OPERATION_FIRST(unmap_page, (struct device *dev, dma_addr_t dma, size_t size, int direction),
		(dev, dma, size, direction))
OPERATION_FIRST(unmap_resource, (struct device *dev, dma_addr_t dma, size_t size, int direction),
		(dev, dma, size, direction))
HOOK_FIRST(unmap_sg, (struct device *dev, struct scatterlist *list, int count, int direction),
	   (dev, list, count, direction))
HOOK_FIRST(free_coherent, (struct device *dev, size_t size, void *cpu, dma_addr_t dma), (dev, size, cpu, dma))
HOOK_FIRST(free_pages, (struct device *dev, struct page *page, size_t size, int direction, dma_addr_t dma),
	   (dev, page, size, direction, dma))

#define HOOK(name) { .hook = (void **)&real_##name, .detour = detour_##name, .probe.symbol_name = "debug_dma_" #name }

static struct {
	void **hook;
	void *detour;
	struct kprobe probe;
} hooks[] = {
	HOOK(map_page), HOOK(map_resource), HOOK(map_sg), HOOK(alloc_coherent), HOOK(alloc_pages),
	HOOK(sync_single_for_cpu), HOOK(sync_single_for_device), HOOK(sync_sg_for_cpu), HOOK(sync_sg_for_device),
	HOOK(unmap_page), HOOK(unmap_resource), HOOK(unmap_sg), HOOK(free_coherent), HOOK(free_pages),
};

static int at_hook(struct kprobe *probe, struct pt_regs *regs)
{
	struct half *h = mine();
	int i;

	if (!h || !h->wanted || h->passing)
		return 0;
	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		if (&hooks[i].probe != probe)
			continue;
		instruction_pointer_set(regs, (unsigned long)hooks[i].detour);
		return 1;
	}
	return 0;
}

/* With it, the probe is no jump, which would not heed where it is sent. */
static void after_hook(struct kprobe *probe, struct pt_regs *regs, unsigned long flags)
{
}

int halves_begin(void)
{
	int i;

	for (i = 0; i < CPUS; i++) {
		init_completion(&halves[i].reached);
		init_completion(&halves[i].go);
	}
	for (i = 0; i < ARRAY_SIZE(hooks); i++) {
		*hooks[i].hook = symbol(hooks[i].probe.symbol_name);
		if (!*hooks[i].hook)
			continue;       /* this kernel has no such hook */
		hooks[i].probe.pre_handler = at_hook;
		hooks[i].probe.post_handler = after_hook;
		if (register_kprobe(&hooks[i].probe))
			return -ENOENT;
	}
	return 0;
}

void half_wanted(int cpu, struct task_struct *worker)
{
	halves[cpu].worker = worker;
	halves[cpu].wanted = true;
}

/* A call that came to no hook has no second half. */
void half_forgotten(int cpu)
{
	halves[cpu].wanted = false;
}

struct completion *half_reached(int cpu)
{
	return &halves[cpu].reached;
}

void half_go(int cpu)
{
	complete(&halves[cpu].go);
}
