// Sockets for datagrams. A whole batch is one call, which never waits. Each call gives its result,
// or a negative errno.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace bluelet {

// The most datagrams in a batch.
constexpr int kMaxDatagrams = 64;

// What is known of a datagram. JavaScript has a table of these as numbers.
struct Entry {
  int32_t length;
  // 1 if the datagram was longer.
  int32_t truncated;
  // The peer: 4 or 6; 0 if there is none.
  int32_t family;
  int32_t port;
  int32_t scope;
  // In the order of the host; of IPv4 only the first.
  int32_t address[4];
};

static_assert(sizeof(Entry) == 9 * sizeof(int32_t), "JavaScript expects nine numbers");

// Opens a socket and binds it. A buffer of 0 is that of the system. It is not owned yet.
int OpenDatagrams(const char* address, int port, bool reuse_address, bool reuse_port, bool broadcast, int receive_buffer);

// Connects the socket to another peer. If that fails, it has none.
int AttachDatagrams(int fd, const char* address, int port);

// Receives up to `count` datagrams, of `size` bytes each at most, and gives their number. The bytes
// of the one with the index i begin at i * size.
int ReceiveDatagrams(int fd, uint8_t* to, size_t size, Entry* table, size_t count);

// Sends datagrams, whose bytes follow each other, and gives how many the kernel has taken. If these
// are not all, the length of the first becomes the reason.
int SendDatagrams(int fd, uint8_t* bytes, size_t length, Entry* table, size_t count);

// Writes the address of a host without its port.
int EncodeHost(const char* host, Entry* to);

// Writes the text of an address, or nothing if there is none, and gives the length.
size_t DecodeHost(const Entry& from, char* to, size_t room);

// Joins or leaves a multicast group. An empty interface is chosen by the system; an empty source is
// every sender.
int SetMember(int fd, bool joins, const char* group, const char* by, const char* source);

// Sets the TTL (0), the TTL of multicast (1), or whether multicast reaches this machine (2).
int SetDatagramOption(int fd, int option, int value);

// How many datagrams the kernel has dropped because the socket's buffer was full.
uint32_t DroppedDatagrams(int fd);

}  // namespace bluelet
