// One edge-triggered epoll set, whose own descriptor Node's loop polls: a batch of ready sockets is one call into JavaScript.
#pragma once

#include <node_api.h>
#include <stdint.h>
#include <uv.h>

#include "memory.h"

namespace bluelet {

class Poller : public Allocated {
 public:
  // Three numbers for each socket that is ready: its slot, its generation, what it is ready for.
  static constexpr int kNumbers = 3;
  static constexpr int kMaxReady = 512;

  // `ready` is called with how many are ready, after they have been written to `batch`. Gives 0 or a negative errno: then this
  // has freed itself.
  int Open(napi_env env, napi_ref batch, napi_ref ready);
  // Frees itself once the loop has let go of it.
  void Close(void (*closed)(void*), void* data);

  // Watches a socket for everything, until it is closed.
  int Watch(int fd, uint32_t slot, uint32_t generation);
  // Whether the process is to be kept alive.
  void Hold(bool hold);

 private:
  static void OnReady(uv_poll_t* handle, int status, int events);
  void Collect();
  void Call(int count);
  void Throw(const char* message);

  napi_env env_ = nullptr;
  napi_ref batch_ = nullptr;
  napi_ref ready_ = nullptr;
  int epoll_ = -1;
  uv_poll_t handle_;
  void (*closed_)(void*) = nullptr;
  void* closed_data_ = nullptr;
};

}  // namespace bluelet
