// SPDX-License-Identifier: GPL-2.0-only
/*
 * Warnings without registers and stack traces, which take longer than all the rest of a program and tell the host
 * nothing: the functions that print them are led to one that does not. A kernel that dies still says everything.
 */
#include <linux/kprobes.h>
#include <linux/printk.h>

#include "guest.h"

static int *some_errors;
static u32 *all_errors;

static void say_nothing(void)
{
}

static int at_trace(struct kprobe *probe, struct pt_regs *regs)
{
	if (oops_in_progress)
		return 0;
	instruction_pointer_set(regs, (unsigned long)say_nothing);
	return 1;
}

/* With it, the probe is no jump, which would not heed where it is sent. */
static void after_trace(struct kprobe *probe, struct pt_regs *regs, unsigned long flags)
{
}

static struct kprobe traces[] = {
	{ .symbol_name = "show_regs", .pre_handler = at_trace, .post_handler = after_trace },
	{ .symbol_name = "stack_trace_print", .pre_handler = at_trace, .post_handler = after_trace },
};

int quiet_begin(void)
{
	int i;

	some_errors = symbol("show_num_errors");
	all_errors = symbol("show_all_errors");
	for (i = 0; i < ARRAY_SIZE(traces); i++)
		register_kprobe(&traces[i]);    /* where it cannot be, a warning takes longer */
	return all_errors ? 0 : -ENOENT;
}

/* Whether the tracker tells every error, or none. */
void tell_errors(bool all)
{
	*all_errors = all;
	if (some_errors)
		*some_errors = 0;
}
