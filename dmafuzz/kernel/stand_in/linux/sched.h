// SPDX-License-Identifier: GPL-2.0-only
#pragma once
#include <linux/vmalloc.h>

#define THREAD_SIZE 16384

struct task_struct {
    void *stack;
    struct vm_struct *stack_vm_area; /* NULL: stacks are in the linear map */
};

#define current (&dk_now.tasks[dk_now.cpu])
#define task_stack_vm_area(task) ((task)->stack_vm_area)
#define task_stack_page(task) ((task)->stack)

static inline bool dk_on_stack(const struct task_struct *task, const void *p) {
    return (unsigned long)p - (unsigned long)task->stack < THREAD_SIZE;
}
#define object_is_on_stack(p) dk_on_stack(current, p)
