#include "image/signature.h"

#include <string.h>

void mdup_signature_add(mdup_signature *signature, const float *pixels, size_t n)
{
    uint32_t values = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        /* -0 + 0 is 0. */
        float value = pixels[i] + 0.0f, square = value * value;
        uint32_t value_bits, square_bits;
        memcpy(&value_bits, &value, sizeof value_bits);
        memcpy(&square_bits, &square, sizeof square_bits);
        values += value_bits;
        squares += square_bits;
    }
    signature->values += values;
    signature->squares += squares;
}

bool mdup_signature_equal(const mdup_signature *left, const mdup_signature *right)
{
    return left->values == right->values && left->squares == right->squares;
}
