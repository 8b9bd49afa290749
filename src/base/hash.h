/* Numbers that stand for bytes. */
#ifndef MDUP_BASE_HASH_H
#define MDUP_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/** 64 bits that tell damaged or different bytes from the same ones, with a chance of some 2^-64 to miss it; not against an adversary.  The
 *  same on every machine.  seed: 0, or the hash of what stands before, to go on with.  3 GB/s. */
uint64_t mdup_hash(uint64_t seed, const void *bytes, size_t length);

/** A well-mixed number of two (splitmix64, Steele 2014). */
uint64_t mdup_mix(uint64_t a, uint64_t b);

enum { MDUP_SHA256_TEXT = 65 };

/** The SHA-256 of the bytes (FIPS 180-4) in hexadecimal, as sha256sum prints it: for people who compare files.  Not worth a library of
 *  its own among what the program needs to be installed. */
void mdup_sha256(const void *bytes, size_t length, char text[MDUP_SHA256_TEXT]);

#endif
