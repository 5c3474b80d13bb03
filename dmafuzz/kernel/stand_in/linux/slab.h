#pragma once
#include <linux/types.h>

#define GFP_KERNEL 1u
#define GFP_ATOMIC 2u
#define GFP_NOWAIT 4u
#define __GFP_NOWARN 8u
#define __GFP_ZERO 16u

void *dk_zalloc(size_t size);

#define kzalloc(size, gfp) dk_zalloc(size)
#define kmalloc(size, gfp) dk_zalloc(size)
#define kcalloc(count, size, gfp) dk_zalloc((count) * (size))
#define kzalloc_obj(object, ...) ((__typeof__(object) *)dk_zalloc(sizeof(object)))
#define kmalloc_obj(object, ...) kzalloc_obj(object)
#define get_zeroed_page(gfp) ((unsigned long)dk_zalloc(4096))
#define __get_free_page(gfp) get_zeroed_page(gfp)
/* Memory goes back at a reset. */
#define kfree(p) ((void)(p))
#define free_page(p) ((void)(p))
