// SPDX-License-Identifier: Apache-2.0
//
// What an OpenCL driver for CPUs brings with it is a compiler: PoCL 3.1 maps 65 MB of LLVM and Clang into the process just
// to set itself up, hardly any of which is needed again once programs come from a cache. The kernel counts those pages to
// the process until memory runs short. Here they are given back at once.

#define _GNU_SOURCE  // dl_iterate_phdr

#include <link.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "monitor.h"

// Objects that the process had before; the linker's list grows at its end.
static size_t objects_before = SIZE_MAX;

typedef struct walk {
  size_t objects;
  size_t bytes;
  uintptr_t page;
} walk;

static int count_object(struct dl_phdr_info *object, size_t size, void *state) {
  (void)object;
  (void)size;
  ((walk *)state)->objects++;
  return 0;
}

void driver_pages_start(void) {
  walk all = {0};
  dl_iterate_phdr(count_object, &all);
  objects_before = all.objects;
}

// Relocations in segments that are not writable: they would be lost.
static bool relocates_text(const struct dl_phdr_info *object, const ElfW(Phdr) *header) {
  for (const ElfW(Dyn) *entry = (const ElfW(Dyn) *)(object->dlpi_addr + header->p_vaddr); entry->d_tag != DT_NULL; entry++) {
    if (entry->d_tag == DT_TEXTREL || (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_TEXTREL))) return true;
  }
  return false;
}

static int drop_object(struct dl_phdr_info *object, size_t size, void *state) {
  (void)size;
  walk *all = state;
  if (all->objects++ < objects_before) return 0;
  for (int i = 0; i < object->dlpi_phnum; i++) {
    if (object->dlpi_phdr[i].p_type == PT_DYNAMIC && relocates_text(object, &object->dlpi_phdr[i])) return 0;
  }
  for (int i = 0; i < object->dlpi_phnum; i++) {
    const ElfW(Phdr) *header = &object->dlpi_phdr[i];
    // What is writable, or was until its relocations were done, exists nowhere but in memory.
    if (header->p_type != PT_LOAD || (header->p_flags & PF_W)) continue;
    uintptr_t start = (object->dlpi_addr + header->p_vaddr) & ~(all->page - 1);
    uintptr_t end = (object->dlpi_addr + header->p_vaddr + header->p_filesz + all->page - 1) & ~(all->page - 1);
    if (madvise((void *)start, end - start, MADV_DONTNEED) == 0) all->bytes += end - start;
  }
  return 0;
}

size_t shim_drop_driver_pages(void) {
  walk all = {.page = (uintptr_t)sysconf(_SC_PAGESIZE)};
  dl_iterate_phdr(drop_object, &all);
  return all.bytes;
}
