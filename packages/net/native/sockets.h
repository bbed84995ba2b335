// Non-blocking sockets: system calls that never wait, each of which gives what the call gave, or a negative errno.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace bluelet {

// The descriptors that were made here, and none else: no call of ours touches a descriptor of somebody else's.
class Sockets {
 public:
  ~Sockets();

  bool Owns(int fd) const { return fd >= 0 && static_cast<size_t>(fd) < owned_.size() && owned_[fd]; }

  int Listen(const char* address, int port, int backlog, bool ipv6_only, bool reuse_port);
  // The connection is made, or has failed, once the descriptor is writable; see Failure.
  int Connect(const char* address, int port);
  int Accept(int listener);
  void Close(int fd);
  // Closes with a reset.
  void Reset(int fd);

  static long Receive(int fd, void* to, size_t most);
  static long Send(int fd, const void* bytes, size_t length);
  static int Shutdown(int fd);
  // TCP_NODELAY, and SO_KEEPALIVE with so many seconds, or none of it.
  static int Configure(int fd, bool no_delay, int keep_alive_seconds);
  // What has become of a connection: 0 or a negative errno.
  static int Failure(int fd);
  // "host port" of one end; empty if there is none.
  static std::string Address(int fd, bool remote);

 private:
  int Own(int fd);

  std::vector<bool> owned_;
};

}  // namespace bluelet
