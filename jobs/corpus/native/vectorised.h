/* The vector instructions of newer processors, where there are such; the result is the same. */

#ifndef VECTORISED

#if defined(__x86_64__) && defined(__GLIBC__)
#define VECTORISED __attribute__((target_clones("avx2", "default")))
#else
#define VECTORISED
#endif

#endif
