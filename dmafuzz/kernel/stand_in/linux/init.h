// SPDX-License-Identifier: GPL-2.0-only
#pragma once
#include <dk/own.h>

enum { dk_initcalls_max = 8 };
static int (*dk_initcalls[dk_initcalls_max])(void) DK_OWN;
static int dk_initcall_levels[dk_initcalls_max] DK_OWN;
static int dk_initcall_count DK_OWN;

static void dk_add_initcall(int level, int (*function)(void)) {
    if (dk_initcall_count == dk_initcalls_max) return;
    dk_initcalls[dk_initcall_count] = function;
    dk_initcall_levels[dk_initcall_count++] = level;
}

/* The loader collects them, dmafuzz_kernel_boot() runs them by level. */
#define dk_initcall(level, function) \
    __attribute__((constructor)) static void dk_register_##function(void) { dk_add_initcall(level, function); }
#define pure_initcall(function) dk_initcall(0, function)
#define core_initcall(function) dk_initcall(1, function)
#define core_initcall_sync(function) dk_initcall(2, function)
#define postcore_initcall(function) dk_initcall(3, function)
#define arch_initcall(function) dk_initcall(4, function)
#define subsys_initcall(function) dk_initcall(5, function)
#define fs_initcall(function) dk_initcall(6, function)
#define device_initcall(function) dk_initcall(7, function)
#define late_initcall(function) dk_initcall(8, function)

#define __setup(parameter, function) __attribute__((unused)) static int (*const dk_setup_##function)(char *) = function;
#define early_param(parameter, function) __setup(parameter, function)
