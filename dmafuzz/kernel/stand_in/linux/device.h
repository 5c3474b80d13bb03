// SPDX-License-Identifier: GPL-2.0-only
#pragma once
#include <dk/own.h>
#include <linux/kernel.h>

struct device_driver {
    const char *name;
};

struct bus_type {
    const char *name;
};

struct device {
    struct device_driver *driver;
    const struct bus_type *bus;
    const char *name;
    const struct dk_device *facts;
};

static inline const char *dev_name(const struct device *dev) { return dev->name; }
static inline const char *dev_driver_string(const struct device *dev) { return dev->driver ? dev->driver->name : ""; }
#define get_driver(driver) (driver)
#define put_driver(driver) ((void)(driver))

#define BUS_NOTIFY_ADD_DEVICE 0
#define BUS_NOTIFY_DEL_DEVICE 1
#define BUS_NOTIFY_REMOVED_DEVICE 2
#define BUS_NOTIFY_BIND_DRIVER 3
#define BUS_NOTIFY_BOUND_DRIVER 4
#define BUS_NOTIFY_UNBIND_DRIVER 5
#define BUS_NOTIFY_UNBOUND_DRIVER 6
#define BUS_NOTIFY_DRIVER_NOT_BOUND 7
#define NOTIFY_DONE 0
#define NOTIFY_OK 1

struct notifier_block {
    int (*notifier_call)(struct notifier_block *nb, unsigned long action, void *data);
    struct notifier_block *next;
};

static struct notifier_block *dk_notifiers DK_OWN;

/* There is one bus. */
static inline int bus_register_notifier(const struct bus_type *bus, struct notifier_block *nb) {
    nb->next = dk_notifiers;
    dk_notifiers = nb;
    return 0;
}
