// SPDX-License-Identifier: GPL-2.0-only
/* The machine as it stands: what the stand-ins ask while a hook runs. */
#pragma once
#include <dk/own.h>
#include <linux/sched.h>
#include "../../abi.h"

static struct {
    struct dk_machine machine;
    struct task_struct tasks[DK_CPUS];
    unsigned int cpu;
    unsigned int area; /* of the running call's CPU address */
    bool walking;      /* see dk/walk.h */
    unsigned int call; /* index of the running call since the last reset */
} dk_now DK_OWN;
