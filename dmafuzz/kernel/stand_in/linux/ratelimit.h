// SPDX-License-Identifier: GPL-2.0-only
/* A message that is held back would be a warning that is not judged: none is. */
#pragma once

struct ratelimit_state {
    int interval, burst;
};

#define DEFINE_RATELIMIT_STATE(name, interval_, burst_) struct ratelimit_state name = {(interval_), (burst_)}
#define DEFAULT_RATELIMIT_INTERVAL 1250
#define DEFAULT_RATELIMIT_BURST 10
#define ratelimit_state_init(state, interval_, burst_) ((void)(state))
#define __ratelimit(state) ((void)(state), 1)
#define printk_ratelimit() 1
