#include "simulate/optics.h"

#include <math.h>

#include "simulate/physics.h"

static const double PI = 3.14159265358979323846;

/* chi = squared * (d0 + d1 cos 2(angle - a)) + ..., with the angle taken out by k^2 cos 2(angle)
 * = kx^2 - ky^2 and k^2 sin 2(angle) = 2 kx ky. */
typedef struct {
    float mean, even, odd; /* times k^2, kx^2 - ky^2, 2 kx ky */
    float fourth;          /* times k^4 */
    float amplitude;       /* the phase that stands for amplitude contrast */
} lens_phase;

static lens_phase lens_phase_of(const mdup_optics *o)
{
    double scale = PI * MDUP_WAVELENGTH_A;
    return (lens_phase){
        .mean = (float)(scale * o->defocus_A),
        .even = (float)(scale * o->astigmatism_A * cos(2 * o->astigmatism_angle)),
        .odd = (float)(scale * o->astigmatism_A * sin(2 * o->astigmatism_angle)),
        .fourth = (float)(-0.5 * PI * MDUP_CS_A * pow(MDUP_WAVELENGTH_A, 3)),
        .amplitude = (float)asin(MDUP_AMPLITUDE_CONTRAST),
    };
}

static inline float transfer(const lens_phase *p, float kx, float ky)
{
    float x2 = kx * kx, y2 = ky * ky, k2 = x2 + y2;
    return sinf(p->mean * k2 + p->even * (x2 - y2) + p->odd * 2 * kx * ky + p->fourth * k2 * k2 +
                p->amplitude);
}

double mdup_optics_ctf(const mdup_optics *optics, double kx, double ky)
{
    lens_phase p = lens_phase_of(optics);
    return (double)transfer(&p, (float)kx, (float)ky);
}

double mdup_optics_fading(const mdup_optics *optics, double k)
{
    double envelope = exp(-optics->envelope_B_A2 * k * k / 4);
    if (k <= 0)
        return envelope;
    /* Amplitudes fall as exp(-dose / (2 critical)); the mean of that from dose_before to
     * dose_before + dose. */
    double twice_critical = 2 * (0.245 * pow(k, -1.665) + 2.81);
    double during = optics->dose_e_A2 / twice_critical;
    double mean = during > 1e-6 ? -expm1(-during) / during : 1;
    return envelope * mean * exp(-optics->dose_before_e_A2 / twice_critical);
}

/* Fading by k, in equal steps: pow() for each of a million components would cost as much as all
 * the rest. */
enum { TABLE_STEPS = 2048 };

typedef struct {
    float steps_per_k;
    float value[TABLE_STEPS + 2];
} fading_table;

static void fill_table(fading_table *table, const mdup_optics *optics, double k_most)
{
    table->steps_per_k = (float)(TABLE_STEPS / k_most);
    for (int i = 0; i < TABLE_STEPS + 2; i++)
        table->value[i] = (float)mdup_optics_fading(optics, i * k_most / TABLE_STEPS);
}

static inline float look_up(const fading_table *table, float k)
{
    float at = k * table->steps_per_k;
    int i = (int)at;
    i = i < TABLE_STEPS ? i : TABLE_STEPS;
    float part = at - (float)i;
    return table->value[i] + part * (table->value[i + 1] - table->value[i]);
}

/* The response of the B-spline's samples, which must be undone before the spline runs through
 * them (Unser, IEEE Signal Processing Magazine 1999). */
static double spline_response(double cycles_per_sample)
{
    return (2 + cos(2 * PI * cycles_per_sample)) / 3;
}

void mdup_optics_apply(const mdup_optics *optics, const mdup_canvas *canvas,
                       float complex *spectrum)
{
    int32_t nx = canvas->nx, ny = canvas->ny, half = nx / 2 + 1;
    lens_phase p = lens_phase_of(optics);
    fading_table table;
    fill_table(&table, optics, 0.7072 / canvas->step_A);
    double per_sample = -2.0 / ((double)nx * ny);
    for (int32_t j = 0; j < ny; j++) {
        double cycles_y = (double)(j <= ny / 2 ? j : j - ny) / ny;
        float ky = (float)(cycles_y / canvas->step_A);
        double row_scale = per_sample / spline_response(cycles_y);
        float complex *row = spectrum + (size_t)j * (size_t)half;
        for (int32_t i = 0; i < half; i++) {
            float kx = (float)((double)i / nx / canvas->step_A);
            float factor = transfer(&p, kx, ky) * look_up(&table, sqrtf(kx * kx + ky * ky));
            row[i] *= factor * (float)(row_scale / spline_response((double)i / nx));
        }
    }
}

static inline float sinc(float cycles)
{
    float x = (float)PI * cycles;
    return fabsf(x) < 1e-3F ? 1 : sinf(x) / x;
}

void mdup_optics_smear(const mdup_optics *optics, double pixel_A, const mdup_canvas *canvas,
                       float complex *spectrum)
{
    int32_t nx = canvas->nx, ny = canvas->ny, half = nx / 2 + 1;
    float pixel = (float)pixel_A, dx = (float)optics->drift_x_A, dy = (float)optics->drift_y_A;
    for (int32_t j = 0; j < ny; j++) {
        float ky = (float)((double)(j <= ny / 2 ? j : j - ny) / ny / canvas->step_A);
        float complex *row = spectrum + (size_t)j * (size_t)half;
        float row_factor = sinc(ky * pixel);
        for (int32_t i = 0; i < half; i++) {
            float kx = (float)((double)i / nx / canvas->step_A);
            row[i] *= row_factor * sinc(kx * pixel) * sinc(kx * dx + ky * dy);
        }
    }
}
