// SPDX-License-Identifier: GPL-2.0-only
/* Everything at once, before the kernel's file: which of its headers it takes a name from differs
 * between kernels. Headers that only exist there are made empty for the build. */
#pragma once

#define CONFIG_DMA_API_DEBUG 1
#define CONFIG_DMA_API_DEBUG_SG 1
#define CONFIG_STACKTRACE 1
#define CONFIG_DEBUG_FS 1
#define CONFIG_MMU 1

#include <linux/kernel.h>
#include <dk/now.h>
#include <linux/atomic.h>
#include <linux/bitops.h>
#include <linux/cache.h>
#include <linux/cleanup.h>
#include <linux/ctype.h>
#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/hashtable.h>
#include <linux/init.h>
#include <linux/interval_tree.h>
#include <linux/jiffies.h>
#include <linux/jump_label.h>
#include <linux/list.h>
#include <linux/maple_tree.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/printk.h>
#include <linux/radix-tree.h>
#include <linux/ratelimit.h>
#include <linux/rbtree.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/scatterlist.h>
#include <linux/seqlock.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/stackdepot.h>
#include <linux/stacktrace.h>
#include <linux/xarray.h>
#include <asm/sections.h>
