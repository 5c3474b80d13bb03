// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#define EIO 5
#define ENOMEM 12
#define EFAULT 14
#define EBUSY 16
#define EEXIST 17
#define ENODEV 19
#define EINVAL 22
