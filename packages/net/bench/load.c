/*
 * The load of the echo benchmarks: each connection sends a message, waits until all of it has come back, and starts again;
 * with -r on a new connection each time. With -l it sends that number of lines at once, each of the size of a message, and
 * waits until all of them have come back; each line counts as a request, and their latency is that of the last one.
 *
 * With -t the connections speak TLS 1.3, if this is compiled with -DTLS; none of them resumes a session. With -u each
 * connection is a socket for datagrams, and a message is one datagram. With -b it sends that number of datagrams at once,
 * the last of which begins with 'L', and waits for one answer: how many datagrams the server has received in all, in
 * digits. Each datagram counts as a request; one that is lost is an error.
 *
 *   load [-r] [-l LINES] [-t] [-u] [-b DATAGRAMS] HOST PORT CONNECTIONS MESSAGE-BYTES SECONDS WARM-UP-SECONDS SERVER-PID
 *
 * One thread and one epoll set, so it costs less than any server it measures. The warm-up lasts until every connection has
 * had an echo, however short it is. Prints one line of JSON, which covers only the time after the warm-up: requests, their
 * latencies, and the CPU time, user and system, of the server's whole process and of this one. These times come from the
 * kernel's CPU clocks, which count nanoseconds; /proc counts only hundredths of a second. An echo with the wrong length or
 * the wrong first or last byte is an error, and so is a connection that ends; the connection is not used
 * again.
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
#ifdef TLS
#include <openssl/ssl.h>
#endif

struct connection {
  int fd;
#ifdef TLS
  SSL *ssl;
#endif
  char *message;
  size_t sent;
  size_t received;
  uint64_t began; /* ns */
  int answered;   /* has had an echo */
};

/* Time by which the warm-up may be extended, until every connection has had an echo. */
#define PATIENCE_NS 10000000000u

static size_t size; /* of a message, or of all lines in flight */
static size_t lines; /* 0: messages are no lines */
static char *input; /* one byte more than a message: an echo that is too long shows */
static unsigned serial;
static uint64_t measured_from; /* ns; 0: not yet */
static uint64_t requests, errors, answered;
static int reconnects;
static int tls;
static int datagrams;
static size_t burst; /* datagrams that are sent at once; 0: one */
static uint64_t sent_in_all, received_in_all; /* datagrams of bursts, as this and as the server counts them */
#ifdef TLS
static SSL_CTX *context;
#endif
static int epoll;
static struct sockaddr_in server;
static uint32_t *latencies; /* ns */
static size_t capacity;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t read_clock(clockid_t clock) {
  struct timespec t;
  if (clock_gettime(clock, &t)) die("clock_gettime");
  return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t now(void) { return read_clock(CLOCK_MONOTONIC); }

static void end(struct connection *c) {
#ifdef TLS
  if (c->ssl) {
    SSL_shutdown(c->ssl); /* Sends close_notify, if there was a handshake. */
    SSL_free(c->ssl);
    c->ssl = NULL;
  }
#endif
  close(c->fd);
  c->fd = -1;
}

static void fail(struct connection *c) {
  errors++;
  end(c);
}

#ifdef TLS
/* What send and recv return, in the words of errno. */
static ssize_t as_of_socket(SSL *ssl, int n) {
  if (n > 0) return n;
  int error = SSL_get_error(ssl, n);
  if (error == SSL_ERROR_ZERO_RETURN) return 0;
  errno = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? EAGAIN : EPROTO;
  return -1;
}
#endif

static ssize_t transmit(struct connection *c, const char *bytes, size_t n) {
#ifdef TLS
  if (c->ssl) return as_of_socket(c->ssl, SSL_write(c->ssl, bytes, (int)n));
#endif
  return send(c->fd, bytes, n, MSG_NOSIGNAL);
}

static ssize_t receive(struct connection *c, char *bytes, size_t n) {
#ifdef TLS
  if (c->ssl) return as_of_socket(c->ssl, SSL_read(c->ssl, bytes, (int)n));
#endif
  return recv(c->fd, bytes, n, 0);
}

/* Sends a burst: none of its datagrams waits, since the server has received those before it. */
static void send_burst(struct connection *c) {
  struct mmsghdr list[burst];
  struct iovec plain = {c->message, size}, last = {c->message + size, size};
  memset(list, 0, sizeof list);
  for (size_t i = 0; i < burst; i++) {
    list[i].msg_hdr.msg_iov = i == burst - 1 ? &last : &plain;
    list[i].msg_hdr.msg_iovlen = 1;
  }
  for (size_t done = 0; done < burst;) {
    int n = sendmmsg(c->fd, list + done, (unsigned)(burst - done), MSG_NOSIGNAL);
    if (n > 0) done += (size_t)n;
    else if (errno != EAGAIN && errno != EINTR) die("sendmmsg");
  }
  sent_in_all += burst;
}

/* Sends the rest of the message. Returns whether the connection is still open. */
static int send_rest(struct connection *c) {
  while (c->sent < size) {
    ssize_t n = transmit(c, c->message + c->sent, size - c->sent);
    if (n > 0) c->sent += (size_t)n;
    else if (errno == EAGAIN) return 1;
    else if (errno != EINTR) return fail(c), 0;
  }
  return 1;
}

/* Different source addresses, because one address has only 28,000 ports. */
static void open_connection(struct connection *c) {
  static unsigned source;
  int on = 1;
  int kind = datagrams ? SOCK_DGRAM : SOCK_STREAM;
  c->fd = socket(AF_INET, kind | SOCK_CLOEXEC | (reconnects ? SOCK_NONBLOCK : 0), 0);
  if (c->fd < 0) die("socket");
  struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002 + source++ % 8)};
  if (setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on)) die("IP_BIND_ADDRESS_NO_PORT");
  if (bind(c->fd, (const struct sockaddr *)&from, sizeof from)) die("bind");
  if (connect(c->fd, (const struct sockaddr *)&server, sizeof server) && errno != EINPROGRESS) die("connect");
  if (!datagrams && setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on)) die("TCP_NODELAY");
  if (!reconnects && fcntl(c->fd, F_SETFL, O_NONBLOCK)) die("O_NONBLOCK");
  struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event)) die("epoll_ctl");
#ifdef TLS
  if (!tls) return;
  c->ssl = SSL_new(context);
  if (!c->ssl || !SSL_set_fd(c->ssl, c->fd)) die("SSL_new");
  SSL_set_connect_state(c->ssl); /* The first write begins the handshake. */
#endif
}

/* Bytes sent before the connection is established go out when epoll reports that it is. */
static void begin(struct connection *c) {
  c->message[0] = (char)(lines || burst ? 'a' + serial++ % 26 : serial++);
  c->sent = 0;
  c->received = 0;
  c->began = now();
  if (c->fd == -1) open_connection(c);
  if (burst) {
    c->sent = size;
    send_burst(c);
  } else send_rest(c);
}

static void count(struct connection *c) {
  uint64_t end = now(), began = c->began;
  if (!c->answered) answered++;
  c->answered = 1;
  if (!measured_from) return;
  if (requests == capacity) {
    capacity = capacity ? capacity * 2 : 1 << 16;
    latencies = realloc(latencies, capacity * sizeof *latencies);
    if (!latencies) die("realloc");
  }
  uint64_t ns = end - began;
  latencies[requests++] = ns > UINT32_MAX ? UINT32_MAX : (uint32_t)ns;
}

/* Checks n bytes of the echo, from c->received on. */
static int right(struct connection *c, size_t n) {
  if (burst) {
    input[n < size ? n : size] = 0;
    received_in_all = strtoull(input, NULL, 10);
    return received_in_all > 0;
  }
  if (c->received + n > size) return 0;
  if (c->received == 0 && input[0] != c->message[0]) return 0;
  return c->received + n < size || input[n - 1] == c->message[size - 1];
}

static void ready(struct connection *c) {
  if (c->fd == -1 || !send_rest(c)) return;
  for (;;) {
    size_t room = size - c->received + 1;
    ssize_t n = receive(c, input, room);
    if (n > 0) {
      if (!right(c, (size_t)n)) return fail(c);
      c->received += burst ? size : (size_t)n;
      if (c->received < size) continue;
      count(c);
      if (reconnects) end(c);
      /* There can be nothing more to read: the message that this sends has not been answered. */
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

static void prepare(struct connection *c) {
  c->fd = -1;
  c->message = malloc(2 * size); /* For bursts, the last datagram of each is behind it. */
  if (!c->message) die("malloc");
  for (size_t i = 0; i < size; i++) c->message[i] = (char)('a' + i % 26);
  memcpy(c->message + size, c->message, size);
  c->message[size] = 'L';
  for (size_t i = 1; i <= lines; i++) c->message[i * (size / lines) - 1] = '\n';
  if (!reconnects) open_connection(c);
}

/* How many datagrams of bursts the server has received in all, this one included; earlier loads may have sent some. */
static uint64_t ask(const struct connection *c) {
  struct timeval patience = {.tv_sec = 1};
  if (setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience)) die("SO_RCVTIMEO");
  if (fcntl(c->fd, F_SETFL, 0) || send(c->fd, "L", 1, 0) < 0) die("send");
  ssize_t n = recv(c->fd, input, size, 0);
  if (n <= 0) die("no answer");
  if (fcntl(c->fd, F_SETFL, O_NONBLOCK)) die("O_NONBLOCK");
  input[n] = 0;
  return strtoull(input, NULL, 10);
}

/* Waits for the last answers, none of which is counted. Returns how many datagrams of the bursts the server has not had. */
static uint64_t lost(const struct connection *all, size_t connections) {
  for (uint64_t until = now() + PATIENCE_NS / 10; received_in_all < sent_in_all && now() < until;) {
    for (size_t i = 0; i < connections; i++) {
      ssize_t n = recv(all[i].fd, input, size, MSG_DONTWAIT);
      if (n <= 0) continue;
      input[n] = 0;
      uint64_t count = strtoull(input, NULL, 10);
      if (count > received_in_all) received_in_all = count;
    }
  }
  return sent_in_all - received_in_all;
}

int main(int argc, char **argv) {
  for (int option; (option = getopt(argc, argv, "rl:tub:")) != -1;) {
    if (option == 'r') reconnects = 1;
    if (option == 'l') lines = (size_t)atol(optarg);
    if (option == 't') tls = 1;
    if (option == 'u') datagrams = 1;
    if (option == 'b') datagrams = 1, burst = (size_t)atol(optarg);
  }
  argc -= optind - 1;
  argv += optind - 1;
  if (argc != 8) {
    fprintf(stderr, "usage: load [-r] [-l LINES] [-t] [-u] [-b DATAGRAMS] HOST PORT CONNECTIONS MESSAGE-BYTES SECONDS WARM-UP-SECONDS SERVER-PID\n");
    return 2;
  }
  server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
  if (inet_pton(AF_INET, argv[1], &server.sin_addr) != 1) return fprintf(stderr, "no IPv4 address: %s\n", argv[1]), 2;
  size_t connections = (size_t)atol(argv[3]);
  size = (size_t)atol(argv[4]) * (lines ? lines : 1);
  double seconds = atof(argv[5]), warm_up = atof(argv[6]);
  if (connections < 1 || size < 1 || !(seconds > 0)) return fprintf(stderr, "expected positive numbers\n"), 2;
  clockid_t server_clock;
  errno = clock_getcpuclockid((pid_t)atol(argv[7]), &server_clock);
  if (errno) die("clock_getcpuclockid");

#ifdef TLS
  context = SSL_CTX_new(TLS_client_method());
  if (!context || !SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION)) die("SSL_CTX_new");
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  signal(SIGPIPE, SIG_IGN);
#else
  if (tls) return fprintf(stderr, "compiled without TLS\n"), 2;
#endif

  epoll = epoll_create1(EPOLL_CLOEXEC);
  if (epoll < 0) die("epoll_create1");
  input = malloc(size + 1);
  struct connection *all = calloc(connections, sizeof *all);
  if (!input || !all) die("malloc");
  for (size_t i = 0; i < connections; i++) prepare(&all[i]);
  if (burst) sent_in_all = ask(&all[0]);

  uint64_t warm_at = now() + (uint64_t)(warm_up * 1e9), until = UINT64_MAX, server_cpu = 0, own_cpu = 0, time;
  for (size_t i = 0; i < connections; i++) begin(&all[i]);
  struct epoll_event events[256];
  while ((time = now()) < until && errors < connections) {
    if (!measured_from && time >= warm_at) {
      if (answered + errors >= connections) {
        measured_from = time;
        until = time + (uint64_t)(seconds * 1e9);
        server_cpu = read_clock(server_clock);
        own_cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID);
      } else if (time > warm_at + PATIENCE_NS) {
        errors = connections - answered;
        break;
      }
    }
    int n = epoll_wait(epoll, events, 256, 50);
    if (n < 0 && errno != EINTR) die("epoll_wait");
    for (int i = 0; i < n; i++) ready(events[i].data.ptr);
  }
  double taken = 0;
  if (measured_from) {
    server_cpu = read_clock(server_clock) - server_cpu;
    own_cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID) - own_cpu;
    taken = (double)(now() - measured_from) / 1e9;
  }

  errors += received_in_all < sent_in_all && burst ? lost(all, connections) : 0;
  if (requests > 0) qsort(latencies, requests, sizeof *latencies, by_size);
  printf("{\"requests\":%llu,\"seconds\":%.6f,\"p50\":%.1f,\"p99\":%.1f,\"serverCpu\":%.1f,\"loadCpu\":%.1f,"
         "\"errors\":%llu}\n",
         (unsigned long long)(requests * (lines ? lines : burst ? burst : 1)), taken, percentile(0.5), percentile(0.99), (double)server_cpu / 1e3,
         (double)own_cpu / 1e3, (unsigned long long)errors);
  return 0;
}
