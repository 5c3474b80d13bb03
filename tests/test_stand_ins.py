# SPDX-License-Identifier: GPL-2.0-only
"""The stand-ins for what patches of today use, each in a toy kernel: what it does, and that a reset undoes it.

A snippet runs at each map of a program, with `size` the mapping's: 64 bytes for the first, 128 for the second.
CHECK warns with what does not hold, so that a test fails by its words.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from toy_kernel import write_toy

from dmafuzz import _core, kernel, platforms
from dmafuzz.program import parse

CHECK = '#define CHECK(what) WARN(!(what), "device driver maps memory from stack: " #what)\n'
# Includes that only a patch would have; what is not there is an empty header.
INCLUDES = "#include <linux/xarray.h>\n#include <linux/cleanup.h>\n#include <linux/sched/clock.h>\n"
TWO_MAPS = """dmafuzz 1
cpu0 b0 = alloc pages 4096
cpu0 m0 = map_page d0 b0 0 64 FROM_DEVICE
cpu1 m1 = map_page d0 b0 64 128 FROM_DEVICE
"""

# Each with what is outside of functions, and what a map does. `first`: this is the program's first map.
SNIPPETS: dict[str, tuple[str, str]] = {
    "xarray": (
        "static DEFINE_XARRAY(array);",
        """unsigned long at; void *item; int seen = 0; u32 id;
        CHECK(!xa_load(&array, 7) == first);
        CHECK(xa_empty(&array) == first);
        CHECK(xa_to_value(xa_store(&array, 7, xa_mk_value(size), GFP_ATOMIC)) == (first ? 0 : 64));
        CHECK(xa_insert(&array, 7, xa_mk_value(1), GFP_ATOMIC) == -EBUSY);
        CHECK(xa_insert(&array, 1000 + size, entry, GFP_ATOMIC) == 0);
        xa_for_each(&array, at, item) { CHECK(at == (seen == 0 ? 7 : seen == 1 ? 1064 : 1128)); ++seen; }
        CHECK(seen == (first ? 2 : 3));
        seen = 0;
        xa_for_each_range(&array, at, item, 8, 1100) { CHECK(item != NULL); ++seen; }
        CHECK(seen == 1);
        xa_set_mark(&array, 1064, XA_MARK_1);
        xa_for_each_marked(&array, at, item, XA_MARK_1) CHECK(at == 1064);
        CHECK(xa_marked(&array, XA_MARK_1) && !xa_marked(&array, XA_MARK_0) && !xa_get_mark(&array, 7, XA_MARK_1));
        CHECK(xa_cmpxchg(&array, 1000 + size, NULL, NULL, GFP_ATOMIC) == entry);
        CHECK(xa_alloc(&array, &id, entry, XA_LIMIT(7, 9), GFP_ATOMIC) == 0 && id == 8);
        CHECK(xa_erase(&array, id) == entry);
        for (at = 5000; at < 5300; ++at) CHECK(!xa_is_err(xa_store(&array, at, xa_mk_value(at), GFP_ATOMIC)));
        for (at = 5000; at < 5300; ++at) CHECK(xa_to_value(xa_erase(&array, at)) == at);
        CHECK(xa_erase(&array, 5000) == NULL);""",
    ),
    "an xarray in memory of the boot": (
        """static struct xarray *array;
        static int plant(void) {
            array = kzalloc(sizeof(*array), GFP_KERNEL);
            xa_init(array);
            return xa_err(xa_store(array, 1, xa_mk_value(11), GFP_KERNEL));
        }
        postcore_initcall(plant);""",
        """CHECK(xa_to_value(xa_load(array, 1)) == (first ? 11 : 64));
        CHECK(!xa_load(array, 2) == first);
        xa_store(array, 1, xa_mk_value(size), GFP_ATOMIC);
        xa_store(array, 2, entry, GFP_ATOMIC);""",
    ),
    "rbtree": (
        """struct item { struct rb_node rb; unsigned long key; };
        static struct rb_root tree = RB_ROOT;
        static bool less(struct rb_node *a, const struct rb_node *b) {
            return rb_entry(a, struct item, rb)->key < rb_entry(b, struct item, rb)->key;
        }
        static int compare(const void *key, const struct rb_node *n) {
            unsigned long wanted = *(const unsigned long *)key, is = rb_entry(n, struct item, rb)->key;
            return wanted < is ? -1 : wanted > is;
        }
        /* Black nodes on any way down, -1 where they are not as many; and no red one below a red one. */
        static int black(struct rb_node *n) {
            int left, right;
            if (!n) return 0;
            CHECK(!(dk_rb_red(n) && (dk_rb_red(n->rb_left) || dk_rb_red(n->rb_right))));
            left = black(n->rb_left);
            right = black(n->rb_right);
            return left < 0 || left != right ? -1 : left + !dk_rb_red(n);
        }
        static unsigned long count(void) {
            unsigned long n = 0, last = 0;
            for (struct rb_node *at = rb_first(&tree); at; at = rb_next(at), ++n) {
                CHECK(rb_entry(at, struct item, rb)->key >= last);
                last = rb_entry(at, struct item, rb)->key;
            }
            for (struct rb_node *at = rb_last(&tree); at; at = rb_prev(at)) --n;
            CHECK(n == 0);
            for (struct rb_node *at = rb_first(&tree); at; at = rb_next(at)) ++n;
            return n;
        }""",
        """enum { items = 300 };
        struct item *all = kcalloc(items, sizeof(*all), GFP_ATOMIC), *one, *next;
        unsigned long left = 0;
        CHECK(RB_EMPTY_ROOT(&tree) == first);
        for (unsigned long n = 0; n < items; ++n) {
            all[n].key = n * 7919 % 1009 + size;
            rb_add(&all[n].rb, &tree, less);
            CHECK(black(tree.rb_node) >= 0);
        }
        CHECK(count() == (first ? items : items + items / 3));
        CHECK(rb_find(&all[17].key, &tree, compare) == &all[17].rb || !first);
        for (unsigned long n = 0; n < items; ++n) {
            if (n % 3 == 0) continue;
            rb_erase(&all[n].rb, &tree);
            RB_CLEAR_NODE(&all[n].rb);
            CHECK(RB_EMPTY_NODE(&all[n].rb) && black(tree.rb_node) >= 0);
        }
        CHECK(count() == (first ? 1 : 2) * items / 3);
        rbtree_postorder_for_each_entry_safe(one, next, &tree, rb) ++left;
        CHECK(left == count());
        kfree(all);""",
    ),
    "interval tree": (
        "static struct rb_root_cached spans = RB_ROOT_CACHED;",
        """struct interval_tree_node *node = kzalloc(sizeof(*node), GFP_ATOMIC), *found;
        int seen = 0;
        node->start = size;
        node->last = size + 10;
        CHECK(!interval_tree_iter_first(&spans, 0, ~0ul) == first);
        interval_tree_insert(node, &spans);
        CHECK(!interval_tree_iter_first(&spans, 0, 63) && !interval_tree_iter_first(&spans, 75, 127));
        CHECK(interval_tree_iter_first(&spans, 74, 80)->start == 64);
        for (found = interval_tree_iter_first(&spans, 0, ~0ul); found;
             found = interval_tree_iter_next(found, 0, ~0ul)) ++seen;
        CHECK(seen == (first ? 1 : 2));
        if (!first) { interval_tree_remove(node, &spans); CHECK(!interval_tree_iter_first(&spans, 100, ~0ul)); }""",
    ),
    "maple tree": (
        "static DEFINE_MTREE(ranges);",
        """unsigned long at = 0; void *item; int seen = 0;
        CHECK(mtree_empty(&ranges) == first);
        if (first) {
            CHECK(!mtree_store_range(&ranges, 10, 29, xa_mk_value(1), GFP_ATOMIC));
            CHECK(mtree_insert_range(&ranges, 25, 40, xa_mk_value(9), GFP_ATOMIC) == -EEXIST);
            CHECK(!mtree_insert_range(&ranges, 30, 40, xa_mk_value(2), GFP_ATOMIC));
            CHECK(!mtree_store_range(&ranges, 15, 19, xa_mk_value(3), GFP_ATOMIC));
        }
        CHECK(!mtree_load(&ranges, 9) && !mtree_load(&ranges, 41));
        CHECK(xa_to_value(mtree_load(&ranges, 14)) == 1 && xa_to_value(mtree_load(&ranges, 15)) == 3);
        CHECK(xa_to_value(mtree_load(&ranges, 20)) == 1 && xa_to_value(mtree_load(&ranges, 40)) == 2);
        mt_for_each(&ranges, item, at, 100) ++seen;
        CHECK(seen == 4);
        if (!first) {
            CHECK(xa_to_value(mtree_erase(&ranges, 17)) == 3 && !mtree_load(&ranges, 15) && !mtree_erase(&ranges, 15));
            CHECK(!mtree_store_range(&ranges, 12, 35, NULL, GFP_ATOMIC));
            CHECK(mtree_load(&ranges, 11) && !mtree_load(&ranges, 12) && !mtree_load(&ranges, 35));
            CHECK(xa_to_value(mtree_load(&ranges, 36)) == 2);
        }""",
    ),
    "hash table": (
        """struct item { struct hlist_node node; unsigned long key; };
        static DEFINE_HASHTABLE(table, 4);""",
        """struct item *item = kzalloc(sizeof(*item), GFP_ATOMIC), *at; struct hlist_node *next; int seen = 0, b;
        item->key = size;
        CHECK(hash_empty(table) == first);
        hash_add(table, &item->node, item->key);
        hash_for_each_possible(table, at, node, 64) seen += at->key == 64;
        CHECK(seen == 1);
        hash_for_each(table, b, at, node) ++seen;
        CHECK(seen == (first ? 2 : 3));
        if (!first) hash_for_each_safe(table, b, next, at, node) hash_del(&at->node);
        CHECK(hash_empty(table) == !first && hash_hashed(&item->node) == first);
        if (!first) hash_add(table, &item->node, item->key);""",
    ),
    "guards": (
        """static DEFINE_SPINLOCK(one); static DEFINE_SPINLOCK(other); static DEFINE_MUTEX(slow);
        static int closed;
        DEFINE_CLASS(visit, int, closed += _T, n, int n)
        DEFINE_GUARD(twice, int *, ++*_T, ++*_T)
        DEFINE_LOCK_GUARD_1(marked, int, *_T->lock = 1, *_T->lock = 2)
        DEFINE_FREE(count, int, closed += _T)
        static int early(int n) { guard(spinlock_irqsave)(&one); if (n) return spin_is_locked(&one); return 2; }
        static int escapes(void) { int n __free(count) = 100; return no_free_ptr(n); }""",
        """int n = 0, turns = 0, mark = 0;
        CHECK(early(1) == 1 && early(0) == 2 && !spin_is_locked(&one));
        { guard(spinlock)(&one); guard(spinlock)(&other); guard(mutex)(&slow); guard(rcu)();
          CHECK(spin_is_locked(&other)); }
        CHECK(!spin_is_locked(&one) && !spin_is_locked(&other) && !mutex_is_locked(&slow));
        scoped_guard(spinlock_irqsave, &one) { ++turns; CHECK(spin_is_locked(&one)); break; }
        scoped_guard(spinlock, &one) { ++turns; continue; }
        CHECK(turns == 2 && !spin_is_locked(&one));
        { CLASS(visit, v)(5); CHECK(v == 5); guard(twice)(&n); CHECK(n == 1); }
        CHECK(closed == (first ? 5 : 10) && n == 2);
        scoped_guard(marked, &mark) CHECK(mark == 1);
        CHECK(mark == 2 && escapes() == 100 && closed == (first ? 5 : 10));
        CHECK(spin_trylock(&one) && !spin_trylock(&one)); spin_unlock(&one);""",
    ),
    "atomics": (
        """static atomic_t a = ATOMIC_INIT(5); static atomic64_t *b; static refcount_t r = REFCOUNT_INIT(1);
        static int make(void) { b = kzalloc(sizeof(*b), GFP_KERNEL); atomic64_set(b, 3); return 0; }
        arch_initcall(make);""",
        """int was = 6; s64 wide = atomic64_read(b); unsigned long word = 4, wanted = 4;
        CHECK(atomic_inc_return(&a) == (first ? 6 : 7));
        if (first) CHECK(atomic_try_cmpxchg(&a, &was, 6) && !atomic_add_unless(&a, 1, 6) && atomic_inc_not_zero(&a));
        CHECK(atomic_dec_return(&a) == (first ? 6 : 6) && atomic_fetch_or(8, &a) == 6 && atomic_xchg(&a, 6) == 14);
        CHECK(atomic64_add_return(1ll << 40, b) == wide + (1ll << 40) && wide == (first ? 3 : 3 + (1ll << 40)));
        CHECK(refcount_read(&r) == (first ? 1 : 2));
        refcount_inc(&r);
        CHECK(!refcount_dec_and_test(&r)); refcount_inc(&r);
        CHECK(xchg(&word, 9) == 4 && cmpxchg(&word, 9, 2) == 9 && !try_cmpxchg(&word, &wanted, 1) && wanted == 2);""",
    ),
    "bitmaps": (
        """static DECLARE_BITMAP(map, 200); static unsigned long *late;
        static int make(void) { late = bitmap_zalloc(70, GFP_KERNEL); return 0; }
        arch_initcall(make);""",
        """DECLARE_BITMAP(here, 130); unsigned long n, sum = 0;
        bitmap_zero(here, 130);
        CHECK(bitmap_empty(map, 200) == first && test_bit(69, late) == !first);
        set_bit(69, late); bitmap_set(map, 60, 10); clear_bit(65, map);
        CHECK(bitmap_weight(map, 200) == 9 && find_first_bit(map, 200) == 60 && find_next_bit(map, 200, 65) == 66);
        CHECK(find_first_zero_bit(map, 200) == 0 && find_next_zero_bit(map, 200, 60) == 65);
        CHECK(find_next_bit(map, 200, 70) == 200 && !test_and_set_bit(129, here) && test_and_clear_bit(129, here));
        for_each_set_bit(n, map, 200) sum += n;
        CHECK(sum == 60 + 61 + 62 + 63 + 64 + 66 + 67 + 68 + 69);
        CHECK(GENMASK(7, 4) == 0xf0 && fls(0) == 0 && fls(8) == 4 && __ffs(8) == 3 && ilog2(4096) == 12);
        CHECK(roundup_pow_of_two(65) == 128 && order_base_2(64) == 6 && is_power_of_2(64) && !is_power_of_2(0));
        CHECK(hweight32(0xff00ff) == 16);""",
    ),
    "variables for each CPU": (
        """static DEFINE_PER_CPU(int, hits) = 3; static int __percpu *more;
        static int make(void) { more = alloc_percpu(int); *per_cpu_ptr(more, 1) = 50; return 0; }
        arch_initcall(make);""",
        """int cpu, sum = 0;
        CHECK(smp_processor_id() == (first ? 0 : 1));
        CHECK(this_cpu_read(hits) == 3 && *this_cpu_ptr(more) == (first ? 0 : 50));
        this_cpu_inc(hits); this_cpu_add(*more, 2); *this_cpu_ptr(more) += 1;
        for_each_possible_cpu(cpu) sum += per_cpu(hits, cpu);
        CHECK(sum == 4 * 3 + (first ? 1 : 2));
        CHECK(*per_cpu_ptr(more, 0) == 3 && *per_cpu_ptr(more, 1) == (first ? 50 : 53));""",
    ),
    "time": (
        "static unsigned long last; static ktime_t then;",
        """CHECK(!last == first && !time_after(last, jiffies));
        CHECK(first || (time_after(jiffies, last) && ktime_to_ns(ktime_sub(ktime_get(), then)) >= 4 * NSEC_PER_MSEC));
        CHECK(msecs_to_jiffies(1000) == HZ && jiffies_to_msecs(HZ) == 1000 && time_before(jiffies, jiffies + HZ));
        last = jiffies; then = ktime_get();""",
    ),
    "static branches": (
        "static DEFINE_STATIC_KEY_FALSE(seen); static DEFINE_STATIC_KEY_TRUE(fresh);",
        """CHECK(!static_branch_unlikely(&seen) == first && !static_branch_likely(&fresh) == !first);
        static_branch_enable(&seen); static_branch_disable(&fresh); static_branch_inc(&seen);
        CHECK(static_key_enabled(&seen)); static_branch_dec(&seen);""",
    ),
    "caches": (
        """struct item { u64 a; int b; }; static struct kmem_cache *cache;
        static int make(void) { cache = KMEM_CACHE(item, SLAB_PANIC); return 0; }
        arch_initcall(make);""",
        """struct item *one = kmem_cache_zalloc(cache, GFP_ATOMIC), *other __free(kfree) = kzalloc(sizeof(*other), 0);
        CHECK(one && !one->a && !one->b && other && other != one);
        one->a = ~0ull;
        kmem_cache_free(cache, one);""",
    ),
    "arithmetic": (
        "struct flexible { int count; u64 all[]; }; static_assert(sizeof(u64) == 8);",
        """u64 sum; int low = 3, high = 9; struct flexible *f = NULL;
        BUILD_BUG_ON(sizeof(int) != 4);
        CHECK(IS_ALIGNED(4096, 64) && !IS_ALIGNED(4100, 64) && ALIGN(65, 64) == 128 && ALIGN_DOWN(127, 64) == 64);
        CHECK(round_up(65, 64) == 128 && round_up(64, 64) == 64 && round_down(127, 64) == 64);
        CHECK(round_up((u64)0x1000000001, 64) == 0x1000000040 && roundup(10, 7) == 14 && rounddown(13, 7) == 7);
        CHECK(clamp(12, low, high) == 9 && clamp(-1, low, high) == 3 && min3(3, 1, 2) == 1 && max3(3, 1, 2) == 3);
        swap(low, high);
        CHECK(low == 9 && high == 3 && abs(high - low) == 6 && DIV_ROUND_UP(65, 64) == 2);
        CHECK(check_add_overflow((u64)~0ull, (u64)1, &sum) && !check_sub_overflow((u64)3, (u64)1, &sum) && sum == 2);
        CHECK(struct_size(f, all, 3) == 32 && PTR_ERR(ERR_PTR(-ENOMEM)) == -ENOMEM && IS_ERR(ERR_PTR(-5)));
        CHECK(div_u64(1000, 3) == 333 && in_range(5, 3, 3) && !in_range(6, 3, 3));""",
    ),
    "rcu": (
        """struct item { struct rcu_head rcu; int n; }; static struct item __rcu *current_item; static int ended;
        static void end(struct rcu_head *head) { ended += container_of(head, struct item, rcu)->n; }""",
        """struct item *item = kzalloc(sizeof(*item), GFP_ATOMIC);
        item->n = size;
        CHECK(!rcu_dereference(current_item) == first);
        rcu_assign_pointer(current_item, item);
        call_rcu(&item->rcu, end);
        CHECK(ended == (first ? 64 : 64 + 128));""",
    ),
    "what is left": (
        """struct item { struct kref ref; struct rb_node rb; struct list_head list; struct hlist_node node; u32 key; };
        static struct rb_root_cached tree = RB_ROOT_CACHED; static LIST_HEAD(all); static DEFINE_HASHTABLE(table, 3);
        static DEFINE_SEQLOCK(sequence); static DEFINE_RATELIMIT_STATE(limit, 5 * HZ, 10); static DECLARE_RWSEM(sem);
        static depot_stack_handle_t stack; static DEFINE_XARRAY_ALLOC1(ids); static int gone;
        static void let_go(struct kref *ref) { gone++; kfree(container_of(ref, struct item, ref)); }
        static bool less(struct rb_node *a, const struct rb_node *b) {
            return rb_entry(a, struct item, rb)->key < rb_entry(b, struct item, rb)->key; }
        static int order(struct rb_node *a, const struct rb_node *b) { return less(a, b) ? -1 : less((void *)b, a); }
        static int setup(void) { return stack_depot_init(); }
        pure_initcall(setup);""",
        """struct item *item = kzalloc(sizeof(*item), GFP_ATOMIC), *at, *by = kzalloc(sizeof(*by), GFP_ATOMIC);
        unsigned long flags, store[2], *fetched; unsigned int n, seq; u32 id; struct hlist_node *next;
        DECLARE_BITMAP(m, 9);
        kref_init(&item->ref); kref_get(&item->ref); CHECK(!kref_put(&item->ref, let_go) && kref_read(&item->ref) == 1);
        item->key = size; *by = *item;
        rb_add_cached(&item->rb, &tree, less);
        CHECK(rb_find_add(&by->rb, &tree.rb_root, order) == &item->rb && rb_first_cached(&tree));
        rb_replace_node_cached(&item->rb, &by->rb, &tree);
        CHECK(rb_find_add(&item->rb, &tree.rb_root, order) == &by->rb);
        rb_erase_cached(&by->rb, &tree);
        INIT_LIST_HEAD(&item->list); list_add_tail(&item->list, &all); list_replace(&item->list, &by->list);
        CHECK(list_count_nodes(&all) == (first ? 1 : 2) && list_is_last(&by->list, &all));
        list_for_each_entry_safe_reverse(at, item, &all, list) CHECK(at->key);
        hash_add(table, &by->node, by->key);
        hash_for_each_possible_safe(table, at, next, node, by->key) CHECK(at->key <= size);
        write_seqlock_irqsave(&sequence, flags); write_sequnlock_irqrestore(&sequence, flags);
        do { seq = read_seqbegin(&sequence); } while (read_seqretry(&sequence, seq));
        down_write(&sem); up_write(&sem); { guard(rwsem_read)(&sem); guard(irqsave)(); }
        CHECK(__ratelimit(&limit) && ktime_us_delta(ktime_add_ms(ktime_get(), 2), ktime_get()) == 2000);
        n = stack_trace_save(store, 2, 0); stack = stack_depot_save(store, n, GFP_ATOMIC);
        CHECK(stack && stack_depot_fetch(stack, &fetched) == 1 && fetched[0] == store[0]);
        bitmap_fill(m, 9); CHECK(bitmap_full(m, 9)); bitmap_clear(m, 0, 9); CHECK(bitmap_empty(m, 9));
        CHECK(!xa_alloc(&ids, &id, by, xa_limit_32b, GFP_ATOMIC) && id == (first ? 1 : 2));
        xa_lock_irqsave(&ids, flags); CHECK(__xa_erase(&ids, id) == by && !__xa_insert(&ids, id, by, 0));
        xa_unlock_irqrestore(&ids, flags);
        CHECK(kref_put(&by->ref, let_go) && gone == (first ? 1 : 2));""",
    ),
    "lists on the stack": (
        "struct item { struct list_head list; }; static LIST_HEAD(kept);",
        """struct item *item = kzalloc(sizeof(*item), GFP_ATOMIC); LIST_HEAD(here); int n = 0; struct item *at;
        list_add(&item->list, &kept);
        list_splice_init(&kept, &here);
        CHECK(list_empty(&kept) && !list_empty(&here));
        list_for_each_entry(at, &here, list) ++n;
        CHECK(n == (first ? 1 : 2));
        list_splice_init(&here, &kept);""",
    ),
}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def judge_of(tmp_path: Path, more: str, on_map: str) -> Any:
    body = f"{{ const bool first = size == 64; (void)first; {on_map} }}"
    built = kernel.build(write_toy(tmp_path / "tree", more=CHECK + INCLUDES + more, on_map=body))
    return _core.Judge(f"kernel:{built.library}", [platforms.to_core(platforms.load("x86-5.5"))])


def failed(judge: Any, text: str = TWO_MAPS) -> list[str]:
    return [w.text for w in judge.judge(parse(text).ops, 0).warnings]


@pytest.mark.parametrize("name", SNIPPETS)
def test_a_stand_in_does_what_it_is_for_and_a_reset_undoes_it(name: str, tmp_path: Path) -> None:
    judge = judge_of(tmp_path, *SNIPPETS[name])
    for _ in range(3):
        assert failed(judge) == []


def test_a_check_that_does_not_hold_is_seen(tmp_path: Path) -> None:
    judge = judge_of(tmp_path, "", "CHECK(size == 64);")
    assert failed(judge) == ["device driver maps memory from stack: size == 64"]


# What goes wrong is told, and the next program finds a machine just booted.
BROKEN = {
    "a node that is in no tree": ("crash", "static struct rb_root tree; static struct rb_node node;",
                                  "RB_CLEAR_NODE(&node); if (!first) rb_erase(&node, &tree);"),
    "a node twice": ("crash", "static struct rb_root tree; static struct rb_node node;",
                     "rb_link_node(&node, NULL, &tree.rb_node); rb_insert_color(&node, &tree);"),
    "deletion": ("crash", "static HLIST_HEAD(head); static struct hlist_node node;",
                 "if (first) hlist_add_head(&node, &head); hlist_del(&node);"),
    "slow": ("deadlock", "static DEFINE_MUTEX(slow);", "guard(mutex)(&slow); if (!first) mutex_lock(&slow);"),
    "xa_lock": ("deadlock", "static DEFINE_XARRAY(array);",
                "xa_lock(&array); if (!first) xa_store(&array, 1, entry, 0); xa_unlock(&array);"),
    "no such CPU": ("crash", "static DEFINE_PER_CPU(int, n);", "if (!first) per_cpu(n, 77) = 1;"),
    "steps": ("hang", "static DEFINE_XARRAY(array);",
              "unsigned long at; void *item; xa_store(&array, 1, entry, 0);"
              "if (!first) xa_for_each(&array, at, item) at = 0;"),
    "underflow": ("unknown", "static refcount_t r = REFCOUNT_INIT(0);",
                  "if (!first) CHECK(!refcount_dec_and_test(&r));"),
}  # fmt: skip
FIRST_ONLY = "\n".join(TWO_MAPS.splitlines()[:3]) + "\n"


@pytest.mark.parametrize("name", BROKEN)
def test_misuse_is_a_breakdown_or_a_message(name: str, tmp_path: Path) -> None:
    kind, more, on_map = BROKEN[name]
    judge = judge_of(tmp_path, more, on_map)
    for _ in range(2):
        (warning,) = judge.judge(parse(TWO_MAPS).ops, 0).warnings
        assert (warning.id, warning.op) == (kind, 2)
        assert kind == "hang" or name in warning.text or name == "a node twice"
        assert failed(judge, FIRST_ONLY) == []


def test_a_bucket_with_more_than_a_list_is_as_booted_for_each_program(tmp_path: Path) -> None:
    tree = write_toy(tmp_path / "tree", more=CHECK, on_map="CHECK(bucket->used++ == (size == 64 ? 0 : 1));")
    debug = tree / "kernel/dma/debug.c"
    text = debug.read_text()
    debug.write_text(text.replace("    spinlock_t lock;\n", "    spinlock_t lock;\n    unsigned long used;\n", 1))
    judge = _core.Judge(f"kernel:{kernel.build(tree).library}", [platforms.to_core(platforms.load("x86-5.5"))])
    for _ in range(3):
        assert failed(judge) == []


def test_a_stack_depot_s_number_tells_whose_entry_a_warning_is_about(tmp_path: Path) -> None:
    """Entries that keep a number for their stack trace, which is printed by number or by what is fetched for it."""
    on_map = """{
        unsigned long store[4], *got; unsigned int n = stack_trace_save(store, 4, 0);
        static struct dma_debug_entry *before;
        entry->stack = stack_depot_save(store, n, GFP_ATOMIC);
        if (size == 128) { WARN(1, "frees DMA memory with different size"); pr_warn("Mapped at:");
                           stack_depot_print(before->stack); }
        if (size == 128) { WARN(1, "frees DMA memory with different direction");
                           n = stack_depot_fetch(before->stack, &got); stack_trace_print(got, n, 0); }
        before = entry; }"""
    tree = write_toy(tmp_path / "tree", on_map=on_map)
    debug = tree / "kernel/dma/debug.c"
    text = debug.read_text().replace("    unsigned int stack_len;\n", "", 1)
    member = "    unsigned long stack_entries[DMA_DEBUG_STACKTRACE_ENTRIES];\n"
    assert member in text
    debug.write_text(text.replace(member, "    depot_stack_handle_t stack;\n", 1))
    judge = _core.Judge(f"kernel:{kernel.build(tree).library}", [platforms.to_core(platforms.load("x86-5.5"))])
    for _ in range(2):
        found = judge.judge(parse(TWO_MAPS).ops, 0).warnings
        assert [(w.id, w.entry_op, w.mappings) for w in found] == [
            ("free-size", 1, (0, 1)), ("free-direction", 1, (0, 1))
        ]  # fmt: skip
