// Non-blocking sockets: system calls that never wait, each of which gives what the call gave, or a negative errno.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

namespace bluelet {

// The descriptors that were made here, and none else: no call of ours touches a descriptor of somebody else's.
class Sockets {
 public:
  ~Sockets();

  bool Owns(int fd) const { return fd >= 0 && fd < room_ && owned_[fd] != 0; }

  // Those that are accepted inherit what Configure sets.
  int Listen(const char* address, int port, int backlog, bool ipv6_only, bool reuse_port, bool no_delay, int keep_alive_seconds);
  // The connection is made, or has failed, once the descriptor is writable; see Failure.
  int Connect(const char* address, int port);
  int Accept(int listener);
  // Writes "host port" of whom was accepted last, though it may have gone since, and gives its length.
  size_t Peer(char* to, size_t room) const;
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
  // Writes "host port" of one end, or nothing if there is none, and gives its length.
  static size_t Address(int fd, bool remote, char* to, size_t room);

 private:
  int Own(int fd);

  // By descriptor, whether it is ours.
  uint8_t* owned_ = nullptr;
  int room_ = 0;
  sockaddr_storage peer_ = {};
  socklen_t peer_length_ = 0;
};

}  // namespace bluelet
