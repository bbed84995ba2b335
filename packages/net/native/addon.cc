// The functions that JavaScript calls. Every argument is checked: an invalid one throws there, and
// never crashes here.

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "datagrams.h"
#include "memory.h"
#include "poller.h"
#include "sockets.h"

namespace {

// The version of the calls, as native.ts expects it.
constexpr int32_t kInterface = 3;

using bluelet::Poller;
using bluelet::Sockets;

// One for each environment, since several threads may load the addon.
struct Instance : bluelet::Allocated {
  Sockets sockets;
  Poller* poller = nullptr;
  napi_ref ready = nullptr;
  // The Int32Array that events are written to.
  napi_ref batch = nullptr;
};

napi_value Fail(napi_env env, const char* call, const char* expected) {
  char message[160];
  snprintf(message, sizeof message, "%s: expected %s", call, expected);
  napi_throw_type_error(env, nullptr, message);
  return nullptr;
}

napi_value Number(napi_env env, int64_t number) {
  napi_value value = nullptr;
  napi_create_int32(env, static_cast<int32_t>(number), &value);
  return value;
}

napi_value Text(napi_env env, const char* text, size_t length) {
  napi_value value = nullptr;
  napi_create_string_utf8(env, text, length, &value);
  return value;
}

// The arguments of one call. After an invalid one, `ok` is false and an error has been thrown.
class Arguments {
 public:
  Arguments(napi_env env, napi_callback_info info, const char* call, size_t count) : env_(env), call_(call) {
    size_t passed = kMax;
    void* data = nullptr;
    ok = napi_get_cb_info(env, info, &passed, values_, nullptr, &data) == napi_ok;
    instance = static_cast<Instance*>(data);
    if (ok && passed < count) Wrong("more arguments");
  }

  int32_t Int(size_t i, int32_t min, int32_t max) {
    double number = 0;
    if (!ok) return min;
    if (napi_get_value_double(env_, values_[i], &number) != napi_ok || !(number >= min && number <= max) ||
        number != static_cast<int32_t>(number)) {
      Wrong("an integer in its range");
      return min;
    }
    return static_cast<int32_t>(number);
  }

  int Fd(size_t i) {
    int32_t fd = Int(i, 0, INT32_MAX);
    if (ok && !instance->sockets.Owns(fd)) Wrong("a socket of this thread that is open");
    return fd;
  }

  bool Bool(size_t i) {
    bool flag = false;
    if (ok && napi_get_value_bool(env_, values_[i], &flag) != napi_ok) Wrong("true or false");
    return flag;
  }

  // Text of up to 110 bytes: more than an address or a path may have.
  struct Text {
    char bytes[112];
  };

  Text String(size_t i, const char* expected) {
    Text text = {};
    size_t length = 0;
    if (!ok) return text;
    if (napi_get_value_string_utf8(env_, values_[i], text.bytes, sizeof text.bytes, &length) != napi_ok ||
        length >= sizeof text.bytes - 1 || length != strlen(text.bytes)) {
      Wrong(expected);
    }
    return text;
  }

  void* Bytes(size_t i, napi_typedarray_type wanted, size_t* length) {
    *length = 0;
    if (!ok) return nullptr;
    void* bytes = nullptr;
    if (!bluelet::Elements(env_, values_[i], wanted, &bytes, length)) {
      Wrong(wanted == napi_uint8_array ? "bytes" : "an Int32Array");
    }
    return bytes;
  }

  // The table of datagrams, and how many it has room for.
  bluelet::Entry* Table(size_t i, size_t* room) {
    size_t length = 0;
    void* table = Bytes(i, napi_int32_array, &length);
    *room = length * sizeof(int32_t) / sizeof(bluelet::Entry);
    return static_cast<bluelet::Entry*>(table);
  }

  napi_value Function(size_t i) {
    napi_valuetype type;
    if (ok && (napi_typeof(env_, values_[i], &type) != napi_ok || type != napi_function)) Wrong("a function");
    return values_[i];
  }

  napi_value Value(size_t i) const { return values_[i]; }

  bool ok = true;
  Instance* instance = nullptr;

 private:
  static constexpr size_t kMax = 7;

  void Wrong(const char* expected) {
    ok = false;
    Fail(env_, call_, expected);
  }

  napi_env env_;
  const char* call_;
  napi_value values_[kMax];
};

napi_ref Keep(napi_env env, napi_value value) {
  napi_ref reference = nullptr;
  napi_create_reference(env, value, 1, &reference);
  return reference;
}

void Release(napi_env env, napi_ref* reference) {
  if (*reference != nullptr) napi_delete_reference(env, *reference);
  *reference = nullptr;
}

// start(batch: Int32Array, ready: (count) => void): 0 or a negative errno
napi_value Start(napi_env env, napi_callback_info info) {
  Arguments args(env, info, "start(batch, ready)", 2);
  size_t length = 0;
  args.Bytes(0, napi_int32_array, &length);
  napi_value ready = args.Function(1);
  if (!args.ok) return nullptr;
  Instance& instance = *args.instance;
  if (length < Poller::kNumbers) return Fail(env, "start(batch, ready)", "room for a socket");
  if (instance.poller != nullptr) return Number(env, -EALREADY);
  instance.batch = Keep(env, args.Value(0));
  instance.ready = Keep(env, ready);
  auto* poller = new Poller();
  int error = -ENOMEM;
  if (poller != nullptr && instance.batch != nullptr && instance.ready != nullptr) {
    error = poller->Open(env, instance.batch, instance.ready);
  } else {
    delete poller;
  }
  if (error == 0) {
    instance.poller = poller;
  } else {
    Release(env, &instance.batch);
    Release(env, &instance.ready);
  }
  return Number(env, error);
}

// watch(fd, slot, generation, output): 0 or a negative errno
napi_value Watch(napi_env env, napi_callback_info info) {
  Arguments args(env, info, "watch(fd, slot, generation, output)", 4);
  int fd = args.Fd(0);
  int32_t slot = args.Int(1, 0, INT32_MAX);
  int32_t generation = args.Int(2, 0, INT32_MAX);
  bool output = args.Bool(3);
  if (!args.ok) return nullptr;
  if (args.instance->poller == nullptr) return Number(env, -EINVAL);
  return Number(env, args.instance->poller->Watch(fd, static_cast<uint32_t>(slot), static_cast<uint32_t>(generation), output));
}

// unwatch(fd): 0 or a negative errno
napi_value Unwatch(napi_env env, napi_callback_info info) {
  Arguments args(env, info, "unwatch(fd)", 1);
  int fd = args.Fd(0);
  if (!args.ok) return nullptr;
  return Number(env, args.instance->poller == nullptr ? -EINVAL : args.instance->poller->Unwatch(fd));
}

// hold(keepsAlive)
napi_value Hold(napi_env env, napi_callback_info info) {
  Arguments args(env, info, "hold(keepsAlive)", 1);
  bool hold = args.Bool(0);
  if (args.ok && args.instance->poller != nullptr) args.instance->poller->Hold(hold);
  return nullptr;
}

// listen(address, port, backlog, ipv6Only, reusePort, noDelay, keepAliveSeconds): a descriptor or a
// negative errno
napi_value Listen(napi_env env, napi_callback_info info) {
  Arguments args(env, info, "listen(address, port, backlog, ipv6Only, reusePort, noDelay, keepAliveSeconds)", 7);
  Arguments::Text address = args.String(0, "a numeric address");
  int32_t port = args.Int(1, 0, 65535);
  int32_t backlog = args.Int(2, 1, INT32_MAX);
  bool ipv6_only = args.Bool(3);
  bool reuse_port = args.Bool(4);
  bool no_delay = args.Bool(5);
  int32_t seconds = args.Int(6, 0, 32767);
  if (!args.ok) return nullptr;
  return Number(env, args.instance->sockets.Listen(address.bytes, port, backlog, ipv6_only, reuse_port, no_delay, seconds));
}

// connect(address, port): a descriptor or a negative errno
napi_value Connect(napi_env env, napi_callback_info info) {
  Arguments args(env, info, "connect(address, port)", 2);
  Arguments::Text address = args.String(0, "a numeric address");
  int32_t port = args.Int(1, 0, 65535);
  if (!args.ok) return nullptr;
  return Number(env, args.instance->sockets.Connect(address.bytes, port));
}

// listenPath(path, backlog): a descriptor or a negative errno
napi_value ListenPath(napi_env env, napi_callback_info info) {
  Arguments args(env, info, "listenPath(path, backlog)", 2);
  Arguments::Text path = args.String(0, "a path");
  int32_t backlog = args.Int(1, 1, INT32_MAX);
  return args.ok ? Number(env, args.instance->sockets.ListenPath(path.bytes, backlog)) : nullptr;
}

// connectPath(path): a descriptor or a negative errno
napi_value ConnectPath(napi_env env, napi_callback_info info) {
  Arguments args(env, info, "connectPath(path)", 1);
  Arguments::Text path = args.String(0, "a path");
  return args.ok ? Number(env, args.instance->sockets.ConnectPath(path.bytes)) : nullptr;
}

// adopt(fd, noDelay, keepAliveSeconds): the descriptor or a negative errno
napi_value Adopt(napi_env env, napi_callback_info info) {
  Arguments args(env, info, "adopt(fd, noDelay, keepAliveSeconds)", 3);
  int32_t fd = args.Int(0, 0, INT32_MAX);
  bool no_delay = args.Bool(1);
  int32_t seconds = args.Int(2, 0, 32767);
  return args.ok ? Number(env, args.instance->sockets.Adopt(fd, no_delay, seconds)) : nullptr;
}

// accept(fd): a descriptor or a negative errno
napi_value Accept(napi_env env, napi_callback_info info) {
  Arguments args(env, info, "accept(fd)", 1);
  int fd = args.Fd(0);
  return args.ok ? Number(env, args.instance->sockets.Accept(fd)) : nullptr;
}

// peer(): the address of the socket that was accepted last, as of address(); empty if there is none
napi_value Peer(napi_env env, napi_callback_info info) {
  Arguments args(env, info, "peer()", 0);
  if (!args.ok) return nullptr;
  char address[128];
  return Text(env, address, args.instance->sockets.Peer(address, sizeof address));
}

// recv(fd, to, offset, max): the number of received bytes, 0 at the end of the stream, or a
// negative errno
napi_value Receive(napi_env env, napi_callback_info info) {
  Arguments args(env, info, "recv(fd, to, offset, max)", 4);
  int fd = args.Fd(0);
  size_t room = 0;
  auto* to = static_cast<uint8_t*>(args.Bytes(1, napi_uint8_array, &room));
  auto offset = static_cast<size_t>(args.Int(2, 0, INT32_MAX));
  auto max = static_cast<size_t>(args.Int(3, 1, INT32_MAX));
  if (!args.ok) return nullptr;
  // Receiving no bytes would look like the end of the stream.
  if (offset >= room) return Number(env, -EINVAL);
  return Number(env, Sockets::Receive(fd, to + offset, max < room - offset ? max : room - offset));
}

// send(fd, bytes, start, max): the number of bytes that the kernel has taken, or a negative errno
napi_value Send(napi_env env, napi_callback_info info) {
  Arguments args(env, info, "send(fd, bytes, start, max)", 4);
  int fd = args.Fd(0);
  size_t length = 0;
  auto* bytes = static_cast<const uint8_t*>(args.Bytes(1, napi_uint8_array, &length));
  auto start = static_cast<size_t>(args.Int(2, 0, INT32_MAX));
  auto max = static_cast<size_t>(args.Int(3, 0, INT32_MAX));
  if (!args.ok) return nullptr;
  if (start > length) return Number(env, -EINVAL);
  return Number(env, Sockets::Send(fd, bytes + start, max < length - start ? max : length - start));
}

// shutdown(fd), close(fd), reset(fd): 0 or a negative errno
napi_value Shutdown(napi_env env, napi_callback_info info) {
  Arguments args(env, info, "shutdown(fd)", 1);
  int fd = args.Fd(0);
  return args.ok ? Number(env, Sockets::Shutdown(fd)) : nullptr;
}

napi_value Close(napi_env env, napi_callback_info info) {
  Arguments args(env, info, "close(fd)", 1);
  int fd = args.Fd(0);
  if (args.ok) args.instance->sockets.Close(fd);
  return nullptr;
}

napi_value Reset(napi_env env, napi_callback_info info) {
  Arguments args(env, info, "reset(fd)", 1);
  int fd = args.Fd(0);
  if (args.ok) args.instance->sockets.Reset(fd);
  return nullptr;
}

// configure(fd, noDelay, keepAliveSeconds): 0 or a negative errno
napi_value Configure(napi_env env, napi_callback_info info) {
  Arguments args(env, info, "configure(fd, noDelay, keepAliveSeconds)", 3);
  int fd = args.Fd(0);
  bool no_delay = args.Bool(1);
  int32_t seconds = args.Int(2, 0, 32767);
  return args.ok ? Number(env, Sockets::Configure(fd, no_delay, seconds)) : nullptr;
}

// failure(fd): 0 or a negative errno
napi_value Failure(napi_env env, napi_callback_info info) {
  Arguments args(env, info, "failure(fd)", 1);
  int fd = args.Fd(0);
  return args.ok ? Number(env, Sockets::Failure(fd)) : nullptr;
}

// unacknowledged(fd): a number of bytes, or a negative errno
napi_value Unacknowledged(napi_env env, napi_callback_info info) {
  Arguments args(env, info, "unacknowledged(fd)", 1);
  int fd = args.Fd(0);
  return args.ok ? Number(env, Sockets::Unacknowledged(fd)) : nullptr;
}

// credentials(fd): `pid uid gid` of the peer of a Unix socket; empty if there is none
napi_value Credentials(napi_env env, napi_callback_info info) {
  Arguments args(env, info, "credentials(fd)", 1);
  int fd = args.Fd(0);
  if (!args.ok) return nullptr;
  char credentials[48];
  return Text(env, credentials, Sockets::Credentials(fd, credentials, sizeof credentials));
}

// address(fd, remote): `host port` or `unix:path`; empty if that end has no address
napi_value Address(napi_env env, napi_callback_info info) {
  Arguments args(env, info, "address(fd, remote)", 2);
  int fd = args.Fd(0);
  bool remote = args.Bool(1);
  if (!args.ok) return nullptr;
  char address[128];
  return Text(env, address, Sockets::Address(fd, remote, address, sizeof address));
}

// udp(address, port, reuseAddress, reusePort, broadcast, receiveBuffer): a descriptor or a negative
// errno
napi_value Udp(napi_env env, napi_callback_info info) {
  Arguments args(env, info, "udp(address, port, reuseAddress, reusePort, broadcast, receiveBuffer)", 6);
  Arguments::Text address = args.String(0, "a numeric address");
  int32_t port = args.Int(1, 0, 65535);
  bool reuse_address = args.Bool(2);
  bool reuse_port = args.Bool(3);
  bool broadcast = args.Bool(4);
  int32_t receive_buffer = args.Int(5, 0, INT32_MAX);
  if (!args.ok) return nullptr;
  int fd = bluelet::OpenDatagrams(address.bytes, port, reuse_address, reuse_port, broadcast, receive_buffer);
  return Number(env, fd < 0 ? fd : args.instance->sockets.Own(fd));
}

// attach(fd, address, port): 0 or a negative errno
napi_value Attach(napi_env env, napi_callback_info info) {
  Arguments args(env, info, "attach(fd, address, port)", 3);
  int fd = args.Fd(0);
  Arguments::Text address = args.String(1, "a numeric address");
  int32_t port = args.Int(2, 0, 65535);
  return args.ok ? Number(env, bluelet::AttachDatagrams(fd, address.bytes, port)) : nullptr;
}

// recvMany(fd, to, size, table, max): the number of datagrams, or a negative errno
napi_value ReceiveMany(napi_env env, napi_callback_info info) {
  Arguments args(env, info, "recvMany(fd, to, size, table, max)", 5);
  int fd = args.Fd(0);
  size_t bytes = 0;
  auto* to = static_cast<uint8_t*>(args.Bytes(1, napi_uint8_array, &bytes));
  auto size = static_cast<size_t>(args.Int(2, 1, INT32_MAX));
  size_t room = 0;
  bluelet::Entry* table = args.Table(3, &room);
  auto max = static_cast<size_t>(args.Int(4, 1, INT32_MAX));
  if (!args.ok) return nullptr;
  if (room > bytes / size) room = bytes / size;
  if (room > max) room = max;
  if (room == 0) return Number(env, -EINVAL);
  return Number(env, bluelet::ReceiveDatagrams(fd, to, size, table, room));
}

// sendMany(fd, bytes, table, count): the number of datagrams that the kernel has taken. If
// it is less than the count, the length of the first in the table is the reason, a negative errno
napi_value SendMany(napi_env env, napi_callback_info info) {
  Arguments args(env, info, "sendMany(fd, bytes, table, count)", 4);
  int fd = args.Fd(0);
  size_t length = 0;
  auto* bytes = static_cast<uint8_t*>(args.Bytes(1, napi_uint8_array, &length));
  size_t room = 0;
  bluelet::Entry* table = args.Table(2, &room);
  auto count = static_cast<size_t>(args.Int(3, 1, bluelet::kMaxDatagrams));
  if (!args.ok) return nullptr;
  if (count > room) return Fail(env, "sendMany(fd, bytes, table, count)", "a table with room for them");
  return Number(env, bluelet::SendDatagrams(fd, bytes, length, table, count));
}

// encode(host, table, index): 0 or a negative errno
napi_value Encode(napi_env env, napi_callback_info info) {
  Arguments args(env, info, "encode(host, table, index)", 3);
  Arguments::Text host = args.String(0, "a numeric address");
  size_t room = 0;
  bluelet::Entry* table = args.Table(1, &room);
  auto index = static_cast<size_t>(args.Int(2, 0, INT32_MAX));
  if (!args.ok) return nullptr;
  return Number(env, index < room ? bluelet::EncodeHost(host.bytes, &table[index]) : -EINVAL);
}

// decode(table, index): a numeric address; empty if there is none
napi_value Decode(napi_env env, napi_callback_info info) {
  Arguments args(env, info, "decode(table, index)", 2);
  size_t room = 0;
  bluelet::Entry* table = args.Table(0, &room);
  auto index = static_cast<size_t>(args.Int(1, 0, INT32_MAX));
  if (!args.ok) return nullptr;
  char host[80];
  return Text(env, host, index < room ? bluelet::DecodeHost(table[index], host, sizeof host) : 0);
}

// member(fd, joins, group, interface, source): 0 or a negative errno
napi_value Member(napi_env env, napi_callback_info info) {
  Arguments args(env, info, "member(fd, joins, group, interface, source)", 5);
  int fd = args.Fd(0);
  bool joins = args.Bool(1);
  Arguments::Text group = args.String(2, "a numeric address");
  Arguments::Text by = args.String(3, "a numeric address");
  Arguments::Text source = args.String(4, "a numeric address");
  return args.ok ? Number(env, bluelet::SetMember(fd, joins, group.bytes, by.bytes, source.bytes)) : nullptr;
}

// option(fd, option, value): 0 or a negative errno
napi_value Option(napi_env env, napi_callback_info info) {
  Arguments args(env, info, "option(fd, option, value)", 3);
  int fd = args.Fd(0);
  int32_t option = args.Int(1, 0, 2);
  int32_t value = args.Int(2, 0, 255);
  return args.ok ? Number(env, bluelet::SetDatagramOption(fd, option, value)) : nullptr;
}

// dropped(fd): a number of datagrams; 0 if the system does not count them
napi_value Dropped(napi_env env, napi_callback_info info) {
  Arguments args(env, info, "dropped(fd)", 1);
  int fd = args.Fd(0);
  napi_value value = nullptr;
  if (args.ok) napi_create_uint32(env, bluelet::DroppedDatagrams(fd), &value);
  return value;
}

// The environment ends, perhaps long before the process. The loop must release the poller first.
void CleanUp(napi_async_cleanup_hook_handle handle, void* data) {
  auto* instance = static_cast<Instance*>(data);
  Poller* poller = instance->poller;
  delete instance;
  if (poller == nullptr) {
    napi_remove_async_cleanup_hook(handle);
    return;
  }
  poller->Close([](void* hook) { napi_remove_async_cleanup_hook(static_cast<napi_async_cleanup_hook_handle>(hook)); }, handle);
}

}  // namespace

NAPI_MODULE_INIT() {
  auto* instance = new Instance();
  if (instance == nullptr) return nullptr;
  if (napi_add_async_cleanup_hook(env, CleanUp, instance, nullptr) != napi_ok) {
    delete instance;
    napi_throw_error(env, nullptr, "the native part could not register for the end of its thread");
    return nullptr;
  }
  struct {
    const char* name;
    napi_callback call;
  } const calls[] = {
      {"start", Start},       {"watch", Watch}, {"hold", Hold},           {"listen", Listen}, {"connect", Connect},
      {"accept", Accept},     {"peer", Peer},   {"recv", Receive},        {"send", Send},     {"shutdown", Shutdown},
      {"close", Close},       {"reset", Reset}, {"configure", Configure}, {"failure", Failure}, {"address", Address},
      {"unacknowledged", Unacknowledged}, {"listenPath", ListenPath}, {"connectPath", ConnectPath},
      {"adopt", Adopt},       {"unwatch", Unwatch}, {"credentials", Credentials}, {"udp", Udp}, {"attach", Attach},
      {"recvMany", ReceiveMany}, {"sendMany", SendMany}, {"encode", Encode}, {"decode", Decode}, {"member", Member},
      {"option", Option},     {"dropped", Dropped},
  };
  napi_value version;
  if (napi_create_int32(env, kInterface, &version) != napi_ok ||
      napi_set_named_property(env, exports, "version", version) != napi_ok) {
    return nullptr;
  }
  for (const auto& [name, call] : calls) {
    napi_value function;
    if (napi_create_function(env, name, NAPI_AUTO_LENGTH, call, instance, &function) != napi_ok ||
        napi_set_named_property(env, exports, name, function) != napi_ok) {
      return nullptr;
    }
  }
  return exports;
}
