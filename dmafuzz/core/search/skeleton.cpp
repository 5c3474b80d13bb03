#include "search/skeleton.hpp"

namespace dmafuzz {

namespace {

// The minimiser makes one of these.
OpKind plain(OpKind kind) {
    switch (kind) {
        case OpKind::map_page: return OpKind::map_single;
        case OpKind::unmap_page: return OpKind::unmap_single;
        case OpKind::sync_range_for_cpu: return OpKind::sync_single_for_cpu;
        case OpKind::sync_range_for_device: return OpKind::sync_single_for_device;
        default: return kind;
    }
}

}  // namespace

Skeleton skeleton_of(std::vector<OpKind> kinds) {
    for (OpKind& kind : kinds) kind = plain(kind);
    return kinds;
}

Skeleton skeleton_of(const Program& minimal) {
    Skeleton skeleton;
    for (const Op& op : minimal.ops) skeleton.push_back(plain(op.kind));
    return skeleton;
}

bool holds(const Program& program, const Skeleton& skeleton) {
    size_t at = 0;
    for (const Op& op : program.ops)
        if (at < skeleton.size() && plain(op.kind) == skeleton[at]) at++;
    return at == skeleton.size();
}

}  // namespace dmafuzz
