// SPDX-License-Identifier: GPL-2.0-only
#include "fuzzing/current_input.hpp"

#include <algorithm>

#include "fuzzing/mapped_file.hpp"

namespace dmafuzz {

CurrentInput::~CurrentInput() {
    if (page_) unmap_file(page_, sizeof(Page));
}

void CurrentInput::open(const std::string& path) {
    page_ = static_cast<Page*>(map_file(path, sizeof(Page), "the file of the current input"));
}

void CurrentInput::record(const Program& program) {
    if (!page_) return;
    page_->bytes = 0;
    const size_t count = std::min<size_t>(program.ops.size(), ops_max);
    for (size_t i = 0; i < count; i++) encode(program.ops[i], page_->records + i * record_bytes);
    page_->bytes = count * record_bytes;
    page_->count++;
}

}  // namespace dmafuzz
