#include "addresses.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

namespace bluelet {

namespace {

// Parses `::1%lo`: the C library accepts the name of an interface only after a link-local address,
// libuv after any.
int ParseScoped(const char* address, int port, sockaddr_storage* to, socklen_t* length) {
  const char* scope = strchr(address, '%');
  char host[INET6_ADDRSTRLEN];
  if (scope == nullptr || static_cast<size_t>(scope - address) >= sizeof host) return -EINVAL;
  memcpy(host, address, static_cast<size_t>(scope - address));
  host[scope - address] = '\0';
  sockaddr_in6 where;
  memset(&where, 0, sizeof where);
  where.sin6_family = AF_INET6;
  where.sin6_port = htons(static_cast<uint16_t>(port));
  if (inet_pton(AF_INET6, host, &where.sin6_addr) != 1) return -EINVAL;
  where.sin6_scope_id = if_nametoindex(scope + 1);
  if (where.sin6_scope_id == 0) return -EINVAL;
  memcpy(to, &where, sizeof where);
  *length = sizeof where;
  return 0;
}

// Writes "unix:path", with nothing after the colon if that end has no name, and gives the length.
size_t FormatPath(const sockaddr_storage& address, socklen_t length, char* to, size_t room) {
  sockaddr_un where;
  constexpr size_t kStart = offsetof(sockaddr_un, sun_path);
  size_t size = length > kStart ? length - kStart : 0;
  if (size > sizeof where.sun_path) size = sizeof where.sun_path;
  memcpy(&where, &address, sizeof where);
  bool abstract = size > 0 && where.sun_path[0] == '\0';
  if (abstract) {
    where.sun_path[0] = '@';
  } else {
    size = strnlen(where.sun_path, size);
  }
  int written = snprintf(to, room, "unix:%.*s", static_cast<int>(size), where.sun_path);
  return written < 0 || static_cast<size_t>(written) >= room ? 0 : static_cast<size_t>(written);
}

}  // namespace

int Parse(const char* address, int port, sockaddr_storage* to, socklen_t* length) {
  // Not getaddrinfo for these, which takes ten times as long.
  in_addr plain;
  if (inet_pton(AF_INET, address, &plain) == 1) {
    sockaddr_in where;
    memset(&where, 0, sizeof where);
    where.sin_family = AF_INET;
    where.sin_port = htons(static_cast<uint16_t>(port));
    where.sin_addr = plain;
    memcpy(to, &where, sizeof where);
    *length = sizeof where;
    return 0;
  }
  addrinfo hints;
  memset(&hints, 0, sizeof hints);
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_STREAM;
  char service[8];
  snprintf(service, sizeof service, "%d", port);
  addrinfo* found = nullptr;
  if (getaddrinfo(address, service, &hints, &found) == 0 && found != nullptr) {
    memcpy(to, found->ai_addr, found->ai_addrlen);
    *length = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
  }
  return ParseScoped(address, port, to, length);
}

int ParsePath(const char* path, sockaddr_un* to, socklen_t* length) {
  size_t size = strlen(path);
  if (size == 0 || size >= sizeof to->sun_path) return size == 0 ? -EINVAL : -ENAMETOOLONG;
  memset(to, 0, sizeof *to);
  to->sun_family = AF_UNIX;
  memcpy(to->sun_path, path, size);
  bool abstract = path[0] == '@';
  if (abstract) to->sun_path[0] = '\0';
  // An abstract name has no NUL byte at its end: it would be part of the name.
  *length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + size + (abstract ? 0 : 1));
  return 0;
}

size_t Format(const sockaddr_storage& address, socklen_t length, char* to, size_t room) {
  if (address.ss_family == AF_UNIX) return FormatPath(address, length, to, room);
  char port[8];
  auto* where = reinterpret_cast<const sockaddr*>(&address);
  if (getnameinfo(where, length, to, room - sizeof port, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0) return 0;
  strcat(strcat(to, " "), port);
  return strlen(to);
}

}  // namespace bluelet
