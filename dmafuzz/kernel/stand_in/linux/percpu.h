// SPDX-License-Identifier: GPL-2.0-only
/* A variable for each CPU. Those that have a name are gathered in a section, which is CPU 0's; the others' copies lie
 * one after another. What is allocated is an array. */
#pragma once
#include <dk/now.h>
#include <dk/undo.h>
#include <linux/kernel.h>
#include <linux/slab.h>

#define nr_cpu_ids ((unsigned int)DK_CPUS)
#define num_possible_cpus() nr_cpu_ids
#define num_online_cpus() nr_cpu_ids
#define smp_processor_id() (dk_now.cpu)
#define raw_smp_processor_id() (dk_now.cpu)
#define get_cpu() (dk_now.cpu)
#define put_cpu() ((void)0)
#define for_each_possible_cpu(cpu) for ((cpu) = 0; (cpu) < (int)DK_CPUS; ++(cpu))
#define for_each_online_cpu(cpu) for_each_possible_cpu(cpu)
#define for_each_present_cpu(cpu) for_each_possible_cpu(cpu)

enum { dk_percpu_max = 1024 };
static char *dk_percpu_copies DK_OWN; /* what is there is no variable of ours */
__attribute__((weak, visibility("hidden"))) extern char __start_dk_percpu[], __stop_dk_percpu[];

#define __percpu
#define DEFINE_PER_CPU(type, name) __typeof__(type) name __attribute__((section("dk_percpu")))
#define DEFINE_PER_CPU_ALIGNED(type, name) DEFINE_PER_CPU(type, name)
#define DEFINE_PER_CPU_SHARED_ALIGNED(type, name) DEFINE_PER_CPU(type, name)
#define DEFINE_PER_CPU_READ_MOSTLY(type, name) DEFINE_PER_CPU(type, name)
#define DECLARE_PER_CPU(type, name) extern __typeof__(type) name

/* What they begin with is the same on all CPUs. */
static void dk_percpu_boot(void) {
    unsigned long size = __stop_dk_percpu - __start_dk_percpu;

    if (!size) return;
    if (size > dk_percpu_max) dk_crash("too many variables for each CPU");
    dk_percpu_copies = dk_kzalloc((DK_CPUS - 1) * size);
    for (int cpu = 1; cpu < DK_CPUS; ++cpu) memcpy(dk_percpu_copies + (cpu - 1) * size, __start_dk_percpu, size);
}

static inline void *dk_percpu_at(void *p, size_t size, unsigned int cpu) {
    unsigned long offset = (char *)p - __start_dk_percpu, all = __stop_dk_percpu - __start_dk_percpu;

    if (cpu >= DK_CPUS) dk_crash("there is no such CPU");
    if (offset >= all) return (char *)p + cpu * size;
    return cpu ? dk_percpu_copies + (cpu - 1) * all + offset : p;
}

#define per_cpu_ptr(p, cpu) ((__typeof__(p))dk_percpu_at((void *)(p), sizeof *(p), cpu))
#define per_cpu(name, cpu) (*per_cpu_ptr(&(name), cpu))
#define this_cpu_ptr(p) per_cpu_ptr(p, dk_now.cpu)
#define raw_cpu_ptr(p) this_cpu_ptr(p)
#define get_cpu_ptr(p) this_cpu_ptr(p)
#define put_cpu_ptr(p) ((void)(p))
#define get_cpu_var(name) (*this_cpu_ptr(&(name)))
#define put_cpu_var(name) ((void)&(name))

#define dk_this_cpu(name, change)                            \
    ({                                                       \
        __typeof__(&(name)) dk_here = this_cpu_ptr(&(name)); \
        dk_undo_memory(dk_here, sizeof *dk_here);            \
        *dk_here change;                                     \
    })
#define this_cpu_read(name) (*this_cpu_ptr(&(name)))
#define this_cpu_write(name, n) ((void)dk_this_cpu(name, = (n)))
#define this_cpu_add(name, n) ((void)dk_this_cpu(name, += (n)))
#define this_cpu_sub(name, n) ((void)dk_this_cpu(name, -= (n)))
#define this_cpu_inc(name) this_cpu_add(name, 1)
#define this_cpu_dec(name) this_cpu_sub(name, 1)
#define this_cpu_add_return(name, n) dk_this_cpu(name, += (n))
#define this_cpu_inc_return(name) this_cpu_add_return(name, 1)
#define __this_cpu_read(name) this_cpu_read(name)
#define __this_cpu_write(name, n) this_cpu_write(name, n)
#define __this_cpu_add(name, n) this_cpu_add(name, n)
#define __this_cpu_inc(name) this_cpu_inc(name)
#define __this_cpu_dec(name) this_cpu_dec(name)
#define raw_cpu_read(name) this_cpu_read(name)
#define raw_cpu_write(name, n) this_cpu_write(name, n)
#define raw_cpu_inc(name) this_cpu_inc(name)

#define alloc_percpu(type) ((__typeof__(type) *)dk_kzalloc(sizeof(type) * DK_CPUS))
#define alloc_percpu_gfp(type, gfp) alloc_percpu(type)
#define free_percpu(p) ((void)(p))
