// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/dmafuzz: a line written is carried out, what is read afterwards says what came of it. Each CPU has a thread that
 * is bound to it, whose stack is where stack buffers live.
 */
#include <linux/completion.h>
#include <linux/kmsg_dump.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "guest.h"

#define REPLY_BYTES (1 << 20)
#define LINE_BYTES 1024
#define IRQS_OFF 1
#define SPLIT 2

bool dare;
u8 *worker_stack[CPUS];

static char *reply;
static size_t replied;
static struct kmsg_dump_iter messages;
static DEFINE_MUTEX(turn);

struct worker {
	struct task_struct *task;
	struct completion wanted, done;
	struct action *action;
	char name[32];
	bool known;
	bool held;                      /* between the halves of a call */
};

static struct worker workers[CPUS];

static void say_list(const char *format, va_list arguments)
{
	replied += vscnprintf(reply + replied, REPLY_BYTES - replied, format, arguments);
}

void say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say_list(format, arguments);
	va_end(arguments);
}

void refuse(const char *why)
{
	say(" refused=%s", why);
}

/* What the kernel does not export: found once, through the only door there is. */
void *symbol(const char *name)
{
	static unsigned long (*lookup)(const char *name);
	struct kprobe probe = { .symbol_name = "kallsyms_lookup_name" };

	if (!lookup && !register_kprobe(&probe)) {
		lookup = (void *)probe.addr;
		unregister_kprobe(&probe);
	}
	return lookup ? (void *)lookup(name) : NULL;
}

static bool of_interest(const char *line)
{
	static const char *const words[] = { "DMA-API", "DMAR", "swiotlb", "WARNING:", "BUG", "Bad page",
					     "rejecting", "arm-smmu", "AMD-Vi", "iommu", "overflow", "bad:" };
	int i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (strstr(line, words[i]))
			return true;
	return false;
}

/* The kernel's messages since the last action: `tell` them, or only go past them. */
static void take_messages(bool tell)
{
	static char line[LINE_BYTES];
	size_t size;

	while (kmsg_dump_get_line(&messages, true, line, sizeof(line) - 1, &size)) {
		line[size] = 0;
		while (size && line[size - 1] == '\n')
			line[--size] = 0;
		if (tell && of_interest(line))
			say("! %s\n", line);
	}
}

static noinline int serve(void *data)
{
	struct worker *w = data;
	u8 frame[2 * STACK_BYTES];

	worker_stack[w - workers] = PTR_ALIGN(&frame[0], STACK_BYTES);
	barrier_data(frame);
	while (!wait_for_completion_interruptible(&w->wanted) && !kthread_should_stop()) {
		if (w->action->irqs_off)
			local_irq_disable();
		w->known = act(w->action);
		if (w->action->irqs_off)
			local_irq_enable();
		complete(&w->done);
	}
	return 0;
}

/* Until the action is done or, where it is to stop between its halves, until it has come there. */
static bool on_cpu(struct action *a)
{
	static struct action actions[CPUS];
	struct worker *w = &workers[a->cpu];

	if (!strcmp(a->name, "finish")) {
		if (!w->held)
			return false;
		w->held = false;
		half_go(a->cpu);
		wait_for_completion(&w->done);
		return true;
	}
	if (w->held)
		return false;
	actions[a->cpu] = *a;           /* outlives the line that asks for it */
	strscpy(w->name, a->name, sizeof(w->name));
	actions[a->cpu].name = w->name;
	w->action = &actions[a->cpu];
	if (a->split)
		half_wanted(a->cpu, w->task);
	complete(&w->wanted);
	if (!a->split) {
		wait_for_completion(&w->done);
		return w->known;
	}
	while (!try_wait_for_completion(&w->done)) {
		if (try_wait_for_completion(half_reached(a->cpu))) {
			w->held = true;
			say(" held");
			return true;
		}
		schedule_timeout_uninterruptible(1);
	}
	half_forgotten(a->cpu);
	return w->known;
}

/* NAME CPU FLAGS WORDS... */
static bool parse(char *line, struct action *a)
{
	char *word;
	s64 value;
	int number = 0;

	memset(a, 0, sizeof(*a));
	a->name = strsep(&line, " ");
	while ((word = strsep(&line, " "))) {
		if (!*word)
			continue;
		if (kstrtos64(word, 0, &value) || number >= WORDS + 2)
			return false;
		if (number == 0)
			a->cpu = value;
		else if (number == 1)
			a->irqs_off = value & IRQS_OFF, a->split = value & SPLIT;
		else
			a->word[a->words++] = value;
		number++;
	}
	return number >= 2 && a->cpu >= 0 && a->cpu < CPUS && workers[a->cpu].task;
}

static ssize_t guest_write(struct file *file, const char __user *from, size_t size, loff_t *at)
{
	static char line[LINE_BYTES];
	struct action action;
	size_t mark;

	if (size >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, from, size))
		return -EFAULT;
	line[size] = 0;
	strim(line);
	mutex_lock(&turn);
	replied = 0;
	if (!parse(line, &action)) {
		say("=? cannot be read\n");
	} else {
		say("=%s", action.name);
		if (!on_cpu(&action))
			say(" refused=unknown");
		say("\n");
		/* Messages come first, so that the line with = ends the answer. */
		mark = replied;
		take_messages(true);
		if (replied > mark) {
			char *copy = kmemdup(reply, replied, GFP_KERNEL);

			if (copy) {
				memcpy(reply, copy + mark, replied - mark);
				memcpy(reply + replied - mark, copy, mark);
				kfree(copy);
			}
		}
	}
	mutex_unlock(&turn);
	return size;
}

static ssize_t guest_read(struct file *file, char __user *to, size_t size, loff_t *at)
{
	ssize_t part;

	mutex_lock(&turn);
	part = min(size, replied);
	if (copy_to_user(to, reply, part))
		part = -EFAULT;
	else {
		memmove(reply, reply + part, replied - part);
		replied -= part;
	}
	mutex_unlock(&turn);
	return part;
}

static const struct file_operations guest_files = {
	.owner = THIS_MODULE,
	.read = guest_read,
	.write = guest_write,
};

static struct miscdevice guest_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "dmafuzz",
	.fops = &guest_files,
};

static int workers_begin(void)
{
	int cpu;

	for_each_online_cpu(cpu) {
		struct worker *w;

		if (cpu >= CPUS)
			break;
		w = &workers[cpu];
		init_completion(&w->wanted);
		init_completion(&w->done);
		w->task = kthread_create(serve, w, "dmafuzz/%d", cpu);
		if (IS_ERR(w->task))
			return PTR_ERR(w->task);
		kthread_bind(w->task, cpu);
		wake_up_process(w->task);
	}
	return 0;
}

static int __init guest_begin(void)
{
	int failed;

	reply = vmalloc(REPLY_BYTES);
	if (!reply)
		return -ENOMEM;
	failed = quiet_begin();
	if (!failed)
		failed = tracker_begin();
	if (!failed)
		failed = edu_begin();
	if (!failed)
		failed = buffers_begin();
	if (!failed)
		failed = workers_begin();
	if (!failed)
		failed = halves_begin();
	if (!failed)
		failed = misc_register(&guest_device);
	if (failed) {
		pr_err("dmafuzz: cannot begin: %d\n", failed);
		return failed;
	}
	kmsg_dump_rewind(&messages);
	take_messages(false);
	return 0;
}

/* The guest is thrown away as a whole: the module is never taken out. */
module_init(guest_begin);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("carries out programs of DMA API calls, for dmafuzz");
