#include "search/flight_recorder.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace dmafuzz {

FlightRecorder::~FlightRecorder() {
    if (page_) munmap(page_, sizeof(Page));
}

void FlightRecorder::open(const std::string& path) {
    int file = ::open(path.c_str(), O_RDWR | O_CREAT, 0644);
    if (file < 0) throw std::runtime_error("cannot open the flight recorder " + path + ": " + std::strerror(errno));
    void* at = MAP_FAILED;
    if (ftruncate(file, sizeof(Page)) == 0) at = mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    if (at == MAP_FAILED) throw std::runtime_error("cannot map the flight recorder " + path + ": " + std::strerror(errno));
    page_ = static_cast<Page*>(at);
}

void FlightRecorder::record(const Program& program) {
    if (!page_) return;
    page_->bytes = 0;
    const size_t count = std::min<size_t>(program.ops.size(), ops_max);
    for (size_t i = 0; i < count; i++) encode(program.ops[i], page_->records + i * record_bytes);
    page_->bytes = count * record_bytes;
    page_->count++;
}

}  // namespace dmafuzz
