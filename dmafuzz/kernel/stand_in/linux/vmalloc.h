#pragma once
#include <linux/mm.h>

struct vm_struct {
    struct page **pages;
    unsigned int nr_pages;
};
