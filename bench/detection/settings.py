"""What the benchmark runs: conditions, sizes, seeds."""

import dataclasses
import zlib

CUT = 0.01  # E-value at and below which a pair counts as found: the product's default
STEPS = (0.01, 0.1, 1.0, 10.0, 100.0)  # of the calibration table
RIGHT_SHIFT_px = 1.5  # a pair at another shift is not found
ORIGINAL_CUT = 0.2  # CCC, the original's default

CROP_OVERLAPS = (0.02, 0.03, 0.04, 0.06, 0.10, 0.20, 0.40, 0.80)
CROP_SESSION = 24
SEED = 20240315

# Simulated overlaps: 2 to 45 % and 55 to 98 %, as `microdup simulate` draws them.
OVERLAP_BINS = ((0.0, 0.03), (0.03, 0.05), (0.05, 0.10), (0.10, 0.20), (0.20, 0.50), (0.50, 0.80), (0.80, 1.01))


@dataclasses.dataclass(frozen=True)
class Camera:
    """A frame as it is written: the program bins it by BIN, as it bins what a microscope writes, and so sees its noise beyond the
    Nyquist frequency of what it compares."""

    name: str
    size: str
    pixel_A: float


BIN = 2
K3 = Camera("K3", "720x510", 6.64)  # 5760 x 4092 at 0.83 A, binned by 8; compared at 13.28 A, 360 x 255
FALCON4 = Camera("Falcon 4", "744x744", 5.225)  # 4096 x 4096 at 0.95 A, binned by 5.5; compared at 10.45 A, 372 x 372


@dataclasses.dataclass(frozen=True)
class Condition:
    """A kind of session.  Its name decides its seeds, so that adding another condition changes none."""

    name: str
    camera: Camera
    specimen: str
    mass_kDa: int = 150
    artefact: str = ""
    particles: int = 0  # a frame; 0: as `microdup simulate` has it

    def arguments(self):
        found = ["--size", self.camera.size, "--pixel", self.camera.pixel_A, "--specimen", self.specimen]
        found += ["--mass", self.mass_kDa, "--defocus", "0.5,2.5", "--names", "plain"]
        found += ["--particles", self.particles] if self.particles else []
        return found + (["--artefacts", self.artefact] if self.artefact else [])

    def seed(self, use, index):
        """use: what the session is for ("frc", "detect", "calibrate")."""
        return zlib.crc32(f"{SEED} {self.name} {use}".encode()) * 1000 + index


CONDITIONS = (
    Condition("particles-60", K3, "particles", 60),
    Condition("particles-150", K3, "particles", 150),
    Condition("particles-500", K3, "particles", 500),
    *(Condition(f"particles-{mass}-{n}", K3, "particles", mass, particles=n) for mass in (60, 150, 500) for n in (80, 220)),
    Condition("falcon-60", FALCON4, "particles", 60),
    Condition("falcon-150", FALCON4, "particles", 150),
    Condition("falcon-500", FALCON4, "particles", 500),
    Condition("filaments", K3, "filaments"),
    Condition("mixed", K3, "mixed"),
    Condition("empty", K3, "empty"),
    Condition("lattice", K3, "lattice"),
    Condition("carbon", K3, "carbon"),
    Condition("bundles", K3, "bundles"),
    Condition("dirt", K3, "dirt"),
    Condition("edge", K3, "particles", artefact="edge"),
    Condition("pattern", K3, "particles", artefact="pattern"),
    Condition("ringing", K3, "particles", artefact="ringing"),
    Condition("line", K3, "particles", artefact="line"),
    Condition("drift", K3, "particles", artefact="drift"),
)


@dataclasses.dataclass
class Amount:
    """How much of each is run."""

    trials: int  # crop sessions for each overlap
    detect_sessions: int  # of 60, for each condition
    detect_size: int
    calibrate_sessions: int  # in all, shared out evenly among the conditions
    calibrate_size: int
    phase_pairs: int  # unrelated pairs of a session that plain phase correlation is shown
    others: int  # sessions of a kind that the original's comparison and plain phase correlation are shown too; they take longest
    large_size: int  # of one large session for each of the clean particle conditions of a K3; 0: none
    seed: int = SEED


QUICK = Amount(trials=5, detect_sessions=1, detect_size=60, calibrate_sessions=18, calibrate_size=45, phase_pairs=100, others=1, large_size=0)
FULL = Amount(trials=300, detect_sessions=10, detect_size=60, calibrate_sessions=504, calibrate_size=90, phase_pairs=300, others=3, large_size=1000)
