/*
 * The load of the echo bench: each connection sends a message, waits until all of it has come back, and begins again.
 *
 *   load HOST PORT CONNECTIONS MESSAGE-BYTES SECONDS [WARM-UP-SECONDS]
 *
 * One thread and one epoll set, so that it costs less than any server it measures. Prints one line of JSON: "requests",
 * their rate and latencies are of the time after the warm-up, "total" is of all the time. An echo that has the wrong
 * length or the wrong first or last byte, and a connection that ends, is an error; its connection is used no more.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct connection {
  int fd;
  char *message;
  size_t sent;
  size_t received;
  uint64_t began; /* ns */
};

static size_t size; /* of a message */
static char *input; /* one byte more than a message: an echo that is too long shows */
static unsigned serial;
static uint64_t measured_from; /* ns */
static uint64_t total, requests, errors;
static uint32_t *latencies; /* ns */
static size_t capacity;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void fail(struct connection *c) {
  errors++;
  close(c->fd);
  c->fd = -1;
}

/* Sends what is left of the message. Returns whether the connection still lives. */
static int send_rest(struct connection *c) {
  while (c->sent < size) {
    ssize_t n = send(c->fd, c->message + c->sent, size - c->sent, MSG_NOSIGNAL);
    if (n > 0) c->sent += (size_t)n;
    else if (errno == EAGAIN) return 1;
    else if (errno != EINTR) return fail(c), 0;
  }
  return 1;
}

static int begin(struct connection *c) {
  c->message[0] = (char)serial++;
  c->sent = 0;
  c->received = 0;
  c->began = now();
  return send_rest(c);
}

static void count(uint64_t began) {
  uint64_t end = now();
  total++;
  if (end < measured_from) return;
  if (requests == capacity) {
    capacity = capacity ? capacity * 2 : 1 << 16;
    latencies = realloc(latencies, capacity * sizeof *latencies);
    if (!latencies) die("realloc");
  }
  uint64_t ns = end - began;
  latencies[requests++] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
}

/* Checks n bytes of the echo, the ones from c->received on. */
static int right(struct connection *c, size_t n) {
  if (c->received + n > size) return 0;
  if (c->received == 0 && input[0] != c->message[0]) return 0;
  return c->received + n < size || input[n - 1] == c->message[size - 1];
}

static void ready(struct connection *c) {
  if (c->fd == -1 || !send_rest(c)) return;
  for (;;) {
    size_t room = size - c->received + 1;
    ssize_t n = recv(c->fd, input, room, 0);
    if (n > 0) {
      if (!right(c, (size_t)n)) return fail(c);
      c->received += (size_t)n;
      if (c->received < size) continue;
      count(c->began);
      /* There can be nothing more to read: what this sends has not been answered. */
      begin(c);
      return;
    }
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0 && errno == EINTR) continue;
    return fail(c);
  }
}

static int by_size(const void *a, const void *b) {
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return x < y ? -1 : x > y;
}

static double percentile(double p) {
  return requests == 0 ? 0 : latencies[(size_t)((double)(requests - 1) * p)] / 1e3;
}

static void open_connection(struct connection *c, const struct sockaddr_in *to, int epoll) {
  int on = 1;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (c->fd < 0) die("socket");
  if (connect(c->fd, (const struct sockaddr *)to, sizeof *to)) die("connect");
  if (setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on)) die("TCP_NODELAY");
  if (fcntl(c->fd, F_SETFL, O_NONBLOCK)) die("O_NONBLOCK");
  c->message = malloc(size);
  if (!c->message) die("malloc");
  for (size_t i = 0; i < size; i++) c->message[i] = (char)('a' + i % 26);
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event)) die("epoll_ctl");
}

int main(int argc, char **argv) {
  if (argc < 6) {
    fprintf(stderr, "usage: %s HOST PORT CONNECTIONS MESSAGE-BYTES SECONDS [WARM-UP-SECONDS]\n", argv[0]);
    return 2;
  }
  struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
  if (inet_pton(AF_INET, argv[1], &to.sin_addr) != 1) return fprintf(stderr, "no IPv4 address: %s\n", argv[1]), 2;
  size_t connections = (size_t)atol(argv[3]);
  size = (size_t)atol(argv[4]);
  double seconds = atof(argv[5]), warm_up = argc > 6 ? atof(argv[6]) : 0;
  if (connections < 1 || size < 1 || !(seconds > 0)) return fprintf(stderr, "expected positive numbers\n"), 2;

  int epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) die("epoll_create1");
  input = malloc(size + 1);
  struct connection *all = calloc(connections, sizeof *all);
  if (!input || !all) die("malloc");
  for (size_t i = 0; i < connections; i++) open_connection(&all[i], &to, epoll);

  measured_from = now() + (uint64_t)(warm_up * 1e9);
  uint64_t until = measured_from + (uint64_t)(seconds * 1e9);
  for (size_t i = 0; i < connections; i++) begin(&all[i]);
  struct epoll_event events[256];
  while (now() < until && errors < connections) {
    int n = epoll_wait(epoll, events, 256, 50);
    if (n < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < n; i++) ready(events[i].data.ptr);
  }
  uint64_t end = now();
  double taken = end > measured_from ? (double)(end - measured_from) / 1e9 : 0;

  if (requests > 0) qsort(latencies, requests, sizeof *latencies, by_size);
  printf("{\"requests\":%llu,\"total\":%llu,\"seconds\":%.6f,\"requestsPerSecond\":%.1f,"
         "\"p50\":%.1f,\"p99\":%.1f,\"errors\":%llu}\n",
         (unsigned long long)requests, (unsigned long long)total, taken, requests == 0 ? 0 : (double)requests / taken,
         percentile(0.5), percentile(0.99), (unsigned long long)errors);
  return 0;
}
