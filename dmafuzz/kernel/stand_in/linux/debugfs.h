// SPDX-License-Identifier: GPL-2.0-only
/* debugfs tells which variables dma-debug has: one of them makes it report every error. */
#pragma once
#include <dk/own.h>
#include <linux/fs.h>

struct dentry;

struct dk_variable {
    const char *name;
    void *at;
    unsigned int size;
};

enum { dk_variables_max = 32 };
static struct dk_variable dk_variables[dk_variables_max] DK_OWN;
static int dk_variable_count DK_OWN;

static struct dentry *dk_add_variable(const char *name, void *at, unsigned int size) {
    if (dk_variable_count < dk_variables_max) dk_variables[dk_variable_count++] = (struct dk_variable){name, at, size};
    return (struct dentry *)dk_variables;
}

#define debugfs_create_dir(name, parent) ((void)(parent), (struct dentry *)dk_variables)
#define debugfs_create_bool(name, mode, parent, p) ((void)(parent), dk_add_variable(name, p, sizeof *(p)))
#define debugfs_create_u32(name, mode, parent, p) ((void)(parent), dk_add_variable(name, p, sizeof *(p)))
#define debugfs_create_u64(name, mode, parent, p) ((void)(parent), dk_add_variable(name, p, sizeof *(p)))
#define debugfs_create_u8(name, mode, parent, p) ((void)(parent), dk_add_variable(name, p, sizeof *(p)))
#define debugfs_create_ulong(name, mode, parent, p) ((void)(parent), dk_add_variable(name, p, sizeof *(p)))
#define debugfs_create_size_t(name, mode, parent, p) ((void)(parent), dk_add_variable(name, p, sizeof *(p)))
#define debugfs_create_x32(name, mode, parent, p) ((void)(parent), dk_add_variable(name, p, sizeof *(p)))
#define debugfs_create_x64(name, mode, parent, p) ((void)(parent), dk_add_variable(name, p, sizeof *(p)))
#define debugfs_create_atomic_t(name, mode, parent, p) ((void)(parent), dk_add_variable(name, p, sizeof *(p)))
#define debugfs_create_file(name, mode, parent, data, fops) ((void)(fops), debugfs_create_dir(name, parent))
#define debugfs_remove_recursive(dentry) ((void)(dentry))
