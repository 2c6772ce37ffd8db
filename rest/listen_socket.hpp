// SPDX-License-Identifier: Apache-2.0
// listen_socket is a TCP socket that listens at one address.
//
// Owner:      whoever opened it; closed with the object.
// Errors:     in_use when the port is taken, invalid_argument when the address is none of this machine, io.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "weir/core/result.hpp"

namespace weir::rest {

class listen_socket {
 public:
  /// A name, or an address of IPv4 or IPv6; port 0: a free one.
  static result<listen_socket> open(const std::string& address, std::uint16_t port);

  listen_socket(listen_socket&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)), port_(other.port_) {}
  listen_socket& operator=(listen_socket&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    std::swap(port_, other.port_);
    return *this;
  }
  ~listen_socket();

  int descriptor() const { return descriptor_; }
  std::uint16_t port() const { return port_; }

 private:
  explicit listen_socket(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;
  std::uint16_t port_ = 0;
};

}  // namespace weir::rest
