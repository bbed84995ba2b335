// Non-blocking sockets: system calls that never wait. Each gives the result of the call, or a
// negative errno.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

namespace bluelet {

// The descriptors that were opened here, or taken over. No call touches any other descriptor of the
// process.
class Sockets {
 public:
  ~Sockets();

  bool Owns(int fd) const { return fd >= 0 && fd < room_ && owned_[fd] != 0; }

  // Accepted sockets inherit the settings of Configure.
  int Listen(const char* address, int port, int backlog, bool ipv6_only, bool reuse_port, bool no_delay, int keep_alive_seconds);
  // Once the descriptor is writable, the connection is established or has failed; see Failure.
  int Connect(const char* address, int port);
  // Listens on a Unix socket, which must not exist. A path that begins with '@' is an abstract
  // name.
  int ListenPath(const char* path, int backlog);
  // Connects to a Unix socket; the descriptor is connected.
  int ConnectPath(const char* path);
  // Takes over a descriptor that listens, such as an inherited one. Any other is left as it is.
  int Adopt(int fd, bool no_delay, int keep_alive_seconds);
  // Takes over a descriptor that this addon has opened. Gives it, or closes it and gives a negative
  // errno.
  int Own(int fd);
  int Accept(int listener);
  // Writes the address of the peer that was accepted last, which may have disconnected since, and
  // gives the length; see Address.
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
  // Writes "pid uid gid" of the process at the other end of a Unix socket, or nothing, and gives
  // the length.
  static size_t Credentials(int fd, char* to, size_t room);
  // Writes "host port" or "unix:path" of one end, or nothing if it has no address, and gives the
  // length.
  static size_t Address(int fd, bool remote, char* to, size_t room);

 private:
  // By descriptor, whether it was opened here.
  uint8_t* owned_ = nullptr;
  int room_ = 0;
  sockaddr_storage peer_ = {};
  socklen_t peer_length_ = 0;
};

}  // namespace bluelet
