// SPDX-License-Identifier: Apache-2.0
//
// Finding the libraries. Each is opened once, on first use, and never closed: drivers do not survive that.

#define _GNU_SOURCE  // RTLD_DEFAULT

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "monitor.h"

#define SHIM_STATUS(name, role, parameters, arguments, counts) #name,
#define SHIM_HANDLE(type, name, role, parameters, arguments, counts) #name,
#define SHIM_CLBLAST(name, role, parameters, arguments, counts) #name,
static const char *const names[CALL_COUNT] = {
#include "calls.def"
};

typedef struct library {
  const char *variable;  // environment variable that names another file
  const char *usual;     // the file otherwise
  const char *probe;     // a function that shows that the process already holds the library
  pthread_once_t once;
  char file[512];
  char problem[512];
  bool usable;
} library;

static library libraries[SHIM_LIBRARY_COUNT] = {
    [SHIM_LIBRARY_OPENCL] = {"SWIFT_BERT_OPENCL_LIBRARY", "libOpenCL.so.1", "clGetPlatformIDs", PTHREAD_ONCE_INIT},
    [SHIM_LIBRARY_CLBLAST] = {"SWIFT_BERT_CLBLAST_LIBRARY", "libclblast.so.1", "CLBlastSgemm", PTHREAD_ONCE_INIT},
};
static void *functions[CALL_COUNT];

static shim_library library_of(call_index call) {
  return strncmp(names[call], "CLBlast", 7) == 0 ? SHIM_LIBRARY_CLBLAST : SHIM_LIBRARY_OPENCL;
}

static void copy_text(char *target, size_t capacity, const char *text) {
  strncpy(target, text ? text : "unknown reason", capacity - 1);
  target[capacity - 1] = '\0';
}

static void open_library(shim_library which) {
  library *lib = &libraries[which];
  const char *asked = getenv(lib->variable);
  void *handle;
  if (which == SHIM_LIBRARY_OPENCL) driver_pages_start();
  if (asked && *asked) {
    copy_text(lib->file, sizeof lib->file, asked);
    handle = dlopen(asked, RTLD_NOW | RTLD_LOCAL);
  } else if (dlsym(RTLD_DEFAULT, lib->probe)) {
    // Preloaded (Oclgrind does that) or linked by the host application: a second loader beside it would see other
    // devices and other handles.
    copy_text(lib->file, sizeof lib->file, "the process");
    handle = RTLD_DEFAULT;
    lib->usable = true;
  } else {
    copy_text(lib->file, sizeof lib->file, lib->usual);
    handle = dlopen(lib->usual, RTLD_NOW | RTLD_LOCAL);
  }
  if (!lib->usable && !handle) {
    copy_text(lib->problem, sizeof lib->problem, dlerror());
    return;
  }
  lib->usable = true;
  for (int call = 0; call < CALL_COUNT; call++) {
    if (library_of((call_index)call) == which) functions[call] = dlsym(handle, names[call]);
  }
}

static void open_opencl(void) { open_library(SHIM_LIBRARY_OPENCL); }
static void open_clblast(void) { open_library(SHIM_LIBRARY_CLBLAST); }

static library *opened(shim_library which) {
  if (which == SHIM_LIBRARY_CLBLAST) {
    pthread_once(&libraries[which].once, open_clblast);
  } else {
    pthread_once(&libraries[SHIM_LIBRARY_OPENCL].once, open_opencl);
  }
  return &libraries[which];
}

void *library_function(shim_library which, call_index call) {
  (void)opened(which);
  return functions[call];
}

int32_t library_missing(shim_library which) { return opened(which)->usable ? SHIM_NO_FUNCTION : SHIM_NO_LIBRARY; }

const char *shim_library_file(shim_library which) { return opened(which)->file; }

const char *shim_library_problem(shim_library which) {
  library *lib = opened(which);
  return lib->usable ? NULL : lib->problem;
}

int32_t shim_call_index(const char *name) {
  for (int32_t call = 0; call < CALL_COUNT; call++) {
    if (strcmp(names[call], name) == 0) return call;
  }
  return -1;
}

const char *shim_call_name(int32_t index) { return index >= 0 && index < CALL_COUNT ? names[index] : NULL; }
