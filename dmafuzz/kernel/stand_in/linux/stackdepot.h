// SPDX-License-Identifier: GPL-2.0-only
/* Stacks by number: that of the call, and one. Zero is no stack. */
#pragma once
#include <linux/stacktrace.h>

typedef u32 depot_stack_handle_t;

/* What was fetched last. */
static unsigned long dk_depot[1] DK_OWN;
static void dk_about_made_at(unsigned int call);

#define stack_depot_init() 0
#define stack_depot_want_early_init() ((void)0)
#define stack_depot_request_early_init() ((void)0)
#define stack_depot_save(store, count, gfp) ((depot_stack_handle_t)((store)[0] + 1))
#define stack_depot_save_flags(store, count, gfp, flags) stack_depot_save(store, count, gfp)
#define stack_depot_print(handle)             \
    ({                                        \
        depot_stack_handle_t dk_h = (handle); \
        if (dk_h) dk_about_made_at(dk_h - 1); \
    })
#define stack_depot_put(handle) ((void)(handle))
#define stack_depot_snprint(handle, to, size, spaces) ((void)(handle), 0)

static inline unsigned int stack_depot_fetch(depot_stack_handle_t handle, unsigned long **store) {
    *store = handle ? dk_depot : NULL;
    dk_depot[0] = handle - 1;
    return handle ? 1 : 0;
}
