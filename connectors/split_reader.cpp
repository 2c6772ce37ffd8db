// SPDX-License-Identifier: Apache-2.0
#include "connectors/split_reader.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "connectors/os_error.hpp"

namespace weir {

namespace {

error truncated(const file_split& split, std::uint64_t size) {
  return {error_code::corrupt, "input file '" + split.path + "' has " + std::to_string(size) +
                                   " bytes, expected at least the " +
                                   std::to_string(split.file_size_seen) +
                                   " that it had when it was enumerated"};
}

error wrong_offset(const file_split& split, std::uint64_t offset) {
  return {error_code::invalid_argument,
          "offset " + std::to_string(offset) + " is outside split " + split.id() + ", expected " +
              std::to_string(split.begin) + " to " + std::to_string(split.file_size_seen)};
}

std::size_t after_first_newline(std::span<const char> bytes) {
  const void* newline = bytes.empty() ? nullptr : std::memchr(bytes.data(), '\n', bytes.size());
  if (newline == nullptr) return 0;
  return static_cast<std::size_t>(static_cast<const char*>(newline) - bytes.data()) + 1;
}

}  // namespace

result<split_reader> split_reader::open(const file_split& split, std::uint64_t offset) {
  if (offset < split.begin || offset > split.file_size_seen || split.begin > split.end ||
      split.end > split.file_size_seen) {
    return wrong_offset(split, offset);
  }
  // O_NONBLOCK: opening a FIFO that took the file's place must not wait for a writer.
  unique_fd file(::open(split.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return os_error(errno, "cannot open input file '" + split.path + "' for reading");
  struct stat about {};
  if (::fstat(file.get(), &about) != 0) {
    return os_error(errno, "cannot look at input file '" + split.path + "'");
  }
  if (!S_ISREG(about.st_mode)) {
    return error{error_code::invalid_argument, "input '" + split.path + "' is not a regular file"};
  }
  const auto size = static_cast<std::uint64_t>(about.st_size);
  if (size < split.file_size_seen) return truncated(split, size);
  return split_reader(split, std::move(file), offset, size - split.file_size_seen);
}

split_reader::split_reader(file_split split, unique_fd file, std::uint64_t offset,
                           std::uint64_t grown)
    : split_(std::move(split)), file_(std::move(file)), at_(offset), grown_bytes_(grown) {
  if (offset >= split_.end) {
    phase_ = phase::done;
  } else if (offset != 0) {
    // The byte before tells whether a line begins at offset. At the split's begin it may be the
    // middle of one; anywhere else offset was reported by split_lines, and then one does.
    phase_ = offset == split_.begin ? phase::skip_line : phase::check_line;
    at_ = offset - 1;
  }
  (void)::posix_fadvise(file_.get(), static_cast<off_t>(at_), 0, POSIX_FADV_SEQUENTIAL);
}

result<split_block> split_reader::read_block(char* buffer, std::size_t capacity) {
  WEIR_CHECK(capacity != 0, split_.path);
  if (phase_ == phase::done) return end_block();
  // While skipping, bytes that decide nothing are not read: a line begins in this split only if an
  // LF is before its last byte. Otherwise one endless line would be read to its end by each of its
  // splits.
  const std::uint64_t bound = phase_ == phase::skip_line ? split_.end - 1 : split_.file_size_seen;
  const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(capacity, bound - at_));
  if (want == 0) {
    phase_ = phase::done;
    return end_block();
  }
  const auto got = read_at(buffer, want);
  if (!got) return got.error();
  const std::span<const char> bytes(buffer, *got);
  switch (phase_) {
    case phase::skip_line:
      return skip_line(bytes);
    case phase::check_line:
      return check_line(bytes);
    default:
      return take_lines(bytes);
  }
}

result<std::size_t> split_reader::read_at(char* buffer, std::size_t size) const {
  while (true) {
    const ssize_t got = ::pread(file_.get(), buffer, size, static_cast<off_t>(at_));
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0) return truncated(split_, at_);
    if (errno == EINTR) continue;
    return os_error(
        errno, "cannot read input file '" + split_.path + "' at offset " + std::to_string(at_));
  }
}

split_block split_reader::end_block() {
  return {std::max(at_, split_.end), {}, true};
}

result<split_block> split_reader::skip_line(std::span<const char> bytes) {
  const std::size_t skipped = after_first_newline(bytes);
  if (skipped == 0) {
    at_ += bytes.size();
    // Nothing begins until the split's last byte: the caller's position stays at the begin until it
    // is known.
    if (at_ < split_.end - 1) return split_block{split_.begin, {}, false};
    phase_ = phase::done;
    return end_block();
  }
  at_ += skipped;
  phase_ = phase::lines;
  return take_lines(bytes.subspan(skipped));
}

result<split_block> split_reader::check_line(std::span<const char> bytes) {
  if (bytes.front() != '\n') {
    return error{error_code::corrupt, "no line of input file '" + split_.path +
                                          "' begins at offset " + std::to_string(at_ + 1) +
                                          ", where the snapshot ended one: it is another file"};
  }
  ++at_;
  phase_ = phase::lines;
  return take_lines(bytes.subspan(1));
}

split_block split_reader::take_lines(std::span<const char> bytes) {
  // The split's last line ends with the first LF at or after its last byte.
  const std::uint64_t last_byte = split_.end - 1;
  const std::uint64_t stop_from = last_byte > at_ ? last_byte - at_ : 0;
  if (stop_from < bytes.size()) {
    const std::size_t from = static_cast<std::size_t>(stop_from);
    const std::size_t past = after_first_newline(bytes.subspan(from));
    if (past != 0) {
      bytes = bytes.first(from + past);
      phase_ = phase::done;
    }
  }
  const split_block block{at_, bytes, false};
  at_ += bytes.size();
  if (at_ == split_.file_size_seen) phase_ = phase::done;
  return split_block{block.offset, block.bytes, phase_ == phase::done};
}

}  // namespace weir
