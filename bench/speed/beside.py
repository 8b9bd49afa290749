"""What others take for one pair of the same frames."""

import statistics
import time

CALLS = 15


def time_us(call):
    call()
    times = []
    for _ in range(CALLS):
        began = time.process_time()
        call()
        times.append(1e6 * (time.process_time() - began))
    return statistics.median(times)


def read(path):
    import numpy

    with open(path, "rb") as file:
        header = numpy.frombuffer(file.read(1024), "<i4")
        image = numpy.fromfile(file, "<f4", header[0] * header[1]).reshape(header[1], header[0])
    return image - image.mean()


def opencv(a, b):
    """Padded to twice the size, as everything that finds partial overlaps has to be."""
    import cv2
    import numpy

    cv2.setNumThreads(1)
    a, b = (numpy.pad(image, [(0, side) for side in image.shape]) for image in (a, b))
    return time_us(lambda: cv2.phaseCorrelate(a, b))


def skimage(a, b):
    import numpy
    from skimage.registration import phase_cross_correlation

    mask = numpy.ones(a.shape, bool)
    return time_us(lambda: phase_cross_correlation(a, b, reference_mask=mask, moving_mask=mask, overlap_ratio=0.02))


def measure(paths):
    found = {}
    for name, call in {"OpenCV, phaseCorrelate": opencv, "scikit-image, masked registration": skimage}.items():
        try:
            found[name] = call(*map(read, paths))
        except ImportError:
            found[name] = None
    return found
