{
  "targets": [
    {
      "target_name": "bluelet",
      "sources": ["addon.cc", "addresses.cc", "datagrams.cc", "poller.cc", "sockets.cc"],
      "defines": ["NAPI_VERSION=9"],
      "cflags_cc": ["-std=c++17", "-O2", "-Wall", "-Wextra", "-Werror", "-fno-exceptions", "-fno-rtti", "-fvisibility=hidden"],
      # Nothing of the C++ library is used, and so none needs to be there.
      "ldflags": ["-Wl,-z,now", "-Wl,--as-needed", "-static-libgcc"]
    }
  ]
}
