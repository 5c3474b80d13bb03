// What a cause is recognised by in another program: the kinds of its minimal program's operations, in their order.
#pragma once

#include <vector>

#include "program/op.hpp"

namespace dmafuzz {

// Of calls that come to the same, the one that minimal programs have.
using Skeleton = std::vector<OpKind>;

Skeleton skeleton_of(const Program& minimal);
Skeleton skeleton_of(std::vector<OpKind> kinds);

// All of its operations in that order, whatever is between them.
bool holds(const Program& program, const Skeleton& skeleton);

}  // namespace dmafuzz
