// Memory, without the C++ library: the addon needs nothing but the C library, and so one binary serves wherever that is new enough.
#pragma once

#include <node_api.h>
#include <stddef.h>
#include <stdlib.h>

namespace bluelet {

// What is made by `new`, which gives nullptr where there is no memory.
struct Allocated {
  static void* operator new(size_t size) noexcept { return malloc(size); }
  static void operator delete(void* memory) { free(memory); }
};

// Whether this is a typed array of that kind; and where its elements are just now, and how many: none, if its buffer has been
// transferred or has shrunk. JavaScript may do that between any two calls, so it is asked for in each.
inline bool Elements(napi_env env, napi_value value, napi_typedarray_type wanted, void** data, size_t* length) {
  // Node leaves it as it is for a kind that it does not know, such as Float16Array in 24.0.
  napi_typedarray_type type = napi_bigint64_array;
  *data = nullptr;
  *length = 0;
  // It refuses what is no typed array.
  if (napi_get_typedarray_info(env, value, &type, length, data, nullptr, nullptr) != napi_ok || type != wanted) {
    *length = 0;
    return false;
  }
  if (*data == nullptr) *length = 0;
  return true;
}

}  // namespace bluelet
