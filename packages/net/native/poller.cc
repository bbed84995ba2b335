#include "poller.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

namespace bluelet {

int Poller::Open(napi_env env, napi_ref batch, napi_ref ready) {
  env_ = env;
  batch_ = batch;
  ready_ = ready;
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  int error = epoll_ < 0 ? -errno : 0;
  uv_loop_s* loop = nullptr;
  if (error == 0 && napi_get_uv_event_loop(env, &loop) != napi_ok) error = -ENOSYS;
  if (error == 0) error = uv_poll_init(loop, &handle_, epoll_);
  if (error != 0) {
    if (epoll_ >= 0) close(epoll_);
    delete this;
    return error;
  }
  handle_.data = this;
  error = uv_poll_start(&handle_, UV_READABLE, OnReady);
  Hold(false);
  if (error != 0) Close(nullptr, nullptr);
  return error;
}

void Poller::Close(void (*closed)(void*), void* data) {
  closed_ = closed;
  closed_data_ = data;
  uv_poll_stop(&handle_);
  uv_close(reinterpret_cast<uv_handle_t*>(&handle_), [](uv_handle_t* handle) {
    auto* self = static_cast<Poller*>(handle->data);
    close(self->epoll_);
    auto* then = self->closed_;
    void* what = self->closed_data_;
    delete self;
    if (then != nullptr) then(what);
  });
}

int Poller::Watch(int fd, uint32_t slot, uint32_t generation, bool output) {
  epoll_event event;
  event.events = EPOLLIN | EPOLLRDHUP | EPOLLPRI | EPOLLET;
  if (output) event.events |= EPOLLOUT;
  event.data.u64 = static_cast<uint64_t>(generation) << 32 | slot;
  if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0) return 0;
  if (errno != EEXIST) return -errno;
  return epoll_ctl(epoll_, EPOLL_CTL_MOD, fd, &event) == 0 ? 0 : -errno;
}

int Poller::Unwatch(int fd) { return epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr) == 0 ? 0 : -errno; }

void Poller::Hold(bool hold) {
  auto* handle = reinterpret_cast<uv_handle_t*>(&handle_);
  if (hold) {
    uv_ref(handle);
  } else {
    uv_unref(handle);
  }
}

void Poller::OnReady(uv_poll_t* handle, int status, int) {
  auto* self = static_cast<Poller*>(handle->data);
  napi_handle_scope scope;
  if (napi_open_handle_scope(self->env_, &scope) != napi_ok) return;
  // libuv has stopped polling, and every socket would wait forever.
  if (status != 0) self->Throw("the epoll set can no longer be polled");
  else self->Collect();
  napi_close_handle_scope(self->env_, scope);
}

// Handles one batch for each poll of the loop. What is left keeps the set readable, and is handled
// after the timers.
void Poller::Collect() {
  size_t length = 0;
  napi_value array;
  if (napi_get_reference_value(env_, batch_, &array) != napi_ok || array == nullptr) return;
  void* elements = nullptr;
  Elements(env_, array, napi_int32_array, &elements, &length);
  auto* batch = static_cast<int32_t*>(elements);
  if (length < kNumbers) {
    uv_poll_stop(&handle_);
    Throw("the batch of the epoll set has been detached");
    return;
  }
  size_t room = length / kNumbers;
  epoll_event events[kMaxReady];
  int count;
  do count = epoll_wait(epoll_, events, room < kMaxReady ? static_cast<int>(room) : kMaxReady, 0);
  while (count < 0 && errno == EINTR);
  if (count <= 0) return;
  for (int i = 0; i < count; i++) {
    batch[i * kNumbers] = static_cast<int32_t>(events[i].data.u64 & 0xffffffff);
    batch[i * kNumbers + 1] = static_cast<int32_t>(events[i].data.u64 >> 32);
    batch[i * kNumbers + 2] = static_cast<int32_t>(events[i].events);
  }
  Call(count);
}

void Poller::Call(int count) {
  napi_value ready, global, number;
  if (napi_get_reference_value(env_, ready_, &ready) != napi_ok || napi_get_global(env_, &global) != napi_ok ||
      napi_create_int32(env_, count, &number) != napi_ok) {
    return;
  }
  // A callback as from the loop itself: microtasks run after it.
  if (napi_make_callback(env_, nullptr, global, ready, 1, &number, nullptr) == napi_ok) return;
  // It has thrown, or the thread is being terminated, in which case there is no exception.
  bool pending = false;
  napi_value error;
  if (napi_is_exception_pending(env_, &pending) != napi_ok || !pending) return;
  if (napi_get_and_clear_last_exception(env_, &error) == napi_ok) napi_fatal_exception(env_, error);
}

void Poller::Throw(const char* message) {
  napi_value text, error;
  if (napi_create_string_utf8(env_, message, NAPI_AUTO_LENGTH, &text) != napi_ok) return;
  if (napi_create_error(env_, nullptr, text, &error) == napi_ok) napi_fatal_exception(env_, error);
}

}  // namespace bluelet
