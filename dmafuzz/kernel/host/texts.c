// SPDX-License-Identifier: GPL-2.0-only
/* Texts of warnings: printk's formats, of which only %p and %pa differ from printf's here. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../stand_in/dk/own.h"

/* Warnings point into it until the next run. */
enum { arena_bytes = 1 << 16 };

static char arena[arena_bytes] DK_OWN;
static size_t used DK_OWN;

void dk_texts_clear(void) { used = 0; }

enum { spec_max = 32, text_max = 1024 };

/* Copies one conversion, with long long for every integer, and returns its end. */
static const char *conversion(const char *at, char *spec, int *longs) {
    size_t n = 0;

    *longs = 0;
    spec[n++] = *at++;
    while (*at && strchr("-+ #0123456789.", *at) && n < spec_max - 4) spec[n++] = *at++;
    for (; *at && strchr("hlLqzt", *at); ++at) *longs += *at == 'h' ? 0 : *at == 'l' ? 1 : 2;
    if (strchr("diuxX", *at)) spec[n++] = 'l', spec[n++] = 'l';
    spec[n++] = *at;
    spec[n] = 0;
    return *at ? at + 1 : at;
}

static int one(char *to, size_t size, const char *spec, char kind, int longs, const char **rest, va_list *args) {
    if (kind == '%') return snprintf(to, size, "%%");
    if (kind == 's') return snprintf(to, size, spec, va_arg(*args, const char *));
    if (kind == 'c') return snprintf(to, size, spec, va_arg(*args, int));
    if (kind == 'p' && **rest == 'a') {
        ++*rest;
        return snprintf(to, size, "0x%016llx", (unsigned long long)*va_arg(*args, const uint64_t *));
    }
    if (kind == 'p') return snprintf(to, size, "%016llx", (unsigned long long)(uintptr_t)va_arg(*args, void *));
    if (longs) return snprintf(to, size, spec, va_arg(*args, unsigned long long));
    if (kind == 'd' || kind == 'i') return snprintf(to, size, spec, (long long)va_arg(*args, int));
    return snprintf(to, size, spec, (unsigned long long)va_arg(*args, unsigned int));
}

const char *dk_format(const char *format, va_list given) {
    char *text = arena + used, spec[spec_max];
    size_t n = 0;
    va_list args;

    if (used + text_max > arena_bytes) return NULL;
    va_copy(args, given);
    while (*format && n < text_max - 1) {
        int longs, made;

        if (*format != '%') {
            text[n++] = *format++;
            continue;
        }
        format = conversion(format, spec, &longs);
        made = one(text + n, text_max - n, spec, format[-1], longs, &format, &args);
        n += made < 0 ? 0 : (size_t)made;
        if (n > text_max - 1) n = text_max - 1;
    }
    va_end(args);
    text[n] = 0;
    used += n + 1;
    return text;
}
