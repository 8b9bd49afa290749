/* Hashes: what must differ differs, and SHA-256 is the standard's. */
#include "base/hash.h"

#include "image_test.h"

static void every_bit_counts(void **state)
{
    (void)state;
    uint8_t bytes[41];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(7 * i);
    for (size_t length = 0; length <= sizeof bytes; length++) {
        const uint64_t hash = mdup_hash(3, bytes, length);
        assert_true(hash == mdup_hash(3, bytes, length));
        assert_true(hash != mdup_hash(4, bytes, length));
        for (size_t bit = 0; bit < 8 * length; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
            assert_true(hash != mdup_hash(3, bytes, length));
            bytes[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        }
    }
}

static void zeros_of_every_length_differ(void **state)
{
    (void)state;
    static const uint8_t zeros[64];
    for (size_t a = 0; a < sizeof zeros; a++)
        for (size_t b = a + 1; b < sizeof zeros; b++)
            assert_true(mdup_hash(0, zeros, a) != mdup_hash(0, zeros, b));
}

/* A session is read on other machines than it was written on, so these numbers may never change. */
static void the_same_on_every_machine(void **state)
{
    (void)state;
    assert_true(mdup_hash(0, "microdup session", 16) == 0xa103b9dd1f5b6ec5u);
    assert_true(mdup_hash(1, "frame", 5) == 0x566bc433271170bcu);
    assert_true(mdup_mix(1, 2) == 0x131b7a54d371a836u);
}

/* FIPS 180-4's examples, and lengths at which the padding changes its form (from hashlib). */
static void sha256_of_the_standard(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        const char *hash;
    } runs_of_a[] = {
        {55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
        {56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
        {63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34"},
        {64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
        {1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
    };
    char text[MDUP_SHA256_TEXT];
    mdup_sha256("", 0, text);
    assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    mdup_sha256("abc", 3, text);
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    char *letters = malloc(1000000);
    assert_non_null(letters);
    memset(letters, 'a', 1000000);
    for (size_t i = 0; i < sizeof runs_of_a / sizeof *runs_of_a; i++) {
        mdup_sha256(letters, runs_of_a[i].n, text);
        assert_string_equal(text, runs_of_a[i].hash);
    }
    free(letters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bit_counts),
        cmocka_unit_test(zeros_of_every_length_differ),
        cmocka_unit_test(the_same_on_every_machine),
        cmocka_unit_test(sha256_of_the_standard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
