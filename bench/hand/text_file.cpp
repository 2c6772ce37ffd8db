// SPDX-License-Identifier: Apache-2.0
#include "bench/hand/text_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "bench/hand/split_words.hpp"

namespace weir::bench {

namespace {

error os_error(const std::string& what) {
  return {error_code::io, what + ": " + std::strerror(errno)};
}

}  // namespace

result<text_file> text_file::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return os_error("cannot open '" + path + "'");
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) {
    ::close(descriptor);
    return os_error("cannot stat '" + path + "'");
  }
  return text_file(descriptor, static_cast<std::uint64_t>(status.st_size));
}

text_file::~text_file() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::vector<byte_range> text_file::whole_lines(unsigned parts) const {
  std::vector<byte_range> ranges;
  std::uint64_t begin = 0;
  for (unsigned part = 1; part <= parts; ++part) {
    const std::uint64_t end = part == parts ? size_ : line_start_from(size_ / parts * part);
    ranges.push_back({begin, std::max(begin, end)});
    begin = ranges.back().end;
  }
  return ranges;
}

std::uint64_t text_file::line_start_from(std::uint64_t offset) const {
  std::array<char, 4096> bytes;
  while (offset > 0 && offset < size_) {
    const ssize_t size =
        ::pread(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(offset - 1));
    if (size <= 0) return size_;
    const auto end = bytes.begin() + size;
    const auto at = std::find(bytes.begin(), end, '\n');
    offset += static_cast<std::uint64_t>(at - bytes.begin());
    if (at != end) return offset;
  }
  return std::min(offset, size_);
}

line_blocks::line_blocks(const text_file& file, byte_range range)
    : descriptor_(file.descriptor()), rest_(range), buffer_(block_bytes + split_overread) {}

std::string_view line_blocks::next() {
  std::copy(buffer_.data() + given_, buffer_.data() + filled_, buffer_.data());
  filled_ -= given_;
  given_ = 0;
  while (rest_.begin < rest_.end) {
    if (filled_ + split_overread == buffer_.size())
      buffer_.resize(buffer_.size() * 2);  // a huge line
    const std::size_t room = buffer_.size() - split_overread - filled_;
    const std::size_t wanted = std::min<std::uint64_t>(room, rest_.end - rest_.begin);
    const ssize_t size =
        ::pread(descriptor_, buffer_.data() + filled_, wanted, static_cast<off_t>(rest_.begin));
    if (size <= 0) break;
    filled_ += static_cast<std::size_t>(size);
    rest_.begin += static_cast<std::uint64_t>(size);
    const std::string_view text(buffer_.data(), filled_);
    const std::size_t last_end = text.rfind('\n');
    if (last_end == std::string_view::npos) continue;
    given_ = last_end + 1;
    return text.substr(0, given_);
  }
  given_ = filled_;
  return {buffer_.data(), filled_};
}

result<mapped_text> mapped_text::map(const text_file& file) {
  const auto size = static_cast<std::size_t>(file.size());
  const std::size_t mapped = size + 2 * 4096;  // anonymous zeros behind the file
  void* region = ::mmap(nullptr, mapped, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (region == MAP_FAILED) return os_error("cannot map memory");
  mapped_text text(static_cast<char*>(region), size, mapped);
  if (size > 0 && ::mmap(region, size, PROT_READ, MAP_PRIVATE | MAP_FIXED | MAP_POPULATE,
                         file.descriptor(), 0) == MAP_FAILED) {
    return os_error("cannot map the text");
  }
  return text;
}

mapped_text::~mapped_text() {
  if (data_ != nullptr) ::munmap(data_, mapped_);
}

}  // namespace weir::bench
