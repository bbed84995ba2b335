#include "sockets.h"

#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "addresses.h"

namespace bluelet {

namespace {

int Set(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value) == 0 ? 0 : -errno;
}

// Gives an option of the socket, or a negative errno.
int Get(int fd, int option) {
  int value = 0;
  socklen_t length = sizeof value;
  return getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 ? value : -errno;
}

}  // namespace

Sockets::~Sockets() {
  for (int fd = 0; fd < room_; fd++) {
    if (owned_[fd] != 0) close(fd);
  }
  free(owned_);
}

int Sockets::Own(int fd) {
  if (fd >= room_) {
    int room = fd + fd / 2 + 64;
    auto* owned = static_cast<uint8_t*>(realloc(owned_, static_cast<size_t>(room)));
    if (owned == nullptr) {
      close(fd);
      return -ENOMEM;
    }
    memset(owned + room_, 0, static_cast<size_t>(room - room_));
    owned_ = owned;
    room_ = room;
  }
  owned_[fd] = 1;
  return fd;
}

int Sockets::Listen(const char* address, int port, int backlog, bool ipv6_only, bool reuse_port, bool no_delay,
                    int keep_alive_seconds) {
  sockaddr_storage where;
  socklen_t length;
  int error = Parse(address, port, &where, &length);
  if (error != 0) return error;
  int fd = socket(where.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  // Otherwise a port could not be used again for a while after its connections have ended.
  error = Set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (error == 0 && reuse_port) error = Set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  if (error == 0 && where.ss_family == AF_INET6) error = Set(fd, IPPROTO_IPV6, IPV6_V6ONLY, ipv6_only ? 1 : 0);
  if (error == 0 && bind(fd, reinterpret_cast<sockaddr*>(&where), length) != 0) error = -errno;
  // Before listen(2), so that every accepted socket inherits the settings. An error here does not
  // prevent listening.
  if (error == 0) Configure(fd, no_delay, keep_alive_seconds);
  if (error == 0 && listen(fd, backlog) != 0) error = -errno;
  if (error != 0) {
    close(fd);
    return error;
  }
  return Own(fd);
}

int Sockets::Connect(const char* address, int port) {
  sockaddr_storage where;
  socklen_t length;
  int error = Parse(address, port, &where, &length);
  if (error != 0) return error;
  int fd = socket(where.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  // An interrupted connect goes on by itself (connect(2)); calling it again would be an error.
  if (connect(fd, reinterpret_cast<sockaddr*>(&where), length) != 0 && errno != EINPROGRESS && errno != EINTR) {
    error = -errno;
    close(fd);
    return error;
  }
  return Own(fd);
}

int Sockets::ListenPath(const char* path, int backlog) {
  sockaddr_un where;
  socklen_t length;
  int error = ParsePath(path, &where, &length);
  if (error != 0) return error;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  if (bind(fd, reinterpret_cast<sockaddr*>(&where), length) != 0 || listen(fd, backlog) != 0) {
    error = -errno;
    close(fd);
    return error;
  }
  return Own(fd);
}

int Sockets::ConnectPath(const char* path) {
  sockaddr_un where;
  socklen_t length;
  int error = ParsePath(path, &where, &length);
  if (error != 0) return error;
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  // It never waits: with a full backlog it fails with EAGAIN.
  if (connect(fd, reinterpret_cast<sockaddr*>(&where), length) != 0) {
    error = -errno;
    close(fd);
    return error;
  }
  return Own(fd);
}

int Sockets::Adopt(int fd, bool no_delay, int keep_alive_seconds) {
  if (Owns(fd)) return -EBUSY;
  int type = Get(fd, SO_TYPE);
  if (type < 0) return type;
  if (type != SOCK_STREAM) return -ESOCKTNOSUPPORT;
  int domain = Get(fd, SO_DOMAIN);
  if (domain != AF_INET && domain != AF_INET6 && domain != AF_UNIX) return -EAFNOSUPPORT;
  if (Get(fd, SO_ACCEPTCONN) != 1) return -EINVAL;
  // Not fcntl, which needs glibc 2.28.
  int on = 1;
  if (ioctl(fd, FIONBIO, &on) != 0 || ioctl(fd, FIOCLEX) != 0) return -errno;
  // As in Listen.
  if (domain != AF_UNIX) Configure(fd, no_delay, keep_alive_seconds);
  return Own(fd);
}

int Sockets::Accept(int listener) {
  int fd;
  do {
    peer_length_ = sizeof peer_;
    fd = accept4(listener, reinterpret_cast<sockaddr*>(&peer_), &peer_length_, SOCK_NONBLOCK | SOCK_CLOEXEC);
  } while (fd < 0 && errno == EINTR);
  if (fd >= 0) return Own(fd);
  peer_length_ = 0;
  return -errno;
}

size_t Sockets::Peer(char* to, size_t room) const { return peer_length_ == 0 ? 0 : Format(peer_, peer_length_, to, room); }

void Sockets::Close(int fd) {
  owned_[fd] = 0;
  // Never again after EINTR: on Linux the descriptor is free by then, and may have been reused.
  close(fd);
}

void Sockets::Reset(int fd) {
  linger at_once = {1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  Close(fd);
}

long Sockets::Receive(int fd, void* to, size_t max) {
  ssize_t got;
  do got = recv(fd, to, max, MSG_DONTWAIT);
  while (got < 0 && errno == EINTR);
  return got < 0 ? -errno : got;
}

long Sockets::Send(int fd, const void* bytes, size_t length) {
  ssize_t sent;
  do sent = send(fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  return sent < 0 ? -errno : sent;
}

int Sockets::Shutdown(int fd) { return shutdown(fd, SHUT_WR) == 0 ? 0 : -errno; }

int Sockets::Configure(int fd, bool no_delay, int keep_alive_seconds) {
  int error = Set(fd, IPPROTO_TCP, TCP_NODELAY, no_delay ? 1 : 0);
  if (error != 0 || keep_alive_seconds <= 0) return error;
  error = Set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  if (error == 0) error = Set(fd, IPPROTO_TCP, TCP_KEEPIDLE, keep_alive_seconds);
  // As in libuv: ten probes, one second apart.
  if (error == 0) error = Set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 1);
  if (error == 0) error = Set(fd, IPPROTO_TCP, TCP_KEEPCNT, 10);
  return error;
}

int Sockets::Failure(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return -errno;
  return -error;
}

size_t Sockets::Credentials(int fd, char* to, size_t room) {
  ucred peer;
  socklen_t length = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 || length < sizeof peer) return 0;
  int written = snprintf(to, room, "%d %u %u", peer.pid, peer.uid, peer.gid);
  return written < 0 || static_cast<size_t>(written) >= room ? 0 : static_cast<size_t>(written);
}

int Sockets::Unacknowledged(int fd) {
  int bytes = 0;
  return ioctl(fd, SIOCOUTQ, &bytes) == 0 ? bytes : -errno;
}

size_t Sockets::Address(int fd, bool remote, char* to, size_t room) {
  sockaddr_storage where;
  socklen_t length = sizeof where;
  auto* address = reinterpret_cast<sockaddr*>(&where);
  if ((remote ? getpeername(fd, address, &length) : getsockname(fd, address, &length)) != 0) return 0;
  return Format(where, length, to, room);
}

}  // namespace bluelet
