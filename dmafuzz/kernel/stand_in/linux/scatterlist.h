// SPDX-License-Identifier: GPL-2.0-only
#pragma once
#include <linux/mm.h>

struct scatterlist {
    struct page *page;
    unsigned int offset;
    unsigned int length;
    dma_addr_t dma_address;
    unsigned int dma_length;
};

#define sg_page(sg) ((sg)->page)
#define sg_phys(sg) (page_to_phys(sg_page(sg)) + (sg)->offset)
#define sg_virt(sg) (page_address(sg_page(sg)) + (sg)->offset)
#define sg_dma_address(sg) ((sg)->dma_address)
#define sg_dma_len(sg) ((sg)->dma_length)
#define sg_next(sg) ((sg) + 1)
/* A walk ends with the element it is for. */
#define for_each_sg(list, sg, count, i) for (i = 0, sg = (list); i < (count); ++i, sg = sg_next(sg), dk_no_walk())
