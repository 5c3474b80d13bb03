// SPDX-License-Identifier: GPL-2.0-only
/* Warning ids: by a distinctive part of the format string. */
#include <stddef.h>
#include <string.h>

#include "../abi.h"

/* enum dk_id, or -1: a message that judges nothing. The others are generated from dmafuzz/checks/checks.toml. */
static const struct {
    const char *part;
    int id;
} formats[] = {
    {"Mapped at:", -1},
#include "known.h"
};

int dk_classify(const char *format) {
    for (size_t i = 0; i < sizeof formats / sizeof *formats; ++i)
        if (strstr(format, formats[i].part)) return formats[i].id < 0 ? -1 : formats[i].id + 1;
    return DK_UNKNOWN + 1;
}
