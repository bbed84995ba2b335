#include "poller.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>

namespace bluelet {

int Poller::Open(napi_env env, int32_t* batch, int most, napi_ref ready) {
  env_ = env;
  batch_ = batch;
  most_ = std::min(most, kMostReady);
  ready_ = ready;
  epoll_ = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_ < 0) return -errno;
  uv_loop_s* loop = nullptr;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) {
    close(epoll_);
    return -ENOSYS;
  }
  int error = uv_poll_init(loop, &handle_, epoll_);
  if (error != 0) {
    close(epoll_);
    return error;
  }
  handle_.data = this;
  napi_value name;
  napi_create_string_utf8(env, "bluelet", NAPI_AUTO_LENGTH, &name);
  napi_async_init(env, nullptr, name, &context_);
  error = uv_poll_start(&handle_, UV_READABLE, OnReady);
  Hold(false);
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
    then(what);
  });
}

int Poller::Watch(int fd, uint32_t slot, uint32_t generation) {
  epoll_event event;
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.u64 = static_cast<uint64_t>(generation) << 32 | slot;
  return epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : -errno;
}

void Poller::Hold(bool hold) {
  auto* handle = reinterpret_cast<uv_handle_t*>(&handle_);
  if (hold) {
    uv_ref(handle);
  } else {
    uv_unref(handle);
  }
}

void Poller::OnReady(uv_poll_t* handle, int status, int) {
  if (status == 0) static_cast<Poller*>(handle->data)->Collect();
}

// One batch for each time that the loop polls: what is left keeps the set readable, and has its turn after the timers.
void Poller::Collect() {
  epoll_event events[kMostReady];
  int count;
  do count = epoll_wait(epoll_, events, most_, 0);
  while (count < 0 && errno == EINTR);
  if (count <= 0) return;
  for (int i = 0; i < count; i++) {
    batch_[i * kNumbers] = static_cast<int32_t>(events[i].data.u64 & 0xffffffff);
    batch_[i * kNumbers + 1] = static_cast<int32_t>(events[i].data.u64 >> 32);
    batch_[i * kNumbers + 2] = static_cast<int32_t>(events[i].events);
  }
  napi_handle_scope scope;
  napi_open_handle_scope(env_, &scope);
  napi_value ready, global, number, result;
  napi_get_reference_value(env_, ready_, &ready);
  napi_get_global(env_, &global);
  napi_create_int32(env_, count, &number);
  if (napi_make_callback(env_, context_, global, ready, 1, &number, &result) == napi_pending_exception) {
    napi_value error;
    napi_get_and_clear_last_exception(env_, &error);
    napi_fatal_exception(env_, error);
  }
  napi_close_handle_scope(env_, scope);
}

}  // namespace bluelet
