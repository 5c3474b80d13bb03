// SPDX-License-Identifier: GPL-2.0-only
/* The kernel side: included after the tree's debug.c, in one translation unit, so that the compiler
 * sees the hooks and the stand-ins together. Features (DK_HAS_...) are probed by build.py. */

#define DK_EXPORT __attribute__((visibility("default")))

static struct {
    struct dk_warning *out;
    int count, max;
    const struct dk_call *calls;
    int first, calls_count;   /* of these calls, counted from the last reset */
} dk_run DK_OWN;

static bool dk_booted DK_OWN;
static bool dk_dead DK_OWN;   /* the kernel crashed: nothing runs until the next reset */
static u64 dk_runs DK_OWN;    /* resets since boot, plus one */
static bool dk_running DK_OWN;
static void *dk_escape[5] DK_OWN;

int dk_classify(const char *format);
const char *dk_format(const char *format, __builtin_va_list args);
void dk_texts_clear(void);
int dk_memory_mark(void);
void dk_memory_reset(void);
void dk_memory_restore(void);
int dk_snapshot_take(const char *table, size_t table_size);
void dk_snapshot_machine(const struct dk_machine *machine);
void dk_snapshot_restore(void);
const struct dk_machine *dk_snapshot_restore_all(void);

static struct device_driver dk_driver = {"driver"};
static const struct bus_type dk_bus = {"pci"};
static struct device dk_devices[DK_DEVICES] DK_OWN;
static const char *const dk_device_names[DK_DEVICES] = {"dev0", "dev1", "dev2", "dev3"};
static struct page *dk_stack_pages[DK_CPUS][THREAD_SIZE / PAGE_SIZE] DK_OWN;
static struct vm_struct dk_stack_areas[DK_CPUS] DK_OWN;

#include "about.c"

static void dk_record(int id, bool traced, const char *text) {
    if (dk_run.count < dk_run.max)
        dk_run.out[dk_run.count] = (struct dk_warning){.call = dk_now.call, .mapped_at = DK_NO_CALL, .id = id,
                                                       .counted = dk_newly_counted(), .traced = traced, .text = text};
    ++dk_run.count;
}

static struct dk_warning *dk_last_warning(void) {
    return dk_run.count && dk_run.count <= dk_run.max ? &dk_run.out[dk_run.count - 1] : NULL;
}

static noinline void dk_report(struct dk_site *site, ...) {
    const char *text = site->format;
    __builtin_va_list args;

    if (!site->id) site->id = dk_classify(site->format);
    if (site->id == dk_ignored) return;
    if (dk_now.machine.texts) {
        __builtin_va_start(args, site);
        text = dk_format(site->format, args);
        __builtin_va_end(args);
    }
    dk_record(site->id - 1, site->traced, text);
    if (!dk_last_warning()) return;
    if (site->id - 1 == DK_LEAK) dk_about_left(dk_last_warning());
    if (site->id - 1 == DK_LINE_OVERLAP) dk_about_newest(dk_last_warning());
    if (site->id - 1 == DK_OVERLAP_7) {
        __builtin_va_start(args, site);
        (void)__builtin_va_arg(args, int);  /* how many */
        dk_about_line(dk_last_warning(), *__builtin_va_arg(args, const phys_addr_t *));
        __builtin_va_end(args);
    }
}

static void dk_about_made_at(unsigned int call) {
    struct dk_warning *last = dk_last_warning();

    if (!last) return;
    last->mappings |= dk_mapping_made_at(call);
    if (last->id == DK_LINE_OVERLAP) return;  /* the new one; the other one is the cacheline's */
    last->mapped_at = call;
}

static void dk_about_entry(const unsigned long *store) {
    struct dk_warning *last = dk_last_warning();

    if (store == dk_depot) dk_about_made_at(dk_depot[0]);
#ifdef DK_TRACE_MEMBER
    else if (last) {
        const struct dma_debug_entry *entry = container_of(store, struct dma_debug_entry, DK_TRACE_MEMBER[0]);

        last->dev_addr = entry->dev_addr;
        dk_about_made_at(dk_made_by(entry));
        if (last->id == DK_ASSERT_IDLE) dk_about_line_of(last, entry);
    }
#endif
}

static noinline void dk_fail(int id, const char *why) __attribute__((noreturn, cold));
static noinline void dk_fail(int id, const char *why) {
    if (dk_run.count >= dk_run.max && dk_run.max) dk_run.count = dk_run.max - 1;  /* told in any case */
    dk_record(id, false, why);
    dk_running = false;
    __builtin_longjmp(dk_escape, 1);
}

static noinline void dk_crash(const char *why) { dk_fail(DK_CRASH, why); }
static noinline void dk_hang(void) { dk_fail(DK_HANG, "locks and list steps without end"); }
static noinline void dk_deadlock(const char *lock) { dk_fail(DK_DEADLOCK, lock); }

static noinline __cold bool dk_filled_again(struct dk_counter *counter) {
    bool again = counter->run == dk_runs && counter->call == dk_now.call;

    counter->run = dk_runs;
    counter->call = dk_now.call;
    return again;
}

DK_EXPORT void dmafuzz_kernel_abort(int id) {
    if (dk_running) dk_fail(id, NULL);
}

/* Addresses */

static inline bool dk_in_vmalloc(unsigned int area) {
    return area == DK_VMALLOC || area == DK_VMALLOC_STACK || area == DK_VMALLOC_GONE;
}

static inline struct page *dk_page(u64 phys, unsigned int area) {
    return dk_page_of(phys >> PAGE_SHIFT | (area == DK_HIGH ? dk_highmem : 0));
}

static inline void *dk_address(u64 phys, unsigned int area) {
    if (area == DK_MMIO) return (void *)dk_physical_bits;
    return (void *)((dk_in_vmalloc(area) ? dk_vmalloc_at : dk_linear_at) | phys);
}

static unsigned long dk_attrs(unsigned int attrs) {
    return (attrs & DK_SKIP_CPU_SYNC ? DMA_ATTR_SKIP_CPU_SYNC : 0) | (attrs & DK_NO_WARN ? DMA_ATTR_NO_WARN : 0) |
           (attrs & DK_WEAK_ORDERING ? DMA_ATTR_WEAK_ORDERING : 0) | (attrs & DK_ATTR_MMIO ? DMA_ATTR_MMIO : 0) |
           (attrs & DK_IGNORE_CACHELINES ? DMA_ATTR_DEBUGGING_IGNORE_CACHELINES : 0) |
           (attrs & DK_REQUIRE_COHERENT ? DMA_ATTR_REQUIRE_COHERENT : 0);
}

static void dk_list(const struct dk_call *call, struct scatterlist *list) {
    for (int i = 0; i < DK_ENTRIES; ++i) {
        const struct dk_entry *e = &call->entries[i];

        list[i] = (struct scatterlist){dk_page(e->phys, e->area), offset_in_page(e->phys), e->size, e->dma,
                                       e->dma_size};
    }
}

#include "hooks.c"
#include "walk.c"

/* Boot, reset, run */

static void dk_run_initcalls(void) {
    for (int level = 0; level <= 8; ++level)
        for (int i = 0; i < dk_initcall_count; ++i)
            if (dk_initcall_levels[i] == level) dk_initcalls[i]();
}

static const struct dk_variable *dk_variable(const char *name) {
    for (int i = 0; i < dk_variable_count; ++i)
        if (!strcmp(dk_variables[i].name, name)) return &dk_variables[i];
    return NULL;
}

/* How many errors are printed as shipped is kept before all of them are. */
static u32 dk_shown DK_OWN = 1;

static void dk_report_all_errors(void) {
    const struct dk_variable *shown = dk_variable("num_errors"), *all = dk_variable("all_errors");

    if (shown && shown->size == sizeof dk_shown) dk_shown = *(u32 *)shown->at;
    if (all && all->size == 1) *(u8 *)all->at = 1;
    else if (all) *(u32 *)all->at = 1;
}

/* The table of buckets is no part of what a reset copies back as long as all that changes in it are lists. */
static int dk_keep(void) {
#ifdef DK_HAS_TABLE
    struct dk_plain_bucket {
        struct list_head list;
        spinlock_t lock;
    };

    if (sizeof(struct hash_bucket) != sizeof(struct dk_plain_bucket)) return dk_snapshot_take(NULL, 0);
    return dk_snapshot_take((const char *)dma_entry_hash, sizeof dma_entry_hash);
#else
    return dk_snapshot_take(NULL, 0);
#endif
}

static void dk_forget(void) {
    dk_trees_reset();
    dk_once_reset();
    dk_buckets_reset();
    dk_locks_reset();
    dk_list_steps.count = 0;
    ++dk_runs;
    dk_now.call = 0;
    dk_now.walking = false;
    dk_running = false;
    dk_dead = false;
}

/* After the first boot everything is kept as it is; the machine's facts are no part of it. */
static int dk_first_boot(void) {
    dk_running = true;
    dk_percpu_boot();
    dk_run_initcalls();
#ifdef DK_INIT_WITH_COUNT
    dma_debug_init(1 << 16);
#endif
    dma_debug_add_bus((void *)&dk_bus);
    dk_running = false;
    dk_report_all_errors();
    dk_undo_top = dk_undo_log;
    dk_forget();
    dk_booted = true;
    return dk_memory_mark() || dk_keep() ? -4 : 0;
}

static void dk_set_machine(const struct dk_machine *machine) {
    dk_now.machine = *machine;
    for (int i = 0; i < DK_DEVICES; ++i)
        dk_devices[i] = (struct device){&dk_driver, &dk_bus, dk_device_names[i], &dk_now.machine.devices[i]};
    for (int cpu = 0; cpu < DK_CPUS; ++cpu) {
        u64 phys = 0x10000 + cpu * THREAD_SIZE;
        bool vmalloc = machine->stacks_in_vmalloc;

        for (int i = 0; i < (int)(THREAD_SIZE / PAGE_SIZE); ++i)
            dk_stack_pages[cpu][i] = dk_page(phys + i * PAGE_SIZE, DK_LINEAR);
        dk_stack_areas[cpu] = (struct vm_struct){dk_stack_pages[cpu], THREAD_SIZE / PAGE_SIZE};
        dk_now.tasks[cpu] = (struct task_struct){dk_address(phys, vmalloc ? DK_VMALLOC : DK_LINEAR),
                                                 vmalloc ? &dk_stack_areas[cpu] : NULL};
    }
}

DK_EXPORT int dmafuzz_kernel_boot(const struct dk_machine *machine) {
    int failed;

    if (machine->abi_version != DK_ABI_VERSION || machine->l1_shift > PAGE_SHIFT) return -1;
#ifdef DK_FIXED_L1_SHIFT
    if (machine->l1_shift != DK_FIXED_L1_SHIFT) return -2;
#endif
    if (dk_booted) dmafuzz_kernel_reset();
    dk_note_stack();
    dk_set_machine(machine);
    if (!dk_booted) {
        if (__builtin_setjmp(dk_escape)) return -3;
        failed = dk_first_boot();
        if (failed) return failed;
    }
    dk_snapshot_machine(machine);
    return 0;
}

static noinline void dk_undo_run(void) {
    dk_undo_all();
    dk_memory_reset();
    dk_snapshot_restore();
}

/* A stray write that no check noticed may have hit the lists: false then. */
static noinline bool dk_undone(void) {
    dk_run.count = dk_run.max = 0;
    if (__builtin_setjmp(dk_escape)) return false;
    dk_running = true;
    dk_undo_run();
    dk_running = false;
    return true;
}

/* After a crash nothing that the kernel's code can have written to is left as it is. */
static noinline __cold void dk_restore(void) {
    const struct dk_machine *machine;

    dk_memory_restore();
    machine = dk_snapshot_restore_all();
    dk_set_machine(machine);
}

DK_EXPORT void dmafuzz_kernel_reset(void) {
    if (unlikely(dk_dead) || !dk_undone()) dk_restore();
    dk_forget();
}

static noinline void dk_run_calls(const struct dk_call *calls, int n) {
    for (int i = 0; i < n; ++i, ++dk_now.call) {
        dk_now.cpu = calls[i].cpu % DK_CPUS;
        dk_now.area = calls[i].area;
        dk_no_walk();
        dk_hook(&calls[i]);
        if (unlikely(dk_held != NULL)) dk_deadlock("a hook has returned with a lock held");
    }
}

DK_EXPORT int dmafuzz_kernel_run(const struct dk_call *calls, int n, struct dk_warning *out, int max) {
    dk_run.out = out;
    dk_run.count = 0;
    dk_run.max = max;
    dk_run.calls = calls;
    dk_run.first = dk_now.call;
    dk_run.calls_count = n;
    dk_newly_counted();
    dk_note_stack();
    if (dk_dead) return 0;
    if (dk_now.machine.texts) dk_texts_clear();
    if (__builtin_setjmp(dk_escape)) {
        dk_dead = true;
        return dk_run.count;
    }
    dk_running = true;
    dk_run_calls(calls, n);
    dk_running = false;
    return dk_run.count;
}

DK_EXPORT int dmafuzz_kernel_locks(struct dk_lock_count *out, int max) {
    const struct dk_lock_site *site;
    int n = 0;

    for (site = dk_lock_sites; site; site = site->next, ++n)
        if (n < max) out[n] = (struct dk_lock_count){site->name, site->taken.count};
    return n;
}

DK_EXPORT uint32_t dmafuzz_kernel_shown(void) { return dk_shown; }
DK_EXPORT uint64_t dmafuzz_kernel_list_steps(void) { return dk_list_steps.count; }
DK_EXPORT uint64_t dmafuzz_kernel_tree_operations(void) { return dk_tree_operations; }
DK_EXPORT uint64_t dmafuzz_kernel_lockless_operations(void) { return dk_lockless_operations; }
DK_EXPORT uint64_t dmafuzz_kernel_progress(void) { return dk_runs << 16 | dk_now.call; }
