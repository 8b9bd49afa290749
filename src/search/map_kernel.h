/* What lies between search/map.c and the versions of the transform for one kind of processor each: plain (any), AVX2, AVX-512. */
#ifndef MDUP_SEARCH_MAP_KERNEL_H
#define MDUP_SEARCH_MAP_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

/* 2^31 has fewer factors than this. */
enum { MDUP_MOST_FACTORS = 16 };

/* A transform of n samples is a pass for each of its factors, in place: n = f0 f1 f2 ..., and the sample k0 + f0 k1 + f0 f1 k2 + ... of the
 * result ends up at position (k0 f1 + k1) f2 + k2 ... */
typedef struct {
    int32_t n, n_factors;
    int32_t factor[MDUP_MOST_FACTORS]; /* each 3, 4, 5, 6, 8, 9 or 10 */
    /* A pass splits into blocks of length factor * m; after it sample k of the butterfly that begins at j is multiplied by
     * exp(2 pi i j k / length): cos and sin of j = 0, k = 1, 2, ..., factor - 1, then of j = 1, ... */
    float *twiddle[MDUP_MOST_FACTORS];
    int32_t *position; /* of each sample of the result */
    int32_t *sample;   /* at each position */
} mdup_passes;

/* Where in a kept spectrum the samples of a vector begin, in bytes; re -1: it has none. */
typedef struct {
    int32_t re, im;
} mdup_kept_place;

/* Frequencies beyond those a map has samples for come out at lower ones: vectors of a spectrum whose product is added to that of rows ky on of
 * a group.  Mirrored: frequencies -k are added at k, so that the lanes run down in kx and the vectors are conjugates. */
typedef struct {
    int32_t group, ky, n_vectors;
    int32_t first_vector;
} mdup_fold;

/* Fixed for one size of map. */
typedef struct {
    int32_t lanes;    /* floats in a vector */
    int32_t nx, ny;   /* of the map; both even */
    int32_t n_groups; /* of `lanes` columns of the half spectrum each, nx / 2 rounded up */
    int32_t n_rows;   /* ny rounded up to a multiple of 2 lanes */
    mdup_passes along_x, along_y;
    /* An expanded spectrum has n_vectors vectors of words: [group][ky], then what the folds add. */
    int32_t n_vectors, first_mirrored;
    mdup_kept_place *place; /* of each vector */
    float *weight;          /* of each sample: [vector][lane] */
    int32_t n_folds;
    mdup_fold *folds;
    /* 1 / root of what is shared, in 65535ths of the highest there is; 0 where it is not searched: [row / (2 lanes)][x][lane], that of the row
     * in the upper half of the word, that of `lanes` rows further on in the lower half. */
    uint32_t *scale;
} mdup_map_tables;

/* A word: the upper half is the upper half of the real part, a float of 8 bits of precision; the lower half is that of the imaginary part.  Rounding
 * to 8 bits costs 1e-5 of the peak's height and halves what has to go through the cache. */

/* Of a square of 8 x 8 samples of the map. */
typedef struct {
    float highest; /* at least 0; which of the rows of its strip it is in says the strip */
    float energy;  /* the sum of squares */
} mdup_square;

typedef struct {
    void *
        line; /* 2 floats for each of `lanes` lanes: one more than the map has samples along its longer side */
    uint32_t *plane; /* [group][row][lane]; zeros before its first use */
    float *energy,
        *highest; /* of each row of a strip 8 samples wide: [x / 8][row]; the lowest 3 bits of the highest are its x % 8 */
    mdup_square *squares; /* [x / 8][row / 8] */
} mdup_map_buffers;

typedef struct {
    const char *name;
    int32_t lanes;
    bool (*is_usable)(void); /* on this processor */
    /* A kept spectrum, weighted, into words. */
    void (*expand)(const mdup_map_tables *tables, const int8_t *kept, uint32_t *words);
    /* The map of a and b, each sample times its scale. */
    void (*correlate)(const mdup_map_tables *tables, const uint32_t *a, const uint32_t *b,
                      const mdup_map_buffers *buffers);
} mdup_map_kernel;

extern const mdup_map_kernel mdup_map_plain;
#ifdef MDUP_X86_KERNELS
extern const mdup_map_kernel mdup_map_avx2, mdup_map_avx512;
#endif

#endif
