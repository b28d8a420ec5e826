"""Neural samplers for Ising and Potts spins on lattices, on any GPU or CPU.

>>> import han_gpu
>>> run = han_gpu.train(size=16, beta=0.44, steps=2000)
>>> samples = run.sample(10_000, seed=1)
>>> run.measure(100_000)["ln_z"]

`train` learns the Boltzmann distribution of a lattice and gives a `Run`; `load` opens one that is there. `exact` and
`monte_carlo` tell what to compare with, `devices` what `device=` can name, and `settings` every setting of `train`.
"""

import os

# Mesa's device selection layer, which only reorders adapters, complains on standard error where there is no desktop.
os.environ.setdefault("NODEVICE_SELECT", "1")

from ._errors import DeviceError, Error, FileError, SettingError, SuspectWarning  # noqa: E402
from ._run import Proposal, Run, Samples, load, train  # noqa: E402
from ._system import devices, exact, monte_carlo, settings  # noqa: E402

__all__ = [
    "DeviceError",
    "Error",
    "FileError",
    "Proposal",
    "Run",
    "Samples",
    "SettingError",
    "SuspectWarning",
    "devices",
    "exact",
    "load",
    "monte_carlo",
    "settings",
    "train",
]
