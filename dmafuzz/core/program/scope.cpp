// SPDX-License-Identifier: GPL-2.0-only
#include "program/scope.hpp"

#include <algorithm>

namespace dmafuzz {

namespace {

constexpr uint32_t stack_bytes_max = page_bytes;
constexpr uint32_t text_bytes_max = page_bytes;
// A CPU's stack holds 16 KiB; a stack buffer takes whole lines of at most 128 bytes, with live data in front.
constexpr int stack_bytes = 16 * 1024;
constexpr uint32_t live_data_bytes = 16;
int stack_bytes_taken(const Op& op) { return static_cast<int>((op.size + live_data_bytes + 127) / 128 * 128); }
constexpr uint32_t vmalloc_bytes_max = 16 * page_bytes;

uint32_t bytes_max(BufferKind kind) {
    switch (kind) {
        case BufferKind::stack: return stack_bytes_max;
        case BufferKind::text:
        case BufferKind::rodata: return text_bytes_max;
        case BufferKind::vmalloc: return vmalloc_bytes_max;
        default: return buffer_bytes_max;
    }
}

bool may_be_high(BufferKind kind) {
    return kind == BufferKind::pages || kind == BufferKind::page_cache || kind == BufferKind::anonymous ||
           kind == BufferKind::mmio;
}

bool lies_in(uint64_t offset, uint64_t size, int limit) {
    return size >= 1 && offset + size <= static_cast<uint64_t>(limit);
}

// How far a device line may go: one that posts stays inside its mapping, others misbehave as they like.
int access_limit(OpKind access, const Scope::Mapping& m) {
    return access == OpKind::device_post ? m.size : buffer_bytes_max;
}

bool read_only(BufferKind kind) { return kind == BufferKind::text || kind == BufferKind::rodata; }

bool sg_call(OpKind kind) { return is_sg_sync(kind) || kind == OpKind::unmap_sg; }

bool has_direction(const Op& op) {
    return is_map(op.kind) || op.kind == OpKind::alloc_noncoherent || op.kind == OpKind::alloc_noncontiguous ||
           op.given_direction;
}

constexpr int text_allocs_max = 4;  // pages in the kernel's text, and in its rodata

}  // namespace

const char* name_of(Field field) {
    switch (field) {
        case Field::op: return "operation";
        case Field::cpu: return "cpu";
        case Field::device: return "device";
        case Field::buffer: return "buffer";
        case Field::mapping: return "mapping";
        case Field::direction: return "direction";
        case Field::size: return "size";
        case Field::offset: return "offset";
        case Field::count: return "count";
        case Field::cpu_offset: return "cpu_offset";
        case Field::entries: return "entry";
        case Field::list: return "list";
        case Field::attrs: return "attrs";
        case Field::kind: return "kind";
    }
    return "?";
}

int Scope::free_buffer() const {
    for (int i = 0; i < buffers_max; i++)
        if (!buffers_[i].defined) return i;
    return -1;
}

int Scope::free_mapping() const {
    for (int i = 0; i < mappings_max; i++)
        if (!mappings_[i].defined) return i;
    return -1;
}

bool Scope::mappable(int buffer, bool resource) const {
    const Buffer& b = buffers_[buffer];
    return b.live && (resource || b.kind != BufferKind::mmio);
}

std::optional<Problem> Scope::check_alloc(const Op& op) const {
    if (op.buffer >= buffers_max) return Problem{Field::buffer, "a buffer b0 to b15"};
    if (buffers_[op.buffer].defined) return Problem{Field::buffer, "a buffer name that is not defined yet"};
    if (op.kind == OpKind::alloc && op.buffer_kind >= BufferKind::coherent)
        return Problem{Field::kind, "a kind of buffer that alloc makes"};
    if (op.size < 1 || op.size > bytes_max(op.buffer_kind))
        return Problem{Field::size,
                       "a size of at least 1 byte and at most 524288 (stack, text, rodata: 4096; vmalloc: 65536)"};
    if (op.buffer_kind == BufferKind::stack && stack_used_[op.cpu] + stack_bytes_taken(op) > stack_bytes)
        return Problem{Field::size, "a stack buffer that the CPU's stack of 16 KiB has room for"};
    if (op.high && !may_be_high(op.buffer_kind))
        return Problem{Field::kind, "pages, page_cache, anonymous or mmio with 'high'"};
    if (op.kind == OpKind::alloc && read_only(op.buffer_kind)) {
        int same = 0;
        for (const Buffer& b : buffers_) same += b.defined && b.kind == op.buffer_kind;
        if (same >= text_allocs_max) return Problem{Field::kind, "at most four buffers of kernel text and of rodata"};
    }
    return std::nullopt;
}

std::optional<Problem> Scope::check_access(const Op& op) const {
    const Buffer& b = buffers_[op.buffer];
    if (op.kind == OpKind::cow) {
        if (b.kind != BufferKind::page_cache && b.kind != BufferKind::anonymous)
            return Problem{Field::buffer, "a page_cache or anonymous buffer"};
        if (op.private_copy && b.kind != BufferKind::anonymous)
            return Problem{Field::buffer, "an anonymous buffer with 'private'"};
        if (op.offset % page_bytes != 0 || op.offset >= static_cast<uint32_t>(b.size))
            return Problem{Field::offset, "the offset of a page in the buffer, a multiple of 4096"};
        return std::nullopt;
    }
    if (b.kind == BufferKind::mmio) return Problem{Field::buffer, "memory, not mmio"};
    if (op.kind != OpKind::read && read_only(b.kind)) return Problem{Field::buffer, "a buffer that the CPU may write"};
    if (!lies_in(op.offset, op.size, b.size))
        return Problem{Field::size, "a range of at least 1 byte inside the buffer"};
    return std::nullopt;
}

std::optional<Problem> Scope::check_list(const Op& op) const {
    if (op.reuse_list) {
        if (op.list >= mappings_max) return Problem{Field::list, "a mapping m0 to m31"};
        const Mapping& m = mappings_[op.list];
        if (!m.visible || m.map != OpKind::map_sg)
            return Problem{Field::list, "a mapping made by a map_sg that has returned"};
        for (int i = 0; i < m.entries; i++)
            if (!buffers_[m.list_buffers[i]].live)
                return Problem{Field::list, "a scatterlist of buffers that still live"};
        return std::nullopt;
    }
    if (op.entry_count < 1 || op.entry_count > entries_max) return Problem{Field::entries, "one to four entries"};
    for (int i = 0; i < op.entry_count; i++) {
        const Entry& e = op.entries[i];
        if (e.buffer >= buffers_max || !mappable(e.buffer, false))
            return Problem{Field::entries, "a live buffer that is not mmio", i};
        if (!lies_in(e.offset, e.size, buffers_[e.buffer].size))
            return Problem{Field::entries, "a range of at least 1 byte inside the buffer", i};
    }
    return std::nullopt;
}

std::optional<Problem> Scope::check_map(const Op& op) const {
    if (op.mapping >= mappings_max) return Problem{Field::mapping, "a mapping m0 to m31"};
    if (mappings_[op.mapping].defined) return Problem{Field::mapping, "a mapping name that is not defined yet"};
    if (is_allocation_call(op.kind)) return check_alloc(op);
    if (op.kind == OpKind::map_sg) return check_list(op);
    if (!mappable(op.buffer, op.kind == OpKind::map_resource)) return Problem{Field::buffer, "memory, not mmio"};
    if (!lies_in(op.offset, op.size, buffers_[op.buffer].size))
        return Problem{Field::size, "a range of at least 1 byte inside the buffer"};
    return std::nullopt;
}

std::optional<Problem> Scope::check_call(const Op& op) const {
    const Mapping& m = mappings_[op.mapping];
    if (op.given_count && sg_call(op.kind) && (op.count < 1 || op.count > m.entries))
        return Problem{Field::count, "at least one entry, and no more than the list has"};
    if (is_device_access(op.kind) && !lies_in(op.offset, op.size, access_limit(op.kind, m)))
        return Problem{Field::size, op.kind == OpKind::device_post
                                        ? "a range of at least 1 byte inside the mapping"
                                        : "a range of at least 1 byte in the 524288 from the mapping's start on"};
    if (op.cpu_offset > static_cast<uint32_t>(buffer_bytes_max))
        return Problem{Field::cpu_offset, "at most 524288 bytes"};
    if (op.given_size && op.size > static_cast<uint32_t>(2 * buffer_bytes_max))
        return Problem{Field::size, "at most 1048576 bytes"};
    if (traits(op.kind).is_call && op.offset > static_cast<uint32_t>(2 * buffer_bytes_max))
        return Problem{Field::offset, "at most 1048576 bytes"};
    if (op.kind == OpKind::forget && m.forgotten) return Problem{Field::mapping, "a mapping that is not forgotten yet"};
    return std::nullopt;
}

std::optional<Problem> Scope::check(const Op& op) const {
    const OpTraits& t = traits(op.kind);
    if (op.cpu >= cpus_max) return Problem{Field::cpu, "cpu0 to cpu3"};
    if (op.device >= devices_max) return Problem{Field::device, "d0 to d3"};
    if (op.kind == OpKind::finish) {
        if (!pending(op.cpu)) return Problem{Field::op, "a call of this CPU that was split and not finished"};
        return std::nullopt;
    }
    if (pending(op.cpu) && !is_device_access(op.kind))
        return Problem{Field::cpu, "another CPU, or 'finish': this one is between the two halves of a call"};
    if (op.split && !t.is_call) return Problem{Field::op, "a DMA API call with 'split'"};
    if (op.kind == OpKind::irq_off && irqs_off_[op.cpu]) return Problem{Field::op, "interrupts that are on"};
    if (op.kind == OpKind::irq_on && !irqs_off_[op.cpu]) return Problem{Field::op, "interrupts that are off"};
    if (t.names_buffer && (op.buffer >= buffers_max || !buffers_[op.buffer].live))
        return Problem{Field::buffer, "a live buffer"};
    if (t.names_mapping && (op.mapping >= mappings_max || !mappings_[op.mapping].visible))
        return Problem{Field::mapping, "a mapping whose call has returned"};
    if (op.kind == OpKind::alloc) return check_alloc(op);
    if (op.kind == OpKind::free && buffers_[op.buffer].kind >= BufferKind::text)
        return Problem{Field::buffer, "a buffer made by alloc, not kernel text, rodata or mmio"};
    if (is_cpu_access(op.kind)) return check_access(op);
    if (t.defines_mapping) return check_map(op);
    if (t.names_mapping) return check_call(op);
    return std::nullopt;
}

void Scope::show(const Op& op, bool visible) {
    const OpTraits& t = traits(op.kind);
    if (t.defines_buffer) buffers_[op.buffer] = {true, visible, op.buffer_kind, static_cast<int>(op.size)};
    if (!t.defines_mapping) return;
    Mapping& m = mappings_[op.mapping];
    m.defined = true;
    m.visible = visible;
    m.map = op.kind;
    m.device = op.device;
    m.size = static_cast<int>(op.size);
    m.buffer = op.buffer;
    if (op.kind != OpKind::map_sg) return;
    if (op.reuse_list) {
        m.entries = mappings_[op.list].entries;
        m.size = mappings_[op.list].size;
        m.list_buffers = mappings_[op.list].list_buffers;
        return;
    }
    m.entries = op.entry_count;
    m.size = 0;
    for (int i = 0; i < op.entry_count; i++) {
        m.size += static_cast<int>(op.entries[i].size);
        m.list_buffers[i] = op.entries[i].buffer;
    }
}

void Scope::apply(const Op& op) {
    const OpTraits& t = traits(op.kind);
    if (op.kind == OpKind::finish) {
        int made = pending_[op.cpu] - 1;
        pending_[op.cpu] = -1;
        if (made < 0) return;
        mappings_[made].visible = true;
        if (is_allocation_call(mappings_[made].map)) buffers_[mappings_[made].buffer].live = true;
        return;
    }
    if (t.defines_buffer || t.defines_mapping) show(op, !op.split);
    if (op.split) pending_[op.cpu] = t.defines_mapping ? op.mapping + 1 : 0;
    if (op.kind == OpKind::alloc && op.buffer_kind == BufferKind::stack) stack_used_[op.cpu] += stack_bytes_taken(op);
    if (op.kind == OpKind::free) buffers_[op.buffer].live = false;
    if (op.kind == OpKind::forget) mappings_[op.mapping].forgotten = true;
    if (op.kind == OpKind::irq_off || op.kind == OpKind::irq_on) irqs_off_[op.cpu] = op.kind == OpKind::irq_off;
    if (is_allocation_end(op.kind)) {
        const Mapping& m = mappings_[op.mapping];
        if (op.kind == matching_end(m.map)) buffers_[m.buffer].live = false;
    }
}

void Scope::digest(Digest& into) const {
    for (size_t i = 0; i < buffers_.size(); i++)
        if (buffers_[i].defined)
            into.add(i << 48 | static_cast<uint64_t>(buffers_[i].live) << 40 |
                     static_cast<uint64_t>(buffers_[i].kind) << 32 | static_cast<uint32_t>(buffers_[i].size));
    for (size_t i = 0; i < mappings_.size(); i++) {
        const Mapping& m = mappings_[i];
        if (!m.defined) continue;
        into.add(i << 48 | static_cast<uint64_t>(m.visible) << 41 | static_cast<uint64_t>(m.forgotten) << 40 |
                 static_cast<uint64_t>(m.map) << 32 | static_cast<uint32_t>(m.size));
        into.add(static_cast<uint64_t>(m.device) << 16 | static_cast<uint64_t>(m.entries) << 8 | m.buffer);
        for (uint8_t buffer : m.list_buffers) into.add(buffer);
    }
    for (int cpu = 0; cpu < cpus_max; cpu++)
        into.add(static_cast<uint64_t>(pending_[cpu] + 1) << 32 | static_cast<uint64_t>(irqs_off_[cpu]) << 31 |
                 static_cast<uint64_t>(stack_used_[cpu]));
}

void clear_unused(Op& op) {
    const OpTraits& t = traits(op.kind);
    Op clean;
    clean.kind = op.kind;
    if (!is_device_access(op.kind)) clean.cpu = op.cpu;
    clean.split = op.split && t.is_call;
    bool call_on_mapping = t.is_call && t.names_mapping;
    clean.given_device = call_on_mapping && op.given_device;
    if (t.names_device || clean.given_device) clean.device = op.device;
    if (t.defines_buffer || t.names_buffer) clean.buffer = op.buffer;
    if (t.defines_mapping || t.names_mapping) clean.mapping = op.mapping;
    if (op.kind == OpKind::alloc) {
        clean.buffer_kind = op.buffer_kind;
        clean.high = op.high;
    }
    if (op.kind == OpKind::alloc_coherent) clean.buffer_kind = BufferKind::coherent;
    if (op.kind == OpKind::alloc_noncoherent || op.kind == OpKind::alloc_noncontiguous)
        clean.buffer_kind = BufferKind::noncoherent;
    if (t.defines_buffer || t.has_range) clean.size = op.size;
    if (t.has_range || op.kind == OpKind::cow) clean.offset = op.offset;
    clean.unchecked = is_map(op.kind) && op.unchecked;
    clean.private_copy = op.kind == OpKind::cow && op.private_copy;
    if (call_on_mapping) {
        bool sg = sg_call(op.kind);
        clean.given_size = !sg && op.given_size;
        if (clean.given_size) clean.size = op.size;
        if (!sg) clean.offset = op.offset;
        clean.given_direction = op.kind != OpKind::free_coherent && op.given_direction;
        clean.given_attrs = is_end(op.kind) && op.given_attrs;
        clean.given_count = sg && op.given_count;
        if (op.kind == OpKind::free_coherent || op.kind == OpKind::free_noncoherent) clean.cpu_offset = op.cpu_offset;
        if (clean.given_count) clean.count = op.count;
    }
    Op with_direction = op;
    with_direction.given_direction = clean.given_direction;
    if (has_direction(with_direction)) clean.direction = op.direction;
    if (t.defines_mapping || clean.given_attrs) clean.attrs = op.attrs & attr::all;
    if (op.kind == OpKind::map_sg) {
        clean.reuse_list = op.reuse_list;
        if (op.reuse_list) {
            clean.list = op.list;
        } else {
            clean.entry_count = std::min<uint8_t>(op.entry_count, entries_max);
            for (int i = 0; i < clean.entry_count; i++) clean.entries[i] = op.entries[i];
        }
    }
    op = clean;
}

namespace {

// The next index from `start` on, cyclically, that `usable` takes; -1 if none.
template <class Usable>
int next_usable(int start, int count, Usable usable) {
    for (int k = 0; k < count; k++)
        if (usable((start + k) % count)) return (start + k) % count;
    return -1;
}

// Pulls a range into [0, limit): the offset first, then the size.
void fit_range(uint32_t& offset, uint32_t& size, uint32_t limit) {
    offset %= limit;
    size = std::clamp<uint32_t>(size, 1, limit - offset);
}

}  // namespace

bool Scope::repair(Op& op) const {
    op.cpu %= cpus_max;
    op.device %= devices_max;
    clear_unused(op);
    const OpTraits& t = traits(op.kind);
    if (op.kind == OpKind::finish) {
        int cpu = next_usable(op.cpu, cpus_max, [&](int c) { return pending(c); });
        if (cpu < 0) return false;
        op.cpu = static_cast<uint8_t>(cpu);
        return true;
    }
    if (!is_device_access(op.kind)) {
        int cpu = next_usable(op.cpu, cpus_max, [&](int c) {
            bool irqs_fit = op.kind == OpKind::irq_off  ? !irqs_off_[c]
                            : op.kind == OpKind::irq_on ? irqs_off_[c]
                                                        : true;
            return !pending(c) && irqs_fit;
        });
        if (cpu < 0) return false;
        op.cpu = static_cast<uint8_t>(cpu);
    }
    if (t.defines_buffer) {
        int b = op.buffer < buffers_max && !buffers_[op.buffer].defined ? op.buffer : free_buffer();
        if (b < 0) return false;
        op.buffer = static_cast<uint8_t>(b);
        if (op.kind == OpKind::alloc && op.buffer_kind >= BufferKind::coherent) op.buffer_kind = BufferKind::pages;
        op.size = std::clamp<uint32_t>(op.size, 1, bytes_max(op.buffer_kind));
        if (!may_be_high(op.buffer_kind)) op.high = false;
    }
    if (t.defines_mapping) {
        int m = op.mapping < mappings_max && !mappings_[op.mapping].defined ? op.mapping : free_mapping();
        if (m < 0) return false;
        op.mapping = static_cast<uint8_t>(m);
    }
    if (t.names_buffer) {
        int b = next_usable(op.buffer % buffers_max, buffers_max, [&](int i) {
            if (!buffers_[i].live) return false;
            BufferKind kind = buffers_[i].kind;
            if (op.kind == OpKind::cow) return kind == BufferKind::page_cache || kind == BufferKind::anonymous;
            if (op.kind == OpKind::free) return kind < BufferKind::text;
            if (op.kind == OpKind::map_resource) return true;
            if (op.kind == OpKind::write || op.kind == OpKind::dirty)
                return kind != BufferKind::mmio && !read_only(kind);
            return kind != BufferKind::mmio;
        });
        if (b < 0) return false;
        op.buffer = static_cast<uint8_t>(b);
        if (t.has_range) fit_range(op.offset, op.size, static_cast<uint32_t>(buffers_[b].size));
        if (op.kind == OpKind::cow) {
            op.offset %= static_cast<uint32_t>(buffers_[b].size);
            op.offset -= op.offset % page_bytes;
            op.private_copy &= buffers_[b].kind == BufferKind::anonymous;
        }
    }
    if (t.names_mapping) {
        int m = next_usable(op.mapping % mappings_max, mappings_max, [&](int i) {
            return mappings_[i].visible && !(op.kind == OpKind::forget && mappings_[i].forgotten);
        });
        if (m < 0) return false;
        op.mapping = static_cast<uint8_t>(m);
        if (is_device_access(op.kind))
            fit_range(op.offset, op.size, static_cast<uint32_t>(access_limit(op.kind, mappings_[m])));
        op.cpu_offset = std::min<uint32_t>(op.cpu_offset, buffer_bytes_max);
        if (t.is_call) op.offset = std::min<uint32_t>(op.offset, 2 * buffer_bytes_max);
        if (op.given_size) op.size = std::min<uint32_t>(op.size, 2 * buffer_bytes_max);
        if (op.given_count && sg_call(op.kind))
            op.count = static_cast<uint8_t>(std::clamp<int>(op.count, 1, mappings_[m].entries));
    }
    if (op.kind == OpKind::map_sg && op.reuse_list) {
        Op probe = op;
        int list = next_usable(op.list % mappings_max, mappings_max, [&](int i) {
            probe.list = static_cast<uint8_t>(i);
            return !check_list(probe);
        });
        if (list < 0) return false;
        op.list = static_cast<uint8_t>(list);
    } else if (op.kind == OpKind::map_sg) {
        if (op.entry_count < 1) op.entry_count = 1;
        for (int i = 0; i < op.entry_count; i++) {
            Entry& e = op.entries[i];
            int b = next_usable(e.buffer % buffers_max, buffers_max, [&](int j) { return mappable(j, false); });
            if (b < 0) return false;
            e.buffer = static_cast<uint8_t>(b);
            fit_range(e.offset, e.size, static_cast<uint32_t>(buffers_[b].size));
        }
    }
    return !check(op);
}

Program repair(const Program& program) {
    Program valid;
    valid.ops.reserve(std::min<size_t>(program.ops.size(), ops_max));
    Scope scope;
    for (Op op : program.ops) {
        if (valid.ops.size() == ops_max) break;
        if (!scope.repair(op)) continue;
        scope.apply(op);
        valid.ops.push_back(op);
    }
    return valid;
}

std::optional<ProgramProblem> check(const Program& program) {
    Scope scope;
    for (size_t i = 0; i < program.ops.size(); i++) {
        if (i == ops_max) return ProgramProblem{static_cast<int>(i), {Field::op, "at most 64 operations"}};
        Op cleared = program.ops[i];
        clear_unused(cleared);
        if (cleared != program.ops[i])
            return ProgramProblem{static_cast<int>(i),
                                  {Field::op, "only fields that count for the operation (see clear_unused)"}};
        if (auto problem = scope.check(program.ops[i])) return ProgramProblem{static_cast<int>(i), *problem};
        scope.apply(program.ops[i]);
    }
    return std::nullopt;
}

}  // namespace dmafuzz
