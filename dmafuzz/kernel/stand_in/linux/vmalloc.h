// SPDX-License-Identifier: GPL-2.0-only
#pragma once
#include <linux/mm.h>

struct vm_struct {
    struct page **pages;
    unsigned int nr_pages;
};
