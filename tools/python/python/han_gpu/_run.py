"""Runs: training, and the networks that come of it."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterator, Optional, Tuple, Union

import numpy

from . import _native
from ._errors import SettingError, SuspectWarning
from ._numbers import whole
from ._progress import Progress, observing
from ._spins import flat_spins

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import NDArray
    from typing_extensions import Unpack

    from ._settings import Settings

    AnyPath = Union[str, PathLike[str]]
    #: One length, or two as (16, 32).
    Side = Union[int, Tuple[int, int]]


def train(
    config: Optional[AnyPath] = None,
    *,
    preset: Optional[str] = None,
    out: Optional[AnyPath] = None,
    force: bool = False,
    resume: Optional[AnyPath] = None,
    progress: Progress = True,
    memory: Optional[float] = None,
    nice_gpu: Optional[float] = None,
    retune: bool = False,
    **settings: Unpack[Settings],
) -> Run:
    """Trains a network in a run folder, checks it, and gives the run.

    Settings have the names and defaults of config.toml (`settings()` lists them), as `size=16, beta=0.44,
    steps=2000, device="auto"`. They win over those of the file `config`, and these over the `preset`:
    default, quick, accurate or published. Numbers may be numpy's.

    `out` is the run folder, by default a new one under runs/; `force` overwrites a run. `resume` goes on with
    the run of a folder, and takes no settings but the device. `progress` shows bars by tqdm where that is
    installed, or is a function of stage, work done, all work and a few words. `memory` is the most that the
    training state may take, in GiB, `nice_gpu` the share of the device's time that training may take, and
    `retune` measures kernel shapes again.

    Other Python threads go on meanwhile. On Ctrl-C the step is finished, a checkpoint is kept, and
    KeyboardInterrupt tells how to go on. A network that its closing check leaves suspect comes with a
    SuspectWarning.

    Raises SettingError where a setting is unknown (with the nearest name) or out of range, FileError where
    the folder cannot be used, DeviceError where the device fails, and Error where training diverges.
    """
    if settings.get("device") is not None:
        # An index may be a number.
        settings["device"] = str(settings["device"])
    if resume is not None:
        _check_resumed(
            settings, {"config": config, "preset": preset, "out": out, "force": force, "memory": memory}
        )
    with observing(progress) as observer:
        path = _native.train(
            settings,
            config=config,
            preset=preset,
            out=out,
            force=force,
            resume=resume,
            memory=memory,
            nice_gpu=nice_gpu,
            retune=retune,
            observer=observer,
        )
    run = Run(path)
    # Training has found out which device it is.
    run = Run(path, device=str(settings.get("device") or run.config["device"]))
    run._warn()
    return run


def _check_resumed(settings: Any, others: Dict[str, Any]) -> None:
    given = [name for name in settings if name != "device"] + [name for name in others if others[name]]
    if given:
        raise SettingError(
            f"{given[0]} does not go with resume: a run that goes on keeps its settings. "
            "To train its network further, or otherwise, start another run with init_from"
        )


def load(
    path: AnyPath,
    *,
    device: str = "auto",
    batch: Optional[int] = None,
    bottom: Optional[str] = None,
    bond_dimension: Optional[int] = None,
    bottom_side: Optional[Side] = None,
    exact_bottom: Optional[Side] = None,
) -> Run:
    """The run of a folder that `train` or the command made.

    `batch` configurations are drawn at a time, by default as many as in training. `bottom="mps"` draws the
    insides of larger boxes than the network's own by a tensor network of `bond_dimension` states (by default
    8), in boxes of `bottom_side` (by default the whole lattice); `exact_bottom` draws those of boxes of side
    16, or of lengths (16, 32), by exact sums. Neither changes the run.

    Raises FileError where there is no run. A suspect or unfinished one comes with a SuspectWarning.
    """
    run = Run(
        path,
        device=device,
        batch=batch,
        bottom=bottom,
        bond_dimension=bond_dimension,
        bottom_side=bottom_side,
        exact_bottom=exact_bottom,
    )
    run._warn()
    return run


@dataclass(frozen=True)
class Samples:
    """Configurations with what is known of them."""

    #: int8 [N, L, L] (cubic: [N, L, L, L]; complete: [N, size]), +-1, or colours from 0 on.
    spins: NDArray[numpy.int8]
    #: float64 [N]: the natural logarithm of each one's probability under the network.
    ln_q: NDArray[numpy.float64]
    #: float64 [N]: E, in the units of J and H; weights are exp(-beta E).
    energy: NDArray[numpy.float64]

    def __len__(self) -> int:
        return len(self.ln_q)


class Run:
    """A run folder and its network, which is loaded onto a device when it is first used.

    Threads may share a run; they take turns with the network.
    """

    def __init__(
        self,
        path: AnyPath,
        *,
        device: str = "auto",
        batch: Optional[int] = None,
        bottom: Optional[str] = None,
        bond_dimension: Optional[int] = None,
        bottom_side: Optional[Side] = None,
        exact_bottom: Optional[Side] = None,
    ) -> None:
        self._native = _native.Run(
            path,
            device=str(device),
            batch=None if batch is None else whole("batch", batch, least=1),
            bottom=bottom,
            bond_dimension=None if bond_dimension is None else whole("bond_dimension", bond_dimension),
            bottom_side=_lengths(bottom_side),
            exact_bottom=_lengths(exact_bottom),
        )
        #: The run folder.
        self.path = Path(path)
        #: Every setting of config.toml by its key.
        self.config: Dict[str, Any] = json.loads(self._native.config())
        #: Lengths of the axes of a configuration.
        self.shape: Tuple[int, ...] = tuple(self._native.shape())
        #: Inverse temperature.
        self.beta: float = self.config["beta"]

    def __repr__(self) -> str:
        return f"han_gpu.load({str(self.path)!r})"

    @property
    def summary(self) -> Optional[Dict[str, Any]]:
        """The object of summary.json: ln_z, kl, ess, verification, ...; None before training has ended."""
        summary = self._native.summary()
        return None if summary is None else json.loads(summary)

    @property
    def verification(self) -> Optional[Dict[str, Any]]:
        """The verdict of the closing check: `status`, "verified" or "suspect", and `reasons`; None before it."""
        return (self.summary or {}).get("verification")

    @property
    def device(self) -> str:
        """The name of the device that the network is on."""
        return self._native.device()

    @property
    def parameters(self) -> Dict[str, NDArray[numpy.float32]]:
        """Copies of every tensor of the network by the name that it has in checkpoint.safetensors, float32."""
        return self._native.parameters()

    def metrics(self) -> Dict[str, NDArray[numpy.float64]]:
        """Columns of metrics.csv by name, float64 [rows]; NaN where a number is not known."""
        rows = json.loads(self._native.metrics())
        return {name: numpy.array([row[name] for row in rows], dtype=float) for name in rows[0]}

    def sample(
        self,
        count: int,
        seed: Optional[int] = None,
        *,
        start: int = 0,
        lowest: Optional[int] = None,
        progress: Progress = False,
    ) -> Samples:
        """Draws `count` uncorrelated configurations.

        The `seed` is by default that of the run; the configurations of a seed are numbered, and `start` is
        the number of the first one. With `lowest` only so many of least energy are kept, each once. Arrays
        belong to the caller, and no copy is made of them.

        Raises SettingError where they do not fit into memory, and KeyboardInterrupt on Ctrl-C.
        """
        count = whole("count", count, least=1)
        start = whole("start", start)
        seed = None if seed is None else whole("seed", seed)
        lowest = None if lowest is None else whole("lowest", lowest, least=1)
        with observing(progress) as observer:
            return Samples(*self._native.sample(count, seed, start, lowest, observer))

    def ln_q(self, spins: Any, *, progress: Progress = False) -> NDArray[numpy.float64]:
        """ln q of configurations under the network, float64 [N].

        `spins` are [N, L, L] (cubic: [N, L, L, L]; complete: [N, size]), or one configuration without N: +-1
        as signed integers or floats, flags (True is +1), or colours from 0 on.

        Raises SettingError where shape, type or values are others.
        """
        with observing(progress) as observer:
            return self._native.ln_q(self._flat(spins), observer)

    def measure(
        self,
        count: int = 100_000,
        *,
        seed: Optional[int] = None,
        method: str = "both",
        symmetrise: Optional[str] = None,
        reference: Any = None,
        verify: bool = False,
        by_level: bool = False,
        progress: Progress = True,
    ) -> Dict[str, Any]:
        """Averages over the Boltzmann distribution: the object that `han-gpu measure --json` prints.

        Every quantity (`ln_z`, `free_energy_per_site`, `energy_per_site`, `abs_magnetisation`, ...) stands
        under its name as a dict with `value` and `error` and, where it is known, `exact`; `kl` and `ess` tell
        how good the network is, and `warnings` are reasons to doubt the figures. `method` is nis, nmcmc or
        both. `symmetrise` averages q over symmetries: any of translations=AxB, reflections, transpose, z2, of
        Potts spins colours. `reference` are configurations of the system from elsewhere, and `verify` checks
        the network against a Monte Carlo of its own. `by_level` tells which level the divergence comes from.

        Raises SettingError where an argument is out of range, and KeyboardInterrupt on Ctrl-C.
        """
        count = whole("count", count, least=1)
        seed = None if seed is None else whole("seed", seed)
        flat = None if reference is None else self._flat(reference)
        with observing(progress) as observer:
            report = self._native.measure(
                count,
                seed=seed,
                method=method,
                symmetrise=symmetrise,
                reference=flat,
                verify=verify,
                by_level=by_level,
                observer=observer,
            )
        measurement: Dict[str, Any] = json.loads(report)
        return measurement

    def proposal(self, batch: int = 1024, seed: Optional[int] = None) -> Proposal:
        """A function that gives one configuration and its ln q at a time, for a Markov chain of your own."""
        return Proposal(self, batch, seed)

    def _flat(self, spins: Any) -> NDArray[numpy.int8]:
        colours = self._native.states() if self.config["model"] == "potts" else 0
        return flat_spins(spins, self.shape, colours)

    def _warn(self) -> None:
        warning = self._native.warning()
        if warning is not None:
            # At the line that trained or loaded it.
            warnings.warn(warning, SuspectWarning, stacklevel=3)


class Proposal:
    """Independent proposals of a network; each call gives the next one as spins, int8 [L, L], and ln q.

    A chain that proposes s' from s accepts it with probability min(1, w' / w), w = exp(-beta E) / q.
    Configurations are drawn by the batch, and none comes twice. Iteration gives the same pairs without an
    end.
    """

    def __init__(self, run: Run, batch: int = 1024, seed: Optional[int] = None) -> None:
        self._run = run
        self._batch = whole("batch", batch, least=1)
        self._seed = seed
        self._drawn = 0
        self._pairs: Iterator[Tuple[NDArray[numpy.int8], float]] = iter(())

    def __call__(self) -> Tuple[NDArray[numpy.int8], float]:
        for pair in self._pairs:
            return pair
        samples = self._run.sample(self._batch, self._seed, start=self._drawn)
        self._drawn += self._batch
        self._pairs = zip(samples.spins, samples.ln_q.tolist())
        return next(self._pairs)

    def __iter__(self) -> Proposal:
        return self

    __next__ = __call__


def _lengths(side: Optional[Side]) -> Optional[str]:
    """A side, or two lengths, as the library reads them."""
    if side is None:
        return None
    return "x".join(map(str, side)) if isinstance(side, tuple) else str(side)
