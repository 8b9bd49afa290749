/* Discrete Fourier transforms of 3 to 10 complex samples, exp(+2 pi i) in the exponent, in place and in natural order, on vectors. */
#ifndef MDUP_SEARCH_MAP_DFT_H
#define MDUP_SEARCH_MAP_DFT_H

#include "search/map_lanes.h"

INLINE void dft_3(cvec *x0, cvec *x1, cvec *x2)
{
    const float sine_120 = 0.866025403784438647f;
    cvec sum = add(*x1, *x2), difference = times(subtract(*x1, *x2), sine_120);
    cvec middle = {x0->re - 0.5f * sum.re, x0->im - 0.5f * sum.im};
    *x0 = add(*x0, sum);
    *x1 = add_i(middle, difference);
    *x2 = subtract_i(middle, difference);
}

INLINE void dft_4(cvec *x0, cvec *x1, cvec *x2, cvec *x3)
{
    cvec even = add(*x0, *x2), even_difference = subtract(*x0, *x2);
    cvec odd = add(*x1, *x3), odd_difference = subtract(*x1, *x3);
    *x0 = add(even, odd);
    *x1 = add_i(even_difference, odd_difference);
    *x2 = subtract(even, odd);
    *x3 = subtract_i(even_difference, odd_difference);
}

INLINE void dft_5(cvec *x0, cvec *x1, cvec *x2, cvec *x3, cvec *x4)
{
    const float c1 = 0.309016994374947424f, c2 = -0.809016994374947424f;
    const float s1 = 0.951056516295153572f, s2 = 0.587785252292473129f;
    cvec sum_14 = add(*x1, *x4), sum_23 = add(*x2, *x3);
    cvec difference_14 = subtract(*x1, *x4), difference_23 = subtract(*x2, *x3);
    cvec p = add(*x0, add(times(sum_14, c1), times(sum_23, c2)));
    cvec q = add(*x0, add(times(sum_14, c2), times(sum_23, c1)));
    cvec u = add(times(difference_14, s1), times(difference_23, s2));
    cvec v = subtract(times(difference_14, s2), times(difference_23, s1));
    *x0 = add(*x0, add(sum_14, sum_23));
    *x1 = add_i(p, u);
    *x2 = add_i(q, v);
    *x3 = subtract_i(q, v);
    *x4 = subtract_i(p, u);
}

/* 6 and 10 are products of two that share no factor: no twiddles between (Good 1958). */
INLINE void dft_6(cvec *x)
{
    dft_3(&x[0], &x[2], &x[4]);
    dft_3(&x[3], &x[5], &x[1]);
    cvec even[3] = {x[0], x[2], x[4]}, odd[3] = {x[3], x[5], x[1]};
    x[0] = add(even[0], odd[0]);
    x[3] = subtract(even[0], odd[0]);
    x[4] = add(even[1], odd[1]);
    x[1] = subtract(even[1], odd[1]);
    x[2] = add(even[2], odd[2]);
    x[5] = subtract(even[2], odd[2]);
}

INLINE void dft_8(cvec *x)
{
    const float root_half = 0.707106781186547524f;
    dft_4(&x[0], &x[2], &x[4], &x[6]);
    dft_4(&x[1], &x[3], &x[5], &x[7]);
    cvec even[4] = {x[0], x[2], x[4], x[6]};
    /* Turned by 0, 45, 90 and 135 degrees; the 90 are in add_i below. */
    cvec odd[4] = {x[1], times(add_i(x[3], x[3]), root_half), x[5],
                   times(subtract_i(x[7], x[7]), -root_half)};
    x[0] = add(even[0], odd[0]);
    x[4] = subtract(even[0], odd[0]);
    x[1] = add(even[1], odd[1]);
    x[5] = subtract(even[1], odd[1]);
    x[2] = add_i(even[2], odd[2]);
    x[6] = subtract_i(even[2], odd[2]);
    x[3] = add(even[3], odd[3]);
    x[7] = subtract(even[3], odd[3]);
}

INLINE void swap(cvec *a, cvec *b)
{
    cvec kept = *a;
    *a = *b;
    *b = kept;
}

INLINE void dft_9(cvec *x)
{
    const float c40 = 0.766044443118978035f, s40 = 0.642787609686539327f;
    const float c80 = 0.173648177666930349f, s80 = 0.984807753012208059f;
    const float c160 = -0.939692620785908384f, s160 = 0.342020143325668733f;
    dft_3(&x[0], &x[3], &x[6]);
    dft_3(&x[1], &x[4], &x[7]);
    dft_3(&x[2], &x[5], &x[8]);
    x[4] = turn(x[4], c40, s40);
    x[5] = turn(x[5], c80, s80);
    x[7] = turn(x[7], c80, s80);
    x[8] = turn(x[8], c160, s160);
    dft_3(&x[0], &x[1], &x[2]);
    dft_3(&x[3], &x[4], &x[5]);
    dft_3(&x[6], &x[7], &x[8]);
    swap(&x[1], &x[3]);
    swap(&x[2], &x[6]);
    swap(&x[5], &x[7]);
}

INLINE void dft_10(cvec *x)
{
    dft_5(&x[0], &x[2], &x[4], &x[6], &x[8]);
    dft_5(&x[5], &x[7], &x[9], &x[1], &x[3]);
    cvec even[5] = {x[0], x[2], x[4], x[6], x[8]}, odd[5] = {x[5], x[7], x[9], x[1], x[3]};
    UNROLL
    for (int k = 0; k < 5; k++) {
        x[6 * k % 10] = add(even[k], odd[k]);
        x[(6 * k + 5) % 10] = subtract(even[k], odd[k]);
    }
}

/* n must be known to the compiler. */
INLINE void dft(cvec *x, const int32_t n)
{
    switch (n) {
    case 3:
        dft_3(&x[0], &x[1], &x[2]);
        break;
    case 4:
        dft_4(&x[0], &x[1], &x[2], &x[3]);
        break;
    case 5:
        dft_5(&x[0], &x[1], &x[2], &x[3], &x[4]);
        break;
    case 6:
        dft_6(x);
        break;
    case 8:
        dft_8(x);
        break;
    case 9:
        dft_9(x);
        break;
    default:
        dft_10(x);
    }
}

#endif
