// One edge-triggered epoll set. Node's loop polls the descriptor of the set; a batch of ready
// sockets is one call of JavaScript. It knows slots and generations, but no sockets.
#pragma once

#include <node_api.h>
#include <stdint.h>
#include <uv.h>

#include "memory.h"

namespace bluelet {

class Poller : public Allocated {
 public:
  // Numbers for each ready socket: its slot, its generation, its events.
  static constexpr int kNumbers = 3;
  static constexpr int kMaxReady = 64;

  // Calls `ready` with the number of ready sockets, after their numbers were written to `batch`.
  // Gives 0 or a negative errno; after an error the poller has freed itself.
  int Open(napi_env env, napi_ref batch, napi_ref ready);
  // Frees the poller once the loop no longer uses it.
  void Close(void (*closed)(void*), void* data);

  // Watches a socket, until it is closed: for all events, or for all but output. Watching it again
  // changes that, and reports what is the case at that time.
  int Watch(int fd, uint32_t slot, uint32_t generation, bool output);
  // Stops watching a socket that another process has, too: closing it here would not.
  int Unwatch(int fd);
  // Sets whether the poller keeps the process alive.
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
