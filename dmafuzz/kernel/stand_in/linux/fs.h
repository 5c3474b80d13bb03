// SPDX-License-Identifier: GPL-2.0-only
/* Files are never opened: it is enough that they compile. */
#pragma once
#include <linux/kernel.h>

struct inode;
struct file;
struct module;
struct seq_file;

struct file_operations {
    struct module *owner;
    int (*open)(struct inode *inode, struct file *file);
    ssize_t (*read)(struct file *file, char *to, size_t count, loff_t *at);
    ssize_t (*write)(struct file *file, const char *from, size_t count, loff_t *at);
    loff_t (*llseek)(struct file *file, loff_t to, int whence);
    int (*release)(struct inode *inode, struct file *file);
};

#define THIS_MODULE ((struct module *)NULL)
#define default_llseek NULL
#define seq_lseek NULL
#define seq_read NULL
#define single_release NULL
#define single_open(file, show, data) ((void)(show), 0)
#define simple_open NULL
#define seq_printf(seq, ...) ((void)(seq), (void)dk_print_nothing(0, ##__VA_ARGS__))
#define seq_puts(seq, text) ((void)(seq))
#define simple_read_from_buffer(to, count, at, from, available) ((void)(from), (ssize_t)0)
#define copy_from_user(to, from, count) ((void)(to), (void)(from), (count))
#define copy_to_user(to, from, count) ((void)(to), (void)(from), (count))
#define DEFINE_SHOW_ATTRIBUTE(name)                                                                    \
    static int (*const name##_shown)(struct seq_file *, void *) __attribute__((unused)) = name##_show; \
    static const struct file_operations name##_fops
