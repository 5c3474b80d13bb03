// SPDX-License-Identifier: GPL-2.0-only
/* Static branches: variables, which a reset copies back. */
#pragma once
#include <linux/compiler.h>
#include <linux/types.h>

struct static_key {
    int enabled;
};
struct static_key_true {
    struct static_key key;
};
struct static_key_false {
    struct static_key key;
};

#define STATIC_KEY_INIT_TRUE {1}
#define STATIC_KEY_INIT_FALSE {0}
#define STATIC_KEY_TRUE_INIT {{1}}
#define STATIC_KEY_FALSE_INIT {{0}}
#define DEFINE_STATIC_KEY_TRUE(name) struct static_key_true name = STATIC_KEY_TRUE_INIT
#define DEFINE_STATIC_KEY_FALSE(name) struct static_key_false name = STATIC_KEY_FALSE_INIT
#define DEFINE_STATIC_KEY_TRUE_RO(name) DEFINE_STATIC_KEY_TRUE(name)
#define DEFINE_STATIC_KEY_FALSE_RO(name) DEFINE_STATIC_KEY_FALSE(name)
#define DECLARE_STATIC_KEY_TRUE(name) extern struct static_key_true name
#define DECLARE_STATIC_KEY_FALSE(name) extern struct static_key_false name

#define dk_key(branch) (&(branch)->key)
#define static_key_enabled(branch) (dk_key(branch)->enabled > 0)
#define static_branch_likely(branch) likely(static_key_enabled(branch))
#define static_branch_unlikely(branch) unlikely(static_key_enabled(branch))
#define static_branch_enable(branch) ((void)(dk_key(branch)->enabled = 1))
#define static_branch_disable(branch) ((void)(dk_key(branch)->enabled = 0))
#define static_branch_inc(branch) ((void)++dk_key(branch)->enabled)
#define static_branch_dec(branch) ((void)--dk_key(branch)->enabled)
#define static_branch_enable_cpuslocked(branch) static_branch_enable(branch)
#define static_branch_disable_cpuslocked(branch) static_branch_disable(branch)
