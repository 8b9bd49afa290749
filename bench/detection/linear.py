"""The ideal linear filter: what a detector could do that is told the true correlation of related frames at each frequency and whose
null distribution is an ideal Gaussian.  The yardstick, not a rival: it is told what nobody knows."""

import math

import numpy

BINS = 64  # radial bins from 0 to 0.5 cycles/px; nothing beyond is used
TAPER_px = 4  # of the frame's window
LEAST_SHARED = 0.012  # of the frame: shifts that share less are not searched, as in the product
NEAR_px = 10  # around the right shift; left out of the map's rms
LOW_CUT = 0.03  # cycles/px; nothing below is used: dirt and ice are not the Gaussian field that the weight is the best one for
DIRT_sd = 10  # robust sd of the smoothed frame
LEAST_GOOD = 0.6  # of the frame: with less left, the dirt is the specimen
MOST_RHO = 0.98  # keeps rho / (1 - rho^2) finite


def blur(image, sigma):
    """Gaussian, mirrored at the borders."""
    pad = int(math.ceil(3 * sigma))
    padded = numpy.pad(image, pad, mode="symmetric")
    ky = numpy.fft.fftfreq(padded.shape[0])[:, None]
    kx = numpy.fft.rfftfreq(padded.shape[1])[None]
    transfer = numpy.exp(-2 * (numpy.pi * sigma) ** 2 * (ky**2 + kx**2)).astype(numpy.float32)
    smooth = numpy.fft.irfft2(numpy.fft.rfft2(padded) * transfer, padded.shape)
    return smooth[pad : pad + image.shape[0], pad : pad + image.shape[1]]


def find_dirt(image):
    """Ice crystals and the border of the film with their rims: what stands out by DIRT_sd robust sd once smoothed.  The least of it is a peak
    of 20 sd wherever two frames with a crystal each line them up, so that a filter whose null is Gaussian, and that is what makes this
    one ideal, may not be shown it."""
    smooth = blur(image, 2)
    spread = 1.4826 * numpy.median(numpy.abs(smooth - numpy.median(smooth))) + 1e-12
    return blur((numpy.abs(smooth) > DIRT_sd * spread).astype(numpy.float32), 3) > 0.05


def flatten(image):
    """Outliers clipped, slow variation taken off, dirt blanked, local variance made equal."""
    image = image.astype(numpy.float32)
    median = numpy.median(image)
    spread = 1.4826 * numpy.median(numpy.abs(image - median)) + 1e-12
    image = numpy.clip(image, median - 12 * spread, median + 12 * spread)
    good = ~find_dirt(image - blur(image, 16))
    if good.mean() < LEAST_GOOD:
        good[:] = True
    share = numpy.maximum(blur(good.astype(numpy.float32), 16), 0.05)
    image = numpy.where(good, image - blur(image * good, 16) / share, 0)
    share = numpy.maximum(blur(good.astype(numpy.float32), 24), 0.05)
    variance = blur(image * image, 24) / share
    image = image / numpy.sqrt(numpy.maximum(variance, 0.05 * variance.mean()))
    image = numpy.clip(image / image.std(), -4, 4)
    return ((image - image.mean()) * good).astype(numpy.float32)


def fast_length(n):
    """The least m >= n without prime factors over 5."""
    while True:
        rest = n
        for factor in (2, 3, 5):
            while rest % factor == 0:
                rest //= factor
        if rest == 1:
            return n
        n += 1


def window(shape, taper):
    def side(n):
        edge = numpy.minimum(numpy.arange(n) + 0.5, n - numpy.arange(n) - 0.5)
        return 0.5 - 0.5 * numpy.cos(numpy.pi * numpy.clip(edge / taper, 0, 1))

    return (side(shape[0])[:, None] * side(shape[1])[None]).astype(numpy.float32)


def radial_bins(shape):
    """The bin of each sample of an rfft2 of that shape; BINS for frequencies over 0.5."""
    k = numpy.hypot(numpy.fft.fftfreq(shape[0])[:, None], numpy.fft.rfftfreq(shape[1])[None])
    return numpy.minimum((k * 2 * BINS).astype(int), BINS)


def radial_sum(values, bins):
    return numpy.bincount(bins.ravel(), values.ravel().astype(numpy.float64), BINS + 1)


# ---- the true correlation of related frames ----


def shared(a, b, dx, dy):
    """What both show, cut at the rounded shift, and the rest of the shift."""
    ix, iy = round(dx), round(dy)
    ny, nx = a.shape
    in_a = a[max(0, iy) : ny + min(0, iy), max(0, ix) : nx + min(0, ix)]
    in_b = b[max(0, -iy) : ny + min(0, -iy), max(0, -ix) : nx + min(0, -ix)]
    return in_a, in_b, dx - ix, dy - iy


def aligned_spectra(a, b, dx, dy):
    """Spectra of what two flattened frames share, the first one moved onto the second by the rest of the shift."""
    in_a, in_b, rest_x, rest_y = shared(a, b, dx, dy)
    w = window(in_a.shape, 8)
    ky = numpy.fft.fftfreq(in_a.shape[0])[:, None]
    kx = numpy.fft.rfftfreq(in_a.shape[1])[None]
    phase = numpy.exp(2j * numpy.pi * (ky * rest_y + kx * rest_x))
    return numpy.fft.rfft2((in_a - in_a.mean()) * w) * phase, numpy.fft.rfft2((in_b - in_b.mean()) * w)


def pair_frc(a, b, dx, dy):
    spectrum_a, spectrum_b = aligned_spectra(a, b, dx, dy)
    bins = radial_bins(spectrum_shape(spectrum_a, a, dx))
    powers = radial_sum(numpy.abs(spectrum_a) ** 2, bins) * radial_sum(numpy.abs(spectrum_b) ** 2, bins)
    return radial_sum((spectrum_a * spectrum_b.conj()).real, bins)[:BINS] / numpy.sqrt(numpy.maximum(powers[:BINS], 1e-30))


def measure_frc(pairs):
    """pairs: (a, b, dx, dy), flattened frames that share most of their area.  The correlation of the two in each radial bin, smoothed over
    three bins, from 0 up.  The median over the pairs with their different defocus: in a sum of their spectra the few frames that show
    dirt decide, and the filter made of it found half of what plain whitening finds."""
    rho = numpy.median([pair_frc(*pair) for pair in pairs], axis=0)
    rho = numpy.convolve(numpy.pad(rho, 1, mode="edge"), [0.25, 0.5, 0.25], "valid")
    rho[: round(LOW_CUT * 2 * BINS)] = 0
    return numpy.clip(rho, 0, MOST_RHO)


def spectrum_shape(spectrum, frame, dx):
    """Of the image an rfft2 was made of: the half spectrum alone does not tell an even width from an odd one."""
    return spectrum.shape[0], frame.shape[1] - abs(round(dx))


def refine_shift(a, b, dx, dy, rho, reach=1.5):
    """The shift in steps of 0.02 px, within `reach` px of the one given: the peak of the correlation with the likelihood-ratio weight."""
    spectrum_a, spectrum_b = aligned_spectra(a, b, dx, dy)
    shape = spectrum_shape(spectrum_a, a, dx)
    bins = radial_bins(shape)
    counts = numpy.maximum(radial_sum(numpy.ones(bins.shape), bins), 1)
    power = radial_sum(numpy.abs(spectrum_a * spectrum_b), bins) / counts
    product = spectrum_a * spectrum_b.conj() * likelihood_weight(rho, power)[bins]
    product[:, 1:] *= 2  # the half of the spectrum that is not stored
    steps = numpy.arange(-reach, reach + 0.01, 0.02)
    to_y = numpy.exp(2j * numpy.pi * numpy.outer(steps, numpy.fft.fftfreq(shape[0])))
    to_x = numpy.exp(2j * numpy.pi * numpy.outer(numpy.fft.rfftfreq(shape[1]), steps))
    values = (to_y @ product @ to_x).real
    y, x = numpy.unravel_index(values.argmax(), values.shape)
    return dx + steps[x], dy + steps[y]


# ---- the filter ----


def likelihood_weight(rho, power):
    """rho / (1 - rho^2) / P of the cross-spectrum, by radial bin; 0 beyond the last."""
    weight = numpy.zeros(BINS + 1)
    weight[:BINS] = rho / (1 - rho**2) / numpy.maximum(power[:BINS], 1e-20)
    return weight


def log10_gaussian_tail(z):
    """log10 of the chance that a Gaussian value exceeds z."""
    if z < 30:
        return math.log10(math.erfc(z / math.sqrt(2)) / 2)
    return (-z * z / 2 - math.log(z * math.sqrt(2 * math.pi))) / math.log(10)


class IdealFilter:
    """Frames of one session: flattened, all of one shape."""

    def __init__(self, frames, rho):
        self.frames = frames
        shape = frames[0].shape
        self.shape = (fast_length(2 * shape[0]), fast_length(2 * shape[1]))
        self.window = window(shape, TAPER_px)
        self.bins = radial_bins(self.shape)
        self.spectra = {}
        self.weight = likelihood_weight(rho, self._typical_power())[self.bins]
        area = numpy.fft.irfft2(numpy.abs(numpy.fft.rfft2(self.window, self.shape)) ** 2, self.shape)
        self.share = area / area[0, 0]
        self.searched = self.share >= LEAST_SHARED
        self.inverse_root = numpy.where(self.searched, 1 / numpy.sqrt(numpy.maximum(self.share, 1e-3)), 0)
        self.independent_shifts = self.searched.sum() / self._peak_area(rho)

    def spectrum(self, i):
        if i not in self.spectra:
            frame = self.frames[i]
            frame = (frame - (frame * self.window).sum() / self.window.sum()) * self.window
            self.spectra[i] = numpy.fft.rfft2(frame, self.shape)
        return self.spectra[i]

    def _typical_power(self):
        """Of the session's frames, by radial bin: the median of a dozen of them."""
        some = range(0, len(self.frames), max(1, len(self.frames) // 12))
        counts = numpy.maximum(radial_sum(numpy.ones(self.bins.shape), self.bins), 1)
        return numpy.median([radial_sum(numpy.abs(self.spectrum(i)) ** 2, self.bins) / counts for i in some], axis=0)

    def _peak_area(self, rho):
        """Shifts in one peak: the sum of the squared autocorrelation of the map of unrelated frames (power: (rho / (1 - rho^2))^2)."""
        power = numpy.append((rho / (1 - rho**2)) ** 2, 0)[self.bins]
        peak = numpy.fft.irfft2(power, self.shape)
        return (peak**2).sum() / peak[0, 0] ** 2 if peak[0, 0] > 0 else 1.0

    def _exact(self, product, dx, dy):
        """The map between its samples."""
        ky = numpy.fft.fftfreq(self.shape[0])[:, None]
        kx = numpy.fft.rfftfreq(self.shape[1])[None]
        terms = (product * numpy.exp(2j * numpy.pi * (ky * dy + kx * dx))).real
        terms[:, 1:] *= 2  # the Nyquist column, doubled as well, has no weight
        value = terms.sum() / (self.shape[0] * self.shape[1])
        return value * self.inverse_root[round(dy) % self.shape[0], round(dx) % self.shape[1]]

    def z(self, i, j, dx, dy):
        """The map of the pair at the right shift, in units of its rms elsewhere."""
        product = self.spectrum(i) * self.spectrum(j).conj() * self.weight
        values = numpy.fft.irfft2(product, self.shape) * self.inverse_root
        elsewhere = self.searched.copy()
        ys = (numpy.arange(-NEAR_px, NEAR_px + 1) + round(dy)) % self.shape[0]
        xs = (numpy.arange(-NEAR_px, NEAR_px + 1) + round(dx)) % self.shape[1]
        elsewhere[numpy.ix_(ys, xs)] = False
        rms = math.sqrt((values[elsewhere] ** 2).mean())
        return float(self._exact(product, dx, dy) / rms) if rms > 0 else 0.0

    def log10_evalue(self, z):
        n = len(self.frames)
        return math.log10(n * (n - 1) / 2 * self.independent_shifts) + log10_gaussian_tail(z)
