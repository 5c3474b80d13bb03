// SPDX-License-Identifier: GPL-2.0-only
/* Variables of ours, which a reset sets one by one. All others are the kernel's: a reset copies back what they were
 * when the machine had booted, whatever they are called. */
#pragma once

#define DK_OWN __attribute__((section("dk_own")))
