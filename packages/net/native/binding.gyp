{
  "targets": [
    {
      "target_name": "bluelet",
      "sources": ["addon.cc", "poller.cc", "sockets.cc"],
      "defines": ["NAPI_VERSION=9"],
      "cflags_cc": ["-std=c++17", "-O2", "-Wall", "-Wextra", "-Werror", "-fno-exceptions", "-fno-rtti", "-fvisibility=hidden"],
      "ldflags": ["-Wl,-z,now", "-static-libgcc"]
    }
  ]
}
