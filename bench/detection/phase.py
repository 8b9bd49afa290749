"""Plain phase correlation, as many programs have it: circular, every frequency given the same weight, height of the peak / sd."""

import numpy


def whitened(image):
    spectrum = numpy.fft.rfft2((image - image.mean()).astype(numpy.float32))
    return spectrum / numpy.maximum(numpy.abs(spectrum), 1e-12)


def score(a, b, shape):
    """Whitened spectra to height / sd and the shift (x, y), which is known but for multiples of the frame."""
    values = numpy.fft.irfft2(a * b.conj(), shape)
    y, x = numpy.unravel_index(values.argmax(), shape)
    return float(values[y, x] / values.std()), int(x), int(y)


def is_right(x, y, dx, dy, shape, tolerance):
    off_x = (x - dx + shape[1] / 2) % shape[1] - shape[1] / 2
    off_y = (y - dy + shape[0] / 2) % shape[0] - shape[0] / 2
    return bool(numpy.hypot(off_x, off_y) <= tolerance)
