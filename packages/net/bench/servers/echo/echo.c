/*
 * An echo server with a bare epoll loop: the cost of the system calls. One buffer serves all connections. Bytes that the kernel
 * does not take at once are kept, and the server does not read from that connection until they have gone.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct connection {
  int fd;
  char *rest; /* NULL: everything is sent */
  size_t from, to;
};

static int epoll;
static char *buffer;
static size_t buffer_bytes;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void watch(int operation, struct connection *c, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = c};
  if (epoll_ctl(epoll, operation, c->fd, &event)) die("epoll_ctl");
}

static void end(struct connection *c) {
  close(c->fd);
  free(c->rest);
  free(c);
}

/* Returns the number of bytes that the kernel has taken, or -1 if the connection has ended. */
static ssize_t taken(int fd, const char *bytes, size_t size) {
  ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);
  return n < 0 && errno == EAGAIN ? 0 : n;
}

static void readable(struct connection *c) {
  ssize_t n = recv(c->fd, buffer, buffer_bytes, 0);
  if (n < 0 && errno == EAGAIN) return;
  ssize_t sent = n > 0 ? taken(c->fd, buffer, (size_t)n) : -1;
  if (sent < 0) return end(c);
  if (sent == n) return;
  c->from = 0;
  c->to = (size_t)(n - sent);
  c->rest = malloc(c->to);
  if (!c->rest) die("malloc");
  memcpy(c->rest, buffer + sent, c->to);
  watch(EPOLL_CTL_MOD, c, EPOLLOUT);
}

static void writable(struct connection *c) {
  ssize_t sent = taken(c->fd, c->rest + c->from, c->to - c->from);
  if (sent < 0) return end(c);
  c->from += (size_t)sent;
  if (c->from < c->to) return;
  free(c->rest);
  c->rest = NULL;
  watch(EPOLL_CTL_MOD, c, EPOLLIN);
}

static void arrived(int listener) {
  int on = 1, fd;
  while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct connection *c = calloc(1, sizeof *c);
    if (!c) die("calloc");
    c->fd = fd;
    watch(EPOLL_CTL_ADD, c, EPOLLIN);
  }
  if (errno != EAGAIN && errno != ECONNABORTED) die("accept4");
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  buffer_bytes = (size_t)atol(argv[1]);
  buffer = malloc(buffer_bytes);
  epoll = epoll_create1(EPOLL_CLOEXEC);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  struct connection listener = {.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!buffer || epoll < 0 || listener.fd < 0) die("start");
  if (bind(listener.fd, (struct sockaddr *)&address, size) || listen(listener.fd, 1024)) die("listen");
  if (getsockname(listener.fd, (struct sockaddr *)&address, &size)) die("getsockname");
  watch(EPOLL_CTL_ADD, &listener, EPOLLIN);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  for (;;) {
    struct epoll_event events[256];
    int n = epoll_wait(epoll, events, 256, -1);
    if (n < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < n; i++) {
      struct connection *c = events[i].data.ptr;
      if (c == &listener) arrived(c->fd);
      else if (c->rest) writable(c);
      else readable(c);
    }
  }
}
