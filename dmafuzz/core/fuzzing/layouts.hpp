// SPDX-License-Identifier: GPL-2.0-only
// A program laid out otherwise: the same operations on other offsets and sizes.
#pragma once

#include "program/op.hpp"

namespace dmafuzz {

// Without any offset or size: equal for programs that differ in their layout alone.
Program without_layout(Program program);

// The same program laid out otherwise, where that changes nothing else: four times as large in buffers of eight times
// the size, and a part of a line further on in buffers with two lines more.
std::vector<Program> other_layouts(const Program& program);

// The same program with the sizes and offsets that drivers use: what lies between two of its offsets becomes 4096,
// 2048, 1500 or 64 bytes, or stays as it is. Those that leave least as it is come first, and of them those with most
// sizes and offsets of these; none of a program with more than four parts.
std::vector<Program> everyday_layouts(const Program& program);

}  // namespace dmafuzz
