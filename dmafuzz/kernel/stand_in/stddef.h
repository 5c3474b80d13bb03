// SPDX-License-Identifier: GPL-2.0-only
/* The kernel side is compiled without the C library's headers. */
#pragma once
#include <linux/types.h>
