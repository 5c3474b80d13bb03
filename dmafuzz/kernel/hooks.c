// SPDX-License-Identifier: GPL-2.0-only
/* Each hook call on the tree's functions. Their parameters differ between kernels: build time
 * probing makes DK_CALL_<function>(a), which passes the parameters it has out of struct dk_args,
 * and DK_HAS_<function>. */

struct dk_args {
    struct device *dev;
    struct page *page;
    size_t offset;            /* in the page */
    phys_addr_t phys;
    void *virt;
    size_t size;
    int direction;
    dma_addr_t dma;
    unsigned long attrs;
    bool single;
    struct scatterlist *sg;
    int nents, mapped;
};

static inline struct dk_args dk_args_of(const struct dk_call *c) {
    return (struct dk_args){
        .dev = &dk_devices[c->device % DK_DEVICES],
        .page = dk_page(c->phys, c->area),
        .offset = offset_in_page(c->phys),
        .phys = c->phys,
        .virt = dk_address(c->phys, c->area),
        .size = c->size,
        .direction = c->direction,
        .dma = c->dma,
        .attrs = dk_attrs(c->attrs),
        .single = c->single,
        .nents = c->entry_count,
        .mapped = c->mapped_count,
    };
}

static inline void dk_map_page(const struct dk_args *a) {
#ifdef DK_HAS_debug_dma_map_phys
    DK_CALL_debug_dma_map_phys(a);
#else
    DK_CALL_debug_dma_map_page(a);
#endif
}

static inline void dk_unmap_page(const struct dk_args *a) {
#ifdef DK_HAS_debug_dma_unmap_phys
    DK_CALL_debug_dma_unmap_phys(a);
#else
    DK_CALL_debug_dma_unmap_page(a);
#endif
}

/* Before 4.9 dma-debug hears nothing of resources; from 6.18 a resource is a page mapping with an attribute. The
 * check for RAM is in mapping.c at first; there the map fails, while here the program goes on as if it had not. */
static inline void dk_map_resource(struct dk_args *a) {
#ifdef DK_HAS_RESOURCE_CHECK
    WARN_ONCE(pfn_valid(PHYS_PFN(a->phys)), "WARNING: at kernel/dma/mapping.c, dma_map_resource");
#endif
#ifdef DK_HAS_debug_dma_map_resource
    DK_CALL_debug_dma_map_resource(a);
#elif defined DK_HAS_debug_dma_map_phys
    a->attrs |= DMA_ATTR_MMIO;
    dk_map_page(a);
#endif
}

static inline void dk_unmap_resource(struct dk_args *a) {
#ifdef DK_HAS_debug_dma_unmap_resource
    DK_CALL_debug_dma_unmap_resource(a);
#elif defined DK_HAS_debug_dma_unmap_phys
    a->attrs |= DMA_ATTR_MMIO;
    dk_unmap_page(a);
#endif
}

/* Before 5.10 there is no such call, and a driver takes pages and maps them; from then on until dma-debug has a
 * function for it, the kernel does the same. */
static inline void dk_round_allocation(struct dk_args *a) {
#ifdef DK_ROUNDS_ALLOCATIONS
    a->size = PAGE_ALIGN(a->size);
#endif
}

static inline void dk_alloc_pages(struct dk_args *a) {
    dk_round_allocation(a);
#ifdef DK_HAS_debug_dma_alloc_pages
    DK_CALL_debug_dma_alloc_pages(a);
#else
    dk_map_page(a);
#endif
}

static inline void dk_free_pages(struct dk_args *a) {
    dk_round_allocation(a);
#ifdef DK_HAS_debug_dma_free_pages
    DK_CALL_debug_dma_free_pages(a);
#else
    dk_unmap_page(a);
#endif
}

static inline void dk_sync(const struct dk_call *c, struct dk_args *a) {
    bool for_cpu = c->kind == DK_SYNC_FOR_CPU;

#ifdef DK_HAS_debug_dma_sync_single_range_for_cpu
    if (c->range) {
        a->dma -= c->offset;
        a->offset = c->offset;
        if (for_cpu) DK_CALL_debug_dma_sync_single_range_for_cpu(a);
        else DK_CALL_debug_dma_sync_single_range_for_device(a);
        return;
    }
#endif
    if (for_cpu) DK_CALL_debug_dma_sync_single_for_cpu(a);
    else DK_CALL_debug_dma_sync_single_for_device(a);
}

static noinline void dk_sg_hook(const struct dk_call *c, struct dk_args *a) {
    struct scatterlist list[DK_ENTRIES];

    dk_list(c, list);
    a->sg = list;
    switch (c->kind) {
    case DK_MAP_SG: DK_CALL_debug_dma_map_sg(a); break;
    case DK_SYNC_SG_FOR_CPU: DK_CALL_debug_dma_sync_sg_for_cpu(a); break;
    case DK_SYNC_SG_FOR_DEVICE: DK_CALL_debug_dma_sync_sg_for_device(a); break;
    case DK_UNMAP_SG: DK_CALL_debug_dma_unmap_sg(a); break;
    }
}

static inline void dk_map_single_area(const struct dk_args *a) {
#ifdef DK_HAS_debug_dma_map_single
    DK_CALL_debug_dma_map_single(a);
#endif
}

static inline void dk_cow(const struct dk_args *a) {
#ifdef DK_HAS_debug_dma_assert_idle
    DK_CALL_debug_dma_assert_idle(a);
#endif
}

static void dk_unbind(struct device *dev) {
    struct notifier_block *nb;

    if (!dev->facts->bus_registered) return;
    dk_now.walking = true;
    for (nb = dk_notifiers; nb; nb = nb->next) nb->notifier_call(nb, BUS_NOTIFY_UNBOUND_DRIVER, dev);
    dk_now.walking = false;
}

static inline void dk_hook(const struct dk_call *c) {
    struct dk_args args = dk_args_of(c), *a = &args;

    switch (c->kind) {
    case DK_MAP_SINGLE_AREA: dk_map_single_area(a); break;
    case DK_MAP_PAGE: dk_map_page(a); break;
    case DK_MAP_RESOURCE: dk_map_resource(a); break;
    case DK_ALLOC_COHERENT: DK_CALL_debug_dma_alloc_coherent(a); break;
    case DK_ALLOC_PAGES: dk_alloc_pages(a); break;
    case DK_MAPPING_ERROR: debug_dma_mapping_error(a->dev, a->dma); break;
    case DK_SYNC_FOR_CPU:
    case DK_SYNC_FOR_DEVICE: dk_sync(c, a); break;
    case DK_MAP_SG:
    case DK_SYNC_SG_FOR_CPU:
    case DK_SYNC_SG_FOR_DEVICE:
    case DK_UNMAP_SG: dk_sg_hook(c, a); break;
    case DK_UNMAP_PAGE: dk_unmap_page(a); break;
    case DK_UNMAP_RESOURCE: dk_unmap_resource(a); break;
    case DK_FREE_COHERENT: DK_CALL_debug_dma_free_coherent(a); break;
    case DK_FREE_PAGES: dk_free_pages(a); break;
    case DK_UNBIND: dk_unbind(a->dev); break;
    case DK_COW: dk_cow(a); break;
    }
}
