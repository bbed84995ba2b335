#include "datagrams.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addresses.h"

// Linux 4.12 and later.
#ifndef SO_MEMINFO
#define SO_MEMINFO 55
#endif

namespace bluelet {

namespace {

// The index of the count in what SO_MEMINFO gives (SK_MEMINFO_DROPS in linux/sock_diag.h).
constexpr size_t kDrops = 8;

// The address of a peer.
union Peer {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

int Set(int fd, int level, int option, int value) {
  return setsockopt(fd, level, option, &value, sizeof value) == 0 ? 0 : -errno;
}

uint32_t Word(const in6_addr& address, int i) {
  uint32_t word;
  memcpy(&word, &address.s6_addr[i * 4], sizeof word);
  return ntohl(word);
}

void SetWord(in6_addr* address, int i, uint32_t word) {
  word = htonl(word);
  memcpy(&address->s6_addr[i * 4], &word, sizeof word);
}

void Read(const Peer& peer, Entry* to) {
  to->family = to->port = to->scope = 0;
  memset(to->address, 0, sizeof to->address);
  if (peer.any.sa_family == AF_INET) {
    to->family = 4;
    to->port = ntohs(peer.v4.sin_port);
    to->address[0] = static_cast<int32_t>(ntohl(peer.v4.sin_addr.s_addr));
  } else if (peer.any.sa_family == AF_INET6) {
    to->port = ntohs(peer.v6.sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&peer.v6.sin6_addr)) {
      to->family = 4;
      to->address[0] = static_cast<int32_t>(Word(peer.v6.sin6_addr, 3));
      return;
    }
    to->family = 6;
    to->scope = static_cast<int32_t>(peer.v6.sin6_scope_id);
    for (int i = 0; i < 4; i++) to->address[i] = static_cast<int32_t>(Word(peer.v6.sin6_addr, i));
  }
}

// Gives the length of the address, 0 if there is none. Linux takes an address of IPv4 for a socket
// of IPv6 as well.
socklen_t Write(const Entry& from, Peer* peer) {
  memset(peer, 0, sizeof *peer);
  if (from.family == 4) {
    peer->v4.sin_family = AF_INET;
    peer->v4.sin_port = htons(static_cast<uint16_t>(from.port));
    peer->v4.sin_addr.s_addr = htonl(static_cast<uint32_t>(from.address[0]));
    return sizeof peer->v4;
  }
  if (from.family != 6) return 0;
  peer->v6.sin6_family = AF_INET6;
  peer->v6.sin6_port = htons(static_cast<uint16_t>(from.port));
  peer->v6.sin6_scope_id = static_cast<uint32_t>(from.scope);
  for (int i = 0; i < 4; i++) SetWord(&peer->v6.sin6_addr, i, static_cast<uint32_t>(from.address[i]));
  return sizeof peer->v6;
}

// Parses a numeric address of either version; an empty one is that of none.
int ParsePeer(const char* host, int family, Peer* to) {
  memset(to, 0, sizeof *to);
  to->any.sa_family = static_cast<sa_family_t>(family);
  if (*host == '\0') return 0;
  sockaddr_storage where;
  socklen_t length;
  int error = Parse(host, 0, &where, &length);
  if (error != 0) return error;
  if (family != AF_UNSPEC && where.ss_family != family) return -EINVAL;
  memcpy(to, &where, length < sizeof *to ? length : sizeof *to);
  return 0;
}

// Takes the peer from a connected socket. With it the system takes the port, if it was any free
// one.
int Detach(int fd) {
  Peer before, after;
  socklen_t length = sizeof before;
  if (getsockname(fd, &before.any, &length) != 0) return -errno;
  sockaddr none;
  memset(&none, 0, sizeof none);
  none.sa_family = AF_UNSPEC;
  if (connect(fd, &none, sizeof none) != 0) return -errno;
  length = sizeof after;
  if (getsockname(fd, &after.any, &length) != 0) return -errno;
  // The port is in the same place for both versions.
  if (after.v4.sin_port != 0) return 0;
  after.v4.sin_port = before.v4.sin_port;
  return bind(fd, &after.any, length) == 0 ? 0 : -errno;
}

}  // namespace

int OpenDatagrams(const char* address, int port, bool reuse_address, bool reuse_port, bool broadcast, int receive_buffer) {
  sockaddr_storage where;
  socklen_t length;
  int error = Parse(address, port, &where, &length);
  if (error != 0) return error;
  int fd = socket(where.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return -errno;
  if (reuse_address) error = Set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (error == 0 && reuse_port) error = Set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  if (error == 0 && broadcast) error = Set(fd, SOL_SOCKET, SO_BROADCAST, 1);
  if (error == 0 && receive_buffer > 0) error = Set(fd, SOL_SOCKET, SO_RCVBUF, receive_buffer);
  if (error == 0 && where.ss_family == AF_INET6) error = Set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (error == 0 && bind(fd, reinterpret_cast<sockaddr*>(&where), length) != 0) error = -errno;
  if (error == 0) return fd;
  close(fd);
  return error;
}

int AttachDatagrams(int fd, const char* address, int port) {
  sockaddr_storage where;
  socklen_t length = sizeof where;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&where), &length) == 0) {
    int error = Detach(fd);
    if (error != 0) return error;
    // What the earlier peer has refused does not concern the next one.
    length = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length);
  }
  int error = Parse(address, port, &where, &length);
  if (error != 0) return error;
  return connect(fd, reinterpret_cast<sockaddr*>(&where), length) == 0 ? 0 : -errno;
}

int ReceiveDatagrams(int fd, uint8_t* to, size_t size, Entry* table, size_t count) {
  mmsghdr messages[kMaxDatagrams];
  iovec parts[kMaxDatagrams];
  Peer peers[kMaxDatagrams];
  if (count > kMaxDatagrams) count = kMaxDatagrams;
  memset(messages, 0, sizeof messages[0] * count);
  memset(peers, 0, sizeof peers[0] * count);
  for (size_t i = 0; i < count; i++) {
    parts[i] = {to + i * size, size};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
    messages[i].msg_hdr.msg_name = &peers[i];
    messages[i].msg_hdr.msg_namelen = sizeof peers[i];
  }
  int got;
  do got = recvmmsg(fd, messages, static_cast<unsigned>(count), MSG_DONTWAIT, nullptr);
  while (got < 0 && errno == EINTR);
  if (got < 0) return -errno;
  for (int i = 0; i < got; i++) {
    table[i].length = static_cast<int32_t>(messages[i].msg_len);
    table[i].truncated = (messages[i].msg_hdr.msg_flags & MSG_TRUNC) != 0 ? 1 : 0;
    Read(peers[i], &table[i]);
  }
  return got;
}

int SendDatagrams(int fd, uint8_t* bytes, size_t length, Entry* table, size_t count) {
  mmsghdr messages[kMaxDatagrams];
  iovec parts[kMaxDatagrams];
  Peer peers[kMaxDatagrams];
  if (count > kMaxDatagrams) count = kMaxDatagrams;
  memset(messages, 0, sizeof messages[0] * count);
  // sendmmsg does not tell which error has ended a batch. The next call meets it again, but for the
  // refusal of a connected socket's peer, which is told once: such a socket sends one at a time.
  bool connected = false;
  for (size_t i = 0; i < count; i++) {
    auto size = static_cast<size_t>(table[i].length);
    if (table[i].length < 0 || size > length) {
      table[0].length = -EINVAL;
      return 0;
    }
    parts[i] = {bytes, size};
    bytes += size;
    length -= size;
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
    socklen_t named = Write(table[i], &peers[i]);
    if (named == 0) connected = true;
    else messages[i].msg_hdr.msg_name = &peers[i];
    messages[i].msg_hdr.msg_namelen = named;
  }
  size_t sent = 0;
  while (sent < count) {
    auto most = static_cast<unsigned>(connected ? 1 : count - sent);
    int got = sendmmsg(fd, messages + sent, most, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (got > 0) {
      sent += static_cast<size_t>(got);
    } else if (got == 0 || errno != EINTR) {
      table[0].length = got == 0 ? -EAGAIN : -errno;
      break;
    }
  }
  return static_cast<int>(sent);
}

int EncodeHost(const char* host, Entry* to) {
  Peer peer;
  int error = *host == '\0' ? -EINVAL : ParsePeer(host, AF_UNSPEC, &peer);
  if (error != 0) return error;
  int32_t port = to->port;
  Read(peer, to);
  to->port = port;
  return 0;
}

size_t DecodeHost(const Entry& from, char* to, size_t room) {
  Peer peer;
  if (Write(from, &peer) == 0) return 0;
  bool is_v4 = from.family == 4;
  const void* address = is_v4 ? static_cast<const void*>(&peer.v4.sin_addr) : &peer.v6.sin6_addr;
  if (inet_ntop(is_v4 ? AF_INET : AF_INET6, address, to, static_cast<socklen_t>(room)) == nullptr) return 0;
  size_t length = strlen(to);
  if (is_v4 || from.scope == 0) return length;
  // As getnameinfo: the name of the interface if it has one.
  char name[IF_NAMESIZE];
  bool named = if_indextoname(static_cast<unsigned>(from.scope), name) != nullptr;
  if (!named) snprintf(name, sizeof name, "%u", static_cast<unsigned>(from.scope));
  int added = snprintf(to + length, room - length, "%%%s", name);
  return added < 0 || static_cast<size_t>(added) >= room - length ? 0 : length + static_cast<size_t>(added);
}

int SetMember(int fd, bool joins, const char* group, const char* by, const char* source) {
  Peer to, local, from;
  int error = ParsePeer(group, AF_UNSPEC, &to);
  if (error != 0) return error;
  int family = to.any.sa_family;
  if (family != AF_INET && family != AF_INET6) return -EINVAL;
  error = ParsePeer(by, family, &local);
  if (error == 0) error = ParsePeer(source, family, &from);
  if (error != 0) return error;
  if (family == AF_INET && *source == '\0') {
    ip_mreq request = {to.v4.sin_addr, local.v4.sin_addr};
    return setsockopt(fd, IPPROTO_IP, joins ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, &request, sizeof request) == 0 ? 0 : -errno;
  }
  if (family == AF_INET) {
    ip_mreq_source request;
    request.imr_multiaddr = to.v4.sin_addr;
    request.imr_interface = local.v4.sin_addr;
    request.imr_sourceaddr = from.v4.sin_addr;
    int option = joins ? IP_ADD_SOURCE_MEMBERSHIP : IP_DROP_SOURCE_MEMBERSHIP;
    return setsockopt(fd, IPPROTO_IP, option, &request, sizeof request) == 0 ? 0 : -errno;
  }
  if (*source == '\0') {
    ipv6_mreq request = {to.v6.sin6_addr, local.v6.sin6_scope_id};
    return setsockopt(fd, IPPROTO_IPV6, joins ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, &request, sizeof request) == 0 ? 0 : -errno;
  }
  group_source_req request;
  memset(&request, 0, sizeof request);
  request.gsr_interface = local.v6.sin6_scope_id;
  memcpy(&request.gsr_group, &to.v6, sizeof to.v6);
  memcpy(&request.gsr_source, &from.v6, sizeof from.v6);
  int option = joins ? MCAST_JOIN_SOURCE_GROUP : MCAST_LEAVE_SOURCE_GROUP;
  return setsockopt(fd, IPPROTO_IPV6, option, &request, sizeof request) == 0 ? 0 : -errno;
}

int SetDatagramOption(int fd, int option, int value) {
  constexpr int kV4[] = {IP_TTL, IP_MULTICAST_TTL, IP_MULTICAST_LOOP};
  constexpr int kV6[] = {IPV6_UNICAST_HOPS, IPV6_MULTICAST_HOPS, IPV6_MULTICAST_LOOP};
  int domain = 0;
  socklen_t length = sizeof domain;
  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &length) != 0) return -errno;
  int error = domain == AF_INET6 ? Set(fd, IPPROTO_IPV6, kV6[option], value) : 0;
  // A socket of IPv6 reaches IPv4 as well.
  return error != 0 ? error : Set(fd, IPPROTO_IP, kV4[option], value);
}

uint32_t DroppedDatagrams(int fd) {
  uint32_t memory[kDrops + 1] = {};
  socklen_t length = sizeof memory;
  if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &length) != 0) return 0;
  return length >= sizeof memory ? memory[kDrops] : 0;
}

}  // namespace bluelet
