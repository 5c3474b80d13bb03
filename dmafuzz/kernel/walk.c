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

#else

static inline void dk_note_head(const struct list_head *head) { }
static void dk_buckets_reset(void) { }
static noinline int dk_next_bucket(int bucket, const void *lock, struct dk_lock_site *site) { return bucket; }

#endif
