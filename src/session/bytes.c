/* Numbers as bytes, so that a session can be read on any machine. */
#include <string.h>

#include "session/internal.h"

static void put(mdup_strbuf *out, uint64_t value, size_t n)
{
    char bytes[8];
    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)(uint8_t)(value >> (8 * i));
    mdup_strbuf_append(out, bytes, n);
}

static uint64_t get(const uint8_t *bytes, size_t n)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

void mdup_put_u16(mdup_strbuf *out, uint16_t value)
{
    put(out, value, 2);
}

void mdup_put_u32(mdup_strbuf *out, uint32_t value)
{
    put(out, value, 4);
}

void mdup_put_f32(mdup_strbuf *out, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put(out, bits, 4);
}

void mdup_put_f64(mdup_strbuf *out, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put(out, bits, 8);
}

uint16_t mdup_get_u16(const uint8_t *bytes)
{
    return (uint16_t)get(bytes, 2);
}

uint32_t mdup_get_u32(const uint8_t *bytes)
{
    return (uint32_t)get(bytes, 4);
}

float mdup_get_f32(const uint8_t *bytes)
{
    uint32_t bits = mdup_get_u32(bytes);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

double mdup_get_f64(const uint8_t *bytes)
{
    uint64_t bits = get(bytes, 8);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}
