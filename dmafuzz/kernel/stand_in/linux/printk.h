// SPDX-License-Identifier: GPL-2.0-only
/* Warnings and messages: captured with the format string they were written with. */
#pragma once
#include <dk/fault.h>
#include <dk/own.h>
#include <linux/kernel.h>

struct dk_site {
    const char *format;
    int id;               /* 0: not classified yet, otherwise enum dk_id + 1, or dk_ignored */
    bool fired;           /* a _ONCE site, since boot */
    bool traced;          /* WARN, with a stack trace */
    struct dk_site *next; /* of the fired ones */
};

enum { dk_ignored = -1 };

static noinline void dk_report(struct dk_site *site, ...);

static struct dk_site *dk_fired_sites DK_OWN;

static inline bool dk_fires_once(struct dk_site *site) {
    if (site->fired) return false;
    site->fired = true;
    site->next = dk_fired_sites;
    dk_fired_sites = site;
    return true;
}

static inline void dk_once_reset(void) {
    for (; dk_fired_sites; dk_fired_sites = dk_fired_sites->next) dk_fired_sites->fired = false;
}

#define dk_say(format_, ...) dk_say_as(false, format_, ##__VA_ARGS__)
#define dk_say_as(traced_, format_, ...)                                               \
    ({                                                                                 \
        static struct dk_site dk_site DK_OWN = {.format = format_, .traced = traced_}; \
        dk_report(&dk_site, ##__VA_ARGS__);                                            \
    })
#define dk_say_once(format_, ...) dk_say_once_as(false, format_, ##__VA_ARGS__)
#define dk_say_once_as(traced_, format_, ...)                                          \
    ({                                                                                 \
        static struct dk_site dk_site DK_OWN = {.format = format_, .traced = traced_}; \
        if (dk_fires_once(&dk_site)) dk_report(&dk_site, ##__VA_ARGS__);               \
    })

#define WARN(condition, format_, ...)                                  \
    ({                                                                 \
        bool dk_hit = !!(condition);                                   \
        if (unlikely(dk_hit)) dk_say_as(true, format_, ##__VA_ARGS__); \
        unlikely(dk_hit);                                              \
    })
#define WARN_ONCE(condition, format_, ...)                                  \
    ({                                                                      \
        bool dk_hit = !!(condition);                                        \
        if (unlikely(dk_hit)) dk_say_once_as(true, format_, ##__VA_ARGS__); \
        unlikely(dk_hit);                                                   \
    })
#define WARN_ON(condition) WARN(condition, "WARN_ON: " #condition)
#define WARN_ON_ONCE(condition) WARN_ONCE(condition, "WARN_ON_ONCE: " #condition)
#define BUG() dk_crash("BUG")
#define BUG_ON(condition) ((condition) ? dk_crash("BUG_ON: " #condition) : (void)0)

#define pr_emerg(format_, ...) dk_say(pr_fmt(format_), ##__VA_ARGS__)
#define pr_crit(format_, ...) dk_say(pr_fmt(format_), ##__VA_ARGS__)
#define pr_err(format_, ...) dk_say(pr_fmt(format_), ##__VA_ARGS__)
#define pr_warn(format_, ...) dk_say(pr_fmt(format_), ##__VA_ARGS__)
#define pr_warning(format_, ...) pr_warn(format_, ##__VA_ARGS__)
#define pr_err_once(format_, ...) dk_say_once(pr_fmt(format_), ##__VA_ARGS__)
#define pr_warn_once(format_, ...) dk_say_once(pr_fmt(format_), ##__VA_ARGS__)
#define WARN_RATELIMIT(condition, format_, ...) WARN(condition, format_, ##__VA_ARGS__)
#define WARN_TAINT(condition, taint, format_, ...) WARN(condition, format_, ##__VA_ARGS__)
#define dev_WARN(dev, format_, ...) ((void)(dev), WARN(1, format_, ##__VA_ARGS__))
#define dev_WARN_ONCE(dev, condition, format_, ...) ((void)(dev), WARN_ONCE(condition, format_, ##__VA_ARGS__))
#define dev_err_once(dev, format_, ...) ((void)(dev), dk_say_once(format_, ##__VA_ARGS__))
#define dev_warn_once(dev, format_, ...) ((void)(dev), dk_say_once(format_, ##__VA_ARGS__))
#define dev_err_ratelimited(dev, format_, ...) dev_err(dev, format_, ##__VA_ARGS__)
#define dev_warn_ratelimited(dev, format_, ...) dev_warn(dev, format_, ##__VA_ARGS__)
#define pr_alert(format_, ...) dk_say(pr_fmt(format_), ##__VA_ARGS__)
#define pr_err_ratelimited(format_, ...) pr_err(format_, ##__VA_ARGS__)
#define pr_warn_ratelimited(format_, ...) pr_warn(format_, ##__VA_ARGS__)
#define dev_err(dev, format_, ...) ((void)(dev), dk_say(format_, ##__VA_ARGS__))
#define dev_warn(dev, format_, ...) ((void)(dev), dk_say(format_, ##__VA_ARGS__))

#define KERN_ERR ""
#define KERN_WARNING ""
#define KERN_INFO ""

/* Messages that judge nothing. */
#define pr_notice(format_, ...) dk_hush(0, ##__VA_ARGS__)
#define pr_info(format_, ...) dk_hush(0, ##__VA_ARGS__)
#define pr_info_once(format_, ...) dk_hush(0, ##__VA_ARGS__)
#define pr_info_ratelimited(format_, ...) dk_hush(0, ##__VA_ARGS__)
#define pr_devel(format_, ...) dk_hush(0, ##__VA_ARGS__)
#define dev_notice(dev, format_, ...) dk_hush(0, dev, ##__VA_ARGS__)
#define dump_stack() ((void)0)
#define pr_debug(format_, ...) dk_hush(0, ##__VA_ARGS__)
#define pr_cont(format_, ...) dk_hush(0, ##__VA_ARGS__)
#define printk(...) dk_hush(0, ##__VA_ARGS__)
#define dev_info(dev, format_, ...) dk_hush(0, dev, ##__VA_ARGS__)
#define dev_dbg(dev, format_, ...) dk_hush(0, dev, ##__VA_ARGS__)
static inline void dk_hush(int unused, ...) {}
