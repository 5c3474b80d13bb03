// SPDX-License-Identifier: GPL-2.0-only
/* The actions by their names, and how many words each takes at least. */
#include <linux/string.h>

#include "guest.h"

static void reset(struct action *a)
{
	int left;

	tell_errors(false);
	forget_all();
	arena_clear();
	left = tracker_forget();
	say(" left=%lu", left + pool_rewind());
	tell_errors(true);
}

static void set_dare(struct action *a)
{
	dare = a->word[0];
}

static void hello(struct action *a)
{
	int i;

	say(" arena=%llx", (u64)page_to_phys(arena));
	for (i = 0; i < edu_count; i++)
		say(" d%d=%s", i, is_translated(i) ? "translated" : "direct");
}

static const struct {
	const char *name;
	void (*act)(struct action *a);
	int words;
} known[] = {
	{ "hello", hello, 0 },
	{ "revive", edu_revive, 0 },
	{ "coherent", edu_coherence, 4 },
	{ "limit", edu_limit, 2 },
	{ "exhaust", exhaust_pool, 0 },
	{ "dare", set_dare, 1 },
	{ "reset", reset, 0 },
	{ "place", buffer_place, 5 },
	{ "free", buffer_free, 1 },
	{ "write", buffer_write, 4 },
	{ "read", buffer_read, 3 },
	{ "move", buffer_move, 3 },
	{ "map", map_one, 8 },
	{ "map-list", map_list, 6 },
	{ "allocate", allocate, 8 },
	{ "error", ask_error, 2 },
	{ "sync", sync_one, 7 },
	{ "sync-list", sync_list, 5 },
	{ "unmap", unmap_one, 7 },
	{ "unmap-list", unmap_list, 5 },
	{ "give-back", free_allocation, 7 },
	{ "device-write", device_write, 4 },
	{ "device-read", device_read, 3 },
	{ "unbind", unbind, 1 },
};

bool act(struct action *a)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(known); i++) {
		if (strcmp(known[i].name, a->name))
			continue;
		if (a->words < known[i].words)
			return false;
		known[i].act(a);
		return true;
	}
	return false;
}
