// SPDX-License-Identifier: GPL-2.0-only
/* What a warning is about: whose entries, and which active cacheline. Nothing here takes a lock or counts as a step of
 * the kernel's code. */

/* The call that made an entry, as its stack trace has it; of a free one, the last that had it. */
static u16 dk_made_by(const struct dma_debug_entry *entry) {
#ifdef DK_DEPOT_MEMBER
    return entry->DK_DEPOT_MEMBER - 1;
#else
    return entry->DK_TRACE_MEMBER[0];
#endif
}

static u32 dk_mapping_made_at(u16 made_at) {
    int call = made_at - dk_run.first;
    u8 mapping;

    if (call < 0 || call >= dk_run.calls_count) return 0;
    mapping = dk_run.calls[call].mapping;
    return mapping < 32 ? 1u << mapping : 0;
}

static u32 dk_mapping_of(const struct dma_debug_entry *entry) { return dk_mapping_made_at(dk_made_by(entry)); }

/* error_count as of the last warning. */
static u32 dk_counted DK_OWN;

static bool dk_newly_counted(void) {
#ifdef DK_HAS_ERROR_COUNT
    bool counted = error_count != dk_counted;

    dk_counted = error_count;
    return counted;
#else
    return true;
#endif
}

#ifdef DK_HAS_TABLE
static int dk_touched_from(int bucket);
#endif

/* All that a device still has entries for. */
static noinline void dk_about_left(struct dk_warning *warning) {
#ifdef DK_HAS_TABLE
    const struct device *dev = &dk_devices[dk_run.calls[dk_now.call - dk_run.first].device % DK_DEVICES];

    for (int bucket = 0; bucket < (int)HASH_SIZE; ++bucket) {
        const struct list_head *head = &dma_entry_hash[bucket = dk_touched_from(bucket)].list;

        for (const struct list_head *at = head->next; at != head; at = at->next) {
            const struct dma_debug_entry *entry = container_of(at, struct dma_debug_entry, list);

            if (entry->dev == dev) warning->mappings |= dk_mapping_of(entry);
        }
    }
#endif
}

#ifdef DK_HAS_LINES

static noinline void dk_about_line(struct dk_warning *warning, phys_addr_t line) {
    const u64 operations = dk_tree_operations, lockless = dk_lockless_operations;
    const struct dma_debug_entry *first = radix_tree_lookup(&dma_active_cacheline, line);

    dk_tree_operations = operations;
    dk_lockless_operations = lockless;
    warning->line_bytes = 1u << dk_now.machine.l1_shift;
    warning->line = (u64)line << dk_now.machine.l1_shift;
    if (!first) return;
    warning->mapped_at = dk_made_by(first);
    warning->mappings |= dk_mapping_of(first);
}

static noinline void dk_about_line_of(struct dk_warning *warning, const struct dma_debug_entry *entry) {
    dk_about_line(warning, to_cacheline_number((struct dma_debug_entry *)entry));
}

/* Where a new entry meets its line, its insertion into the hash is the last step that a list has made. */
static noinline void dk_about_newest(struct dk_warning *warning) {
    const struct dk_undo *last = dk_undo_top;

    while (last != dk_undo_log && last[-1].kind == DK_WORD) --last;
    if (last == dk_undo_log || last[-1].kind != DK_ADDED) return;
    dk_about_line_of(warning, container_of(last[-1].entry, struct dma_debug_entry, list));
}

#else

static void dk_about_newest(struct dk_warning *warning) { }
static void dk_about_line(struct dk_warning *warning, phys_addr_t line) { }
static void dk_about_line_of(struct dk_warning *warning, const struct dma_debug_entry *entry) { }

#endif
