// Addresses as text and as the system takes them. Names are never looked up.
#pragma once

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace bluelet {

// Parses a numeric address, which may have a scope: `fe80::1%eth0`. It looks up no names, and so
// never waits. Gives 0 or a negative errno.
int Parse(const char* address, int port, sockaddr_storage* to, socklen_t* length);

// Parses a path; `@name` is an abstract name. Gives 0 or a negative errno.
int ParsePath(const char* path, sockaddr_un* to, socklen_t* length);

// Writes "host port" or "unix:path", or nothing if the address is invalid, and gives the length.
size_t Format(const sockaddr_storage& address, socklen_t length, char* to, size_t room);

}  // namespace bluelet
