// SPDX-License-Identifier: GPL-2.0-only
/* Pages and addresses are numbers that are never followed: a page is its frame number and whether it
 * is highmem, an address is a base and the physical address. */
#pragma once
#include <linux/kernel.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define offset_in_page(p) ((unsigned long)(p) & ~PAGE_MASK)
#define PAGE_ALIGN(n) (((n) + PAGE_SIZE - 1) & PAGE_MASK)

struct page;

#define dk_highmem (1ul << 60)
#define dk_pages_at (1ul << 61)
#define dk_linear_at (1ul << 62)
#define dk_vmalloc_at (1ul << 63)
#define dk_physical_bits (dk_highmem - 1)

#define dk_page_of(number) ((struct page *)(dk_pages_at | (unsigned long)(number)))
#define page_to_pfn(page) ((unsigned long)(page) & dk_physical_bits)
#define pfn_to_page(pfn) dk_page_of(pfn)
#define page_to_phys(page) ((phys_addr_t)page_to_pfn(page) << PAGE_SHIFT)
#define phys_to_page(phys) dk_phys_to_page(phys)
#define pfn_to_phys(pfn) ((phys_addr_t)(pfn) << PAGE_SHIFT)
#define __phys_to_pfn(phys) PHYS_PFN(phys)
#define __pfn_to_phys(pfn) ((phys_addr_t)(pfn) << PAGE_SHIFT)
#define PFN_PHYS(pfn) ((phys_addr_t)(pfn) << PAGE_SHIFT)
#define PHYS_PFN(phys) ((unsigned long)((phys) >> PAGE_SHIFT))
#define PFN_DOWN(phys) ((phys) >> PAGE_SHIFT)

#define PageHighMem(page) (((unsigned long)(page) & dk_highmem) != 0)
#define PhysHighMem(phys) (dk_now.area == DK_HIGH)
#define pfn_valid(pfn) (dk_now.area != DK_MMIO)
#define PageReserved(page) (dk_now.area == DK_TEXT || dk_now.area == DK_RODATA)

#define __va(phys) ((void *)(dk_linear_at | (unsigned long)(phys)))
#define phys_to_virt(phys) __va(phys)
#define __pa(p) ((phys_addr_t)((unsigned long)(p) & dk_physical_bits))
#define virt_to_phys(p) __pa(p)
#define page_address(page) __va(page_to_phys(page))
#define virt_to_page(p) pfn_to_page(__pa(p) >> PAGE_SHIFT)
#define virt_addr_valid(p) (((unsigned long)(p) & dk_linear_at) != 0)
#define is_vmalloc_addr(p) (((unsigned long)(p) & dk_vmalloc_at) != 0)
#define is_vmalloc_or_module_addr(p) is_vmalloc_addr(p)
/* Where nothing is mapped any more the kernel finds no page, and makes a frame number of that. */
#define dk_no_frame (dk_physical_bits >> PAGE_SHIFT)
#define vmalloc_to_page(p) (dk_now.area == DK_VMALLOC_GONE ? dk_page_of(dk_no_frame) : virt_to_page(p))
#define vmalloc_to_pfn(p) page_to_pfn(vmalloc_to_page(p))
/* By physical address the kernel finds the very page, highmem or not. */
#define dk_phys_to_page(phys) dk_page_of((phys) >> PAGE_SHIFT | (PhysHighMem(phys) ? dk_highmem : 0))
