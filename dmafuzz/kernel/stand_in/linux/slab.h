// SPDX-License-Identifier: GPL-2.0-only
#pragma once
#include <linux/cleanup.h>
#include <linux/types.h>

#define GFP_KERNEL 1u
#define GFP_ATOMIC 2u
#define GFP_NOWAIT 4u
#define __GFP_NOWARN 8u
#define __GFP_ZERO 16u

#define GFP_DMA 32u
#define GFP_KERNEL_ACCOUNT GFP_KERNEL
#define __GFP_NOFAIL 64u
#define __GFP_ATOMIC 128u

void *dk_zalloc(size_t size);
/* The first few kilobytes at boot are where a reset copies them back: what is written to them later is undone. */
void *dk_kzalloc(size_t size);

#define kzalloc(size, gfp) dk_kzalloc(size)
#define kmalloc(size, gfp) dk_kzalloc(size)
#define kcalloc(count, size, gfp) dk_kzalloc((count) * (size))
#define kmalloc_array(count, size, gfp) kcalloc(count, size, gfp)
#define kvmalloc(size, gfp) dk_zalloc(size)
#define kvzalloc(size, gfp) dk_zalloc(size)
#define kvcalloc(count, size, gfp) dk_zalloc((count) * (size))
#define vmalloc(size) dk_zalloc(size)
#define vzalloc(size) dk_zalloc(size)
#define kzalloc_obj(object, ...) ((__typeof__(object) *)dk_kzalloc(sizeof(object)))
#define kmalloc_obj(object, ...) kzalloc_obj(object)
#define get_zeroed_page(gfp) ((unsigned long)dk_zalloc(4096))
#define __get_free_page(gfp) get_zeroed_page(gfp)
#define __get_free_pages(gfp, order) ((unsigned long)dk_zalloc(4096ul << (order)))
/* Memory goes back at a reset. */
#define kfree(p) ((void)(p))
#define kvfree(p) ((void)(p))
#define vfree(p) ((void)(p))
#define kfree_sensitive(p) ((void)(p))
#define free_page(p) ((void)(p))
#define free_pages(p, order) ((void)(p))

struct kmem_cache {
    size_t size;
    void (*init)(void *object);
};

#define SLAB_HWCACHE_ALIGN 1u
#define SLAB_PANIC 2u
#define SLAB_TYPESAFE_BY_RCU 4u
#define SLAB_ACCOUNT 8u

static inline struct kmem_cache *dk_make_cache(size_t size, void (*init)(void *)) {
    struct kmem_cache *cache = dk_kzalloc(sizeof *cache);

    if (cache) *cache = (struct kmem_cache){size, init};
    return cache;
}

static inline void *kmem_cache_zalloc(const struct kmem_cache *cache, gfp_t gfp) {
    void *object = dk_zalloc(cache->size);

    (void)gfp;
    if (object && cache->init) cache->init(object);
    return object;
}
#define kmem_cache_create(name, size, align, flags, init) dk_make_cache(size, init)
#define KMEM_CACHE(type, flags) dk_make_cache(sizeof(struct type), NULL)
#define kmem_cache_alloc(cache, gfp) kmem_cache_zalloc(cache, gfp)
#define kmem_cache_free(cache, object) ((void)(cache), (void)(object))
#define kmem_cache_destroy(cache) ((void)(cache))

DEFINE_FREE(kfree, void *, kfree(_T))
DEFINE_FREE(kvfree, void *, kvfree(_T))
