// SPDX-License-Identifier: Apache-2.0
#include "rest/address_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "rest/document.hpp"

namespace weir::rest {
namespace {

constexpr std::size_t bytes_max = 16 << 10;  // of a file that this module wrote; more is none

std::filesystem::path file_in(const std::filesystem::path& state_directory) {
  return state_directory / "http-address";
}

error failed(const std::filesystem::path& path, const std::string& what) {
  return error{error_code::io, path.string() + ": " + what + ": " + std::strerror(errno)};
}

document document_of(const job_address& of) {
  return {{"host", of.host}, {"port", of.port},   {"job-id", of.job_id},
          {"job", of.job},   {"token", of.token}, {"process", of.process}};
}

result<std::string> read_all(const std::filesystem::path& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 && (errno == ENOENT || errno == ENOTDIR)) {
    return error{error_code::not_found, path.string() + " does not exist"};
  }
  if (file < 0) return failed(path, "cannot be opened");
  std::string bytes(bytes_max, '\0');
  const auto taken = read(file, bytes.data(), bytes.size());
  close(file);
  if (taken < 0) return failed(path, "cannot be read");
  bytes.resize(static_cast<std::size_t>(taken));
  return bytes;
}

}  // namespace

std::string job_address::text() const {
  const bool ipv6 = host.find(':') != host.npos;
  return (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

result<void> write_address(const std::filesystem::path& state_directory, const job_address& of) {
  const auto path = file_in(state_directory);
  const auto fresh = path.string() + ".new";
  const std::string text = to_pretty_text(document_of(of)) + "\n";
  unlink(fresh.c_str());
  const int file = open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) return failed(fresh, "cannot be made");
  const auto written = write(file, text.data(), text.size());
  close(file);
  if (written != static_cast<ssize_t>(text.size())) return failed(fresh, "cannot be written");
  if (rename(fresh.c_str(), path.c_str()) != 0) return failed(path, "cannot be made");
  return {};
}

result<job_address> read_address(const std::filesystem::path& state_directory) {
  const auto path = file_in(state_directory);
  const auto text = read_all(path);
  if (!text) return text.error();
  const auto parsed = document::parse(*text, nullptr, false);
  try {
    job_address made;
    made.host = parsed.at("host").get<std::string>();
    made.port = parsed.at("port").get<std::uint16_t>();
    made.job_id = parsed.at("job-id").get<std::string>();
    made.job = parsed.at("job").get<std::string>();
    made.token = parsed.at("token").get<std::string>();
    made.process = parsed.at("process").get<std::int64_t>();
    return made;
  } catch (const nlohmann::json::exception& failure) {
    return error{error_code::corrupt,
                 path.string() + " does not hold an address: " + failure.what()};
  }
}

void remove_address(const std::filesystem::path& state_directory, const std::string& job_id) {
  const auto known = read_address(state_directory);
  if (known && known->job_id == job_id) unlink(file_in(state_directory).c_str());
}

}  // namespace weir::rest
