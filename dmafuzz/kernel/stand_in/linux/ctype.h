// SPDX-License-Identifier: GPL-2.0-only
#pragma once

#define isspace(c) ((c) == ' ' || ((c) >= '\t' && (c) <= '\r'))
#define isdigit(c) ((c) >= '0' && (c) <= '9')
#define isalpha(c) (((c) | 32) >= 'a' && ((c) | 32) <= 'z')
#define isalnum(c) (isdigit(c) || isalpha(c))
