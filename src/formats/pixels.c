#include "formats/pixels.h"

#include <math.h>
#include <string.h>

#include "base/clones.h"

size_t mdup_pixels_bytes(mdup_pixel_type type, size_t n)
{
    switch (type) {
    case MDUP_PIXEL_UINT4:
        return n / 2 + n % 2;
    case MDUP_PIXEL_INT8:
    case MDUP_PIXEL_UINT8:
        return n;
    case MDUP_PIXEL_INT16:
    case MDUP_PIXEL_UINT16:
    case MDUP_PIXEL_FLOAT16:
        return 2 * n;
    case MDUP_PIXEL_FLOAT64:
        return 8 * n;
    case MDUP_PIXEL_INT32:
    case MDUP_PIXEL_UINT32:
    case MDUP_PIXEL_FLOAT32:
        break;
    }
    return 4 * n;
}

const char *mdup_pixels_type_name(mdup_pixel_type type)
{
    static const char *const names[] = {"int8",   "uint8",   "int16",   "uint16",  "int32",
                                        "uint32", "float16", "float32", "float64", "uint4"};
    return names[type];
}

bool mdup_host_is_big_endian(void)
{
    const uint16_t one = 1;
    uint8_t first;
    memcpy(&first, &one, 1);
    return first == 0;
}

/* ---- loading: memcpy because `from` has no alignment; compilers make one instruction of it ----
 */

static inline uint16_t load_16(const uint8_t *from, bool swap)
{
    uint16_t bits;
    memcpy(&bits, from, sizeof bits);
    if (swap)
        bits = (uint16_t)(bits >> 8 | bits << 8);
    return bits;
}

static inline uint32_t load_32(const uint8_t *from, bool swap)
{
    uint32_t bits;
    memcpy(&bits, from, sizeof bits);
    if (swap)
        bits = bits >> 24 | (bits >> 8 & 0xff00u) | (bits << 8 & 0xff0000u) | bits << 24;
    return bits;
}

static inline uint64_t load_64(const uint8_t *from, bool swap)
{
    if (!swap) {
        uint64_t bits;
        memcpy(&bits, from, sizeof bits);
        return bits;
    }
    uint32_t low = load_32(from, true), high = load_32(from + 4, true);
    return mdup_host_is_big_endian() ? (uint64_t)high << 32 | low : (uint64_t)low << 32 | high;
}

static inline float float_of_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t bits_of_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* IEEE 754 binary16.  The exponent is moved from bias 15 to bias 127.  A subnormal is read as the
 * normal number with exponent -14 and the same mantissa, less 2^-14: exact, and no float subnormal
 * takes part, so a host program that flushes those to zero does not change the answer (the shorter
 * way, one multiplication by 2^112, fails there).  F16C instructions would gain nothing here
 * (reading is slower) and would need a second code path. */
static inline float float_of_half(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
    const uint32_t rest = (uint32_t)(half & 0x7fffu) << 13;
    const uint32_t subnormal = bits_of_float(float_of_bits(rest + (113u << 23)) - 0x1p-14f);
    /* Masks: of a condition gcc 12 makes a jump and no vector code, three times slower.  Compared as
     * signed numbers, which is what SSE2 has instructions for. */
    const uint32_t is_subnormal = 0u - (uint32_t)((int32_t)rest < 1 << 23);
    const uint32_t is_infinite = 0u - (uint32_t)((int32_t)rest >= 31 << 23);
    const uint32_t normal = rest + (112u << 23) + (is_infinite & 112u << 23);
    const uint32_t bits = (subnormal & is_subnormal) | (normal & ~is_subnormal);
    return float_of_bits(bits | sign);
}

/* ---- to float, one loop a type ---- */

static void from_int8(const uint8_t *restrict from, size_t n, float *restrict to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (float)(int8_t)from[i];
}

static void from_uint8(const uint8_t *restrict from, size_t n, float *restrict to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (float)from[i];
}

static void from_uint4(const uint8_t *restrict from, size_t n, float *restrict to)
{
    for (size_t i = 0; i < n / 2; i++) {
        to[2 * i] = (float)(from[i] & 15);
        to[2 * i + 1] = (float)(from[i] >> 4);
    }
    if (n % 2)
        to[n - 1] = (float)(from[n / 2] & 15);
}

static void from_int16(const uint8_t *restrict from, size_t n, bool swap, float *restrict to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (float)(int16_t)load_16(from + 2 * i, swap);
}

static void from_uint16(const uint8_t *restrict from, size_t n, bool swap, float *restrict to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (float)load_16(from + 2 * i, swap);
}

MDUP_CLONES
static void from_float16(const uint8_t *restrict from, size_t n, bool swap, float *restrict to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = float_of_half(load_16(from + 2 * i, swap));
}

static void from_int32(const uint8_t *restrict from, size_t n, bool swap, float *restrict to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (float)(int32_t)load_32(from + 4 * i, swap);
}

static void from_uint32(const uint8_t *restrict from, size_t n, bool swap, float *restrict to)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (float)load_32(from + 4 * i, swap);
}

static void from_float32(const uint8_t *restrict from, size_t n, bool swap, float *restrict to)
{
    if (!swap) {
        memcpy(to, from, n * sizeof *to);
        return;
    }
    for (size_t i = 0; i < n; i++)
        to[i] = float_of_bits(load_32(from + 4 * i, true));
}

static void from_float64(const uint8_t *restrict from, size_t n, bool swap, float *restrict to)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = load_64(from + 8 * i, swap);
        double value;
        memcpy(&value, &bits, sizeof value);
        to[i] = (float)value;
    }
}

void mdup_pixels_to_float(mdup_pixel_type type, bool big_endian, const uint8_t *from, size_t n,
                          float *to)
{
    const bool swap = big_endian != mdup_host_is_big_endian();
    switch (type) {
    case MDUP_PIXEL_INT8:
        from_int8(from, n, to);
        break;
    case MDUP_PIXEL_UINT8:
        from_uint8(from, n, to);
        break;
    case MDUP_PIXEL_INT16:
        from_int16(from, n, swap, to);
        break;
    case MDUP_PIXEL_UINT16:
        from_uint16(from, n, swap, to);
        break;
    case MDUP_PIXEL_INT32:
        from_int32(from, n, swap, to);
        break;
    case MDUP_PIXEL_UINT32:
        from_uint32(from, n, swap, to);
        break;
    case MDUP_PIXEL_FLOAT16:
        from_float16(from, n, swap, to);
        break;
    case MDUP_PIXEL_FLOAT32:
        from_float32(from, n, swap, to);
        break;
    case MDUP_PIXEL_FLOAT64:
        from_float64(from, n, swap, to);
        break;
    case MDUP_PIXEL_UINT4:
        from_uint4(from, n, to);
        break;
    }
}

/* ---- from float, for the writer ---- */

static float rounded_and_clipped(float value, float low, float high)
{
    if (isnan(value))
        return 0.0f;
    return fminf(fmaxf(rintf(value), low), high);
}

static void store_16(uint16_t bits, uint8_t *to)
{
    to[0] = (uint8_t)(bits & 0xff);
    to[1] = (uint8_t)(bits >> 8);
}

static void store_32(uint32_t bits, uint8_t *to)
{
    store_16((uint16_t)(bits & 0xffff), to);
    store_16((uint16_t)(bits >> 16), to + 2);
}

/* Nearest, ties to even.  Below 2^-14 the sum with 0.5 rounds to multiples of 2^-24, the step of
 * the subnormals, and leaves their count in its mantissa; above, half a step less one (or less
 * nothing, when the last bit kept is odd) is added before the rest is cut off. */
static uint16_t half_of_float(float value)
{
    const uint32_t sign = bits_of_float(value) >> 16 & 0x8000u;
    const uint32_t magnitude = bits_of_float(value) & 0x7fffffffu;
    uint32_t half;
    if (magnitude >= 0x7f800000u) {
        half = magnitude > 0x7f800000u ? 0x7e00u : 0x7c00u;
    } else if (magnitude < 113u << 23) {
        half = bits_of_float(float_of_bits(magnitude) + 0.5f) - (126u << 23);
    } else {
        half = (magnitude - (112u << 23) + 0xfffu + (magnitude >> 13 & 1u)) >> 13;
        half = half > 0x7bffu ? 0x7bffu : half;
    }
    return (uint16_t)(sign | half);
}

void mdup_pixels_from_float(mdup_pixel_type type, const float *from, size_t n, uint8_t *to)
{
    for (size_t i = 0; i < n; i++) {
        if (type == MDUP_PIXEL_UINT8)
            to[i] = (uint8_t)rounded_and_clipped(from[i], 0.0f, 255.0f);
        else if (type == MDUP_PIXEL_INT16)
            store_16((uint16_t)(int16_t)rounded_and_clipped(from[i], -32768.0f, 32767.0f),
                     to + 2 * i);
        else if (type == MDUP_PIXEL_UINT16)
            store_16((uint16_t)rounded_and_clipped(from[i], 0.0f, 65535.0f), to + 2 * i);
        else if (type == MDUP_PIXEL_FLOAT16)
            store_16(half_of_float(from[i]), to + 2 * i);
        else
            store_32(bits_of_float(from[i]), to + 4 * i);
    }
}
