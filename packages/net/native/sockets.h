// Non-blocking sockets: system calls that never wait. Each gives the result of the call, or a
// negative errno.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

namespace bluelet {

// The descriptors that were opened here. No call touches any other descriptor of the process.
class Sockets {
 public:
  ~Sockets();

  bool Owns(int fd) const { return fd >= 0 && fd < room_ && owned_[fd] != 0; }

  // Accepted sockets inherit the settings of Configure.
  int Listen(const char* address, int port, int backlog, bool ipv6_only, bool reuse_port, bool no_delay, int keep_alive_seconds);
  // Once the descriptor is writable, the connection is established or has failed; see Failure.
  int Connect(const char* address, int port);
  int Accept(int listener);
  // Writes "host port" of the peer that was accepted last, which may have disconnected since, and
  // gives the length.
  size_t Peer(char* to, size_t room) const;
  void Close(int fd);
  // Closes with a reset.
  void Reset(int fd);

  static long Receive(int fd, void* to, size_t max);
  static long Send(int fd, const void* bytes, size_t length);
  static int Shutdown(int fd);
  // Sets TCP_NODELAY; and SO_KEEPALIVE, unless the seconds are 0.
  static int Configure(int fd, bool no_delay, int keep_alive_seconds);
  // The pending error of a connection: 0 or a negative errno.
  static int Failure(int fd);
  // How many bytes were sent that the peer's system has not acknowledged, or a negative errno.
  static int Unacknowledged(int fd);
  // Writes "host port" of one end, or nothing if it has no address, and gives the length.
  static size_t Address(int fd, bool remote, char* to, size_t room);

 private:
  int Own(int fd);

  // By descriptor, whether it was opened here.
  uint8_t* owned_ = nullptr;
  int room_ = 0;
  sockaddr_storage peer_ = {};
  socklen_t peer_length_ = 0;
};

}  // namespace bluelet
