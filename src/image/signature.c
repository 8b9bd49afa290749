#include "image/signature.h"

#include <string.h>

#include "base/clones.h"

/* Of exponent 0 and with bits all over its fraction, so that a product takes up bits from all over a pixel's, and single bits of counts,
 * which have few, spread over the word. */
static const float MIXER = 1.7320508f;

MDUP_CLONES
static void add(mdup_signature *signature, const float *pixels, size_t n)
{
    uint32_t values = 0, mixed = 0;
    for (size_t i = 0; i < n; i++) {
        float value = pixels[i] + 0.0f; /* -0 + 0 is 0 */
        float product = value * MIXER;
        uint32_t value_bits, product_bits;
        memcpy(&value_bits, &value, sizeof value_bits);
        memcpy(&product_bits, &product, sizeof product_bits);
        values += value_bits;
        mixed += value_bits ^ product_bits;
    }
    signature->values += values;
    signature->mixed += mixed;
}

void mdup_signature_add(mdup_signature *signature, const float *pixels, size_t n)
{
    add(signature, pixels, n);
}

bool mdup_signature_equal(const mdup_signature *left, const mdup_signature *right)
{
    return left->values == right->values && left->mixed == right->mixed;
}
