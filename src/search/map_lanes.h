/* Vectors of MDUP_LANES floats, in the notation gcc and clang share, and complex numbers made of two. */
#ifndef MDUP_SEARCH_MAP_LANES_H
#define MDUP_SEARCH_MAP_LANES_H

#include <stdint.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

#define INLINE static inline __attribute__((always_inline))

/* Vectors in an array stay in registers only when the loops over them are taken apart early: gcc has to be told, clang does it, and later
 * when it is told. */
#ifdef __clang__
#define UNROLL
#else
#define UNROLL _Pragma("GCC unroll 16")
#endif

typedef float vec __attribute__((vector_size(4 * MDUP_LANES)));
typedef uint32_t bits __attribute__((vector_size(4 * MDUP_LANES)));

/* One complex number a lane. */
typedef struct {
    vec re, im;
} cvec;

INLINE cvec add(cvec a, cvec b)
{
    return (cvec){a.re + b.re, a.im + b.im};
}

INLINE cvec subtract(cvec a, cvec b)
{
    return (cvec){a.re - b.re, a.im - b.im};
}

/* a + i b */
INLINE cvec add_i(cvec a, cvec b)
{
    return (cvec){a.re - b.im, a.im + b.re};
}

INLINE cvec subtract_i(cvec a, cvec b)
{
    return (cvec){a.re + b.im, a.im - b.re};
}

INLINE cvec times(cvec a, float factor)
{
    return (cvec){a.re * factor, a.im * factor};
}

/* a exp(i angle) */
INLINE cvec turn(cvec a, float cosine, float sine)
{
    return (cvec){a.re * cosine - a.im * sine, a.im * cosine + a.re * sine};
}

INLINE cvec times_conjugate(cvec a, cvec b)
{
    return (cvec){a.re * b.re + a.im * b.im, a.im * b.re - a.re * b.im};
}

/* To a word and back, as map_kernel.h describes it. */
INLINE bits pack(cvec a)
{
    bits re = (bits)a.re + 0x8000u, im = (bits)a.im + 0x8000u;
    return (re & 0xffff0000u) | (im >> 16);
}

INLINE cvec unpack(bits word)
{
    return (cvec){(vec)(word & 0xffff0000u), (vec)(word << 16)};
}

/* Of whole numbers below 2^31. */
INLINE vec whole(bits number)
{
    typedef int32_t signed_bits __attribute__((vector_size(4 * MDUP_LANES)));
    return __builtin_convertvector((signed_bits)number, vec);
}

/* Eight-bit numbers.  By way of memory, as compilers do it, costs three times as much. */
INLINE vec widen(const int8_t *numbers)
{
#if defined(__AVX512F__) && MDUP_LANES == 16
    __m128i packed = _mm_loadu_si128((const __m128i *)(const void *)numbers);
    return (vec)_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(packed));
#elif defined(__AVX2__) && MDUP_LANES == 8
    __m128i packed = _mm_loadl_epi64((const __m128i *)(const void *)numbers);
    return (vec)_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(packed));
#else
    vec wide;
    for (int i = 0; i < MDUP_LANES; i++)
        wide[i] = (float)numbers[i];
    return wide;
#endif
}

INLINE vec higher(vec a, vec b)
{
#if defined(__AVX512F__) && MDUP_LANES == 16
    return (vec)_mm512_max_ps((__m512)a, (__m512)b);
#elif defined(__AVX__) && MDUP_LANES == 8
    return (vec)_mm256_max_ps((__m256)a, (__m256)b);
#elif defined(__SSE2__) && MDUP_LANES == 4
    return (vec)_mm_max_ps((__m128)a, (__m128)b);
#else
    bits is_higher = (bits)(a > b);
    return (vec)((is_higher & (bits)a) | (~is_higher & (bits)b));
#endif
}

#ifdef __clang__
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (bits){__VA_ARGS__})
#endif

/* The lanes of a vector the other way round; the lower halves of two vectors, lane by lane in turn; and the upper halves. */
#if MDUP_LANES == 16
#define REVERSE 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0
#define LOWER 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define UPPER 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif MDUP_LANES == 8
#define REVERSE 7, 6, 5, 4, 3, 2, 1, 0
#define LOWER 0, 8, 1, 9, 2, 10, 3, 11
#define UPPER 4, 12, 5, 13, 6, 14, 7, 15
#else
#define REVERSE 3, 2, 1, 0
#define LOWER 0, 4, 1, 5
#define UPPER 2, 6, 3, 7
#endif

/* Lane j of vector i to lane i of vector j, by log2(MDUP_LANES) rounds of a perfect shuffle. */
INLINE void transpose(const bits in[MDUP_LANES], bits out[MDUP_LANES])
{
    bits shuffled[MDUP_LANES];
    UNROLL
    for (int i = 0; i < MDUP_LANES; i++)
        out[i] = in[i];
    UNROLL
    for (int round = 1; round < MDUP_LANES; round *= 2) {
        UNROLL
        for (int i = 0; i < MDUP_LANES / 2; i++) {
            shuffled[2 * i] = SHUFFLE(out[i], out[i + MDUP_LANES / 2], LOWER);
            shuffled[2 * i + 1] = SHUFFLE(out[i], out[i + MDUP_LANES / 2], UPPER);
        }
        UNROLL
        for (int i = 0; i < MDUP_LANES; i++)
            out[i] = shuffled[i];
    }
}

#endif
