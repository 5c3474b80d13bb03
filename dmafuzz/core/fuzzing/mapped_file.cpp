// SPDX-License-Identifier: GPL-2.0-only
#include "fuzzing/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace dmafuzz {

void* map_file(const std::string& path, size_t bytes, const std::string& what) {
    int file = ::open(path.c_str(), O_RDWR | O_CREAT, 0644);
    if (file < 0) throw std::runtime_error("cannot open " + what + " " + path + ": " + std::strerror(errno));
    void* at = MAP_FAILED;
    if (const int error = posix_fallocate(file, 0, static_cast<off_t>(bytes)); error) errno = error;
    else at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    ::close(file);
    if (at == MAP_FAILED) throw std::runtime_error("cannot map " + what + " " + path + ": " + std::strerror(errno));
    return at;
}

void unmap_file(void* at, size_t bytes) { munmap(at, bytes); }

}  // namespace dmafuzz
