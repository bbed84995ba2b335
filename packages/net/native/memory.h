// Memory without the C++ library: the addon needs only the C library, so that one binary serves
// every system whose C library is new enough.
#pragma once

#include <node_api.h>
#include <stddef.h>
#include <stdlib.h>

namespace bluelet {

// Base of classes that are made by `new`, which gives nullptr if there is no memory.
struct Allocated {
  static void* operator new(size_t size) noexcept { return malloc(size); }
  static void operator delete(void* memory) { free(memory); }
};

// Whether a value is a typed array of the wanted type; and the address and number of its elements,
// which is 0 if its buffer has been transferred or has shrunk. JavaScript may do that between any
// two calls, so every call checks it again.
inline bool Elements(napi_env env, napi_value value, napi_typedarray_type wanted, void** data, size_t* length) {
  // Node does not set it for a type that it does not know, such as Float16Array in 24.0.
  napi_typedarray_type type = napi_bigint64_array;
  *data = nullptr;
  *length = 0;
  // This fails for values that are not typed arrays.
  if (napi_get_typedarray_info(env, value, &type, length, data, nullptr, nullptr) != napi_ok || type != wanted) {
    *length = 0;
    return false;
  }
  if (*data == nullptr) *length = 0;
  return true;
}

}  // namespace bluelet
