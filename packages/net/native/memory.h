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

// Where the elements of a typed array are just now, and how many they are: none, if it is another kind of thing, or if its buffer
// has been transferred or has shrunk. JavaScript may do that between any two calls, so it is asked for in each.
inline bool Elements(napi_env env, napi_value value, napi_typedarray_type wanted, void** data, size_t* length) {
  napi_typedarray_type type;
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
