// The neighbourhood of a short program: what it becomes with one line more, or with one argument otherwise.
#pragma once

#include <vector>

#include "program/op.hpp"

namespace dmafuzz {

// All of them, some hundreds, each valid and of at most `ops_limit` operations. What is inserted acts on what is there: calls
// on its mappings with right and wrong arguments, more mappings of its buffers, touches. Ranges are whole, or halves.
std::vector<Program> neighbours(const Program& program, int ops_limit);

// The same program laid out otherwise: four times as large in buffers of eight times the size, and a granule further on in
// buffers with two lines more.
std::vector<Program> other_layouts(const Program& program);

}  // namespace dmafuzz
