// SPDX-License-Identifier: GPL-2.0-only
/* Which buckets have been added to: a bit each, and the words to clear at a reset. See dk/walk.h. */

#ifdef DK_HAS_TABLE

enum { dk_word_bits = 64, dk_words = (HASH_SIZE + dk_word_bits - 1) / dk_word_bits };

static u64 dk_touched[dk_words] DK_OWN;
static u16 dk_touched_words[dk_words] DK_OWN;
static unsigned int dk_touched_count DK_OWN;

static inline void dk_note_head(const struct list_head *head) {
    unsigned long offset = (unsigned long)head - (unsigned long)dma_entry_hash;
    unsigned int bucket = offset / sizeof(struct hash_bucket), word = bucket / dk_word_bits;

    if (offset >= sizeof dma_entry_hash) return;
    if (!dk_touched[word]) dk_touched_words[dk_touched_count++] = word;
    dk_touched[word] |= 1ull << bucket % dk_word_bits;
}

static void dk_buckets_reset(void) {
    while (dk_touched_count) dk_touched[dk_touched_words[--dk_touched_count]] = 0;
}

/* The first touched bucket from this one on, otherwise the last of all. */
static int dk_touched_from(int bucket) {
    int word = bucket / dk_word_bits;
    u64 bits = dk_touched[word] >> bucket % dk_word_bits << bucket % dk_word_bits;

    while (!bits && word < dk_words - 1) bits = dk_touched[++word];
    return bits ? word * dk_word_bits + __builtin_ctzll(bits) : (int)HASH_SIZE - 1;
}

static noinline int dk_next_bucket(int bucket, const void *lock, struct dk_lock_site *site) {
    int next;

    if (bucket < 0 || bucket >= (int)HASH_SIZE || lock != (const void *)&dma_entry_hash[bucket].lock) return bucket;
    next = dk_touched_from(bucket);
    if (next == bucket) return bucket;
    site->taken.count += next - bucket;
    return next;
}

#ifdef DK_KNOWN_WALK

enum { dk_bucket_shift = HASH_FN_SHIFT, dk_bucket_mask = HASH_SIZE - 1 };

/* The nearest touched bucket that lies at least `least` buckets before this one; `limit` where there is none before
 * that. *count: how many there are. */
static u64 dk_touched_before(int bucket, u64 least, u64 limit, u64 *count) {
    u64 nearest = limit;

    for (unsigned int n = 0; n < dk_touched_count; ++n)
        for (u64 bits = dk_touched[dk_touched_words[n]]; bits; bits &= bits - 1) {
            u64 distance = bucket - (dk_touched_words[n] * dk_word_bits + __builtin_ctzll(bits)) & dk_bucket_mask;

            if (distance < least || distance >= limit) continue;
            ++*count;
            if (distance < nearest) nearest = distance;
        }
    return nearest;
}

/* The limit of a loop that looks at touched buckets only: the first, those, and the step after the last. */
static noinline u64 dk_begin_walk(u64 *address, u64 limit) {
    u64 count = 0;

    if (limit < 2 || HASH_FN_MASK != HASH_SIZE - 1 || HASH_SIZE & HASH_FN_MASK) return limit;
    dk_touched_before(*address >> dk_bucket_shift & dk_bucket_mask, 1, limit, &count);
    dk_back.address = address;
    dk_back.step = 0;
    dk_back.limit = limit;
    return count + 1;
}

static noinline int dk_bucket_back(int bucket, const void *lock, struct dk_lock_site *site) {
    u64 next, skipped, unused = 0;

    if (bucket < 0 || bucket >= (int)HASH_SIZE || lock != (const void *)&dma_entry_hash[bucket].lock) return bucket;
    ++dk_back.step;
    next = dk_touched_before(bucket + dk_back.step & dk_bucket_mask, dk_back.step, dk_back.limit, &unused);
    skipped = next - dk_back.step;
    *dk_back.address -= skipped << dk_bucket_shift;
    site->taken.count += skipped;
    dk_back.step = next;
    if (next == dk_back.limit) dk_no_walk();
    return bucket - skipped & dk_bucket_mask;
}

#endif

#else

static inline void dk_note_head(const struct list_head *head) { }
static void dk_buckets_reset(void) { }
static noinline int dk_next_bucket(int bucket, const void *lock, struct dk_lock_site *site) { return bucket; }

#endif
