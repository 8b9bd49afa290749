/* Inner loops that are compiled for several kinds of processor. */
#ifndef MDUP_BASE_CLONES_H
#define MDUP_BASE_CLONES_H

#include <stddef.h> /* for __GLIBC__ */

/* Before a static function (of others gcc exports what the loader calls) whose loops gain by wider vectors: it is compiled for AVX2 too, and the loader takes what the processor has.  Rounding is
 * the same in both: nothing is contracted (meson.build) and no sum is reordered.  Where the compiler or the C library cannot, and under
 * sanitizers, which do not work before the loader is done, there is one version. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) &&       \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define MDUP_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define MDUP_CLONES
#endif

#endif
