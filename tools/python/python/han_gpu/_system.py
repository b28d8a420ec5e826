"""What needs no network: exact results, Monte Carlo, the devices of the machine, and the table of settings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Dict, List, Optional

from . import _native
from ._numbers import whole
from ._progress import Progress, observing

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ._settings import More


def exact(*, size: int, beta: float, **system: Unpack[More]) -> Dict[str, Any]:
    """Exact thermodynamics of a lattice at an inverse temperature: the object that `han-gpu exact --json` prints.

    `ln_z`, `free_energy_per_site` (in units of J, None at beta = 0), `energy_per_site`, `entropy_per_site`
    and `specific_heat` (in units of k_B), and `magnetisation_per_site` where it is known. Takes the settings
    of `[lattice]` in config.toml: `lattice`, `model`, `states`, `coupling`, `field`, `couplings`,
    `disorder_seed`, `index_base`.

    Raises SettingError where a setting is unknown or out of range, or the solution is not known.
    """
    solution: Dict[str, Any] = json.loads(_native.exact({"size": size, "beta": beta, **system}))
    return solution


def monte_carlo(
    *,
    size: int,
    beta: float,
    sweeps: int,
    algorithm: Optional[str] = None,
    chains: Optional[int] = None,
    thermalisation: Optional[int] = None,
    every: int = 1,
    seed: int = 0,
    device: str = "auto",
    ln_z: bool = False,
    configurations: int = 0,
    progress: Progress = True,
    **system: Unpack[More],
) -> Dict[str, Any]:
    """Monte Carlo of a lattice: the object that `han-gpu mc --json` prints.

    Averages stand under their names, each with `value` and `error` and, where it is known, `exact`;
    `warnings` are reasons to doubt them. With `configurations` above 0 at most so many are kept, evenly
    spread over the measurements: `spins`, int8 [N, L, L] (cubic: [N, L, L, L]; complete: [N, size]). With
    `ln_z` the energy is integrated from beta = 0 on. Takes the settings of `[lattice]` in config.toml as
    `exact` does. Algorithms are wolff, swendsen-wang, metropolis, heat-bath, hybrid, multicanonical and
    tempering; by default the one that fits the system.

    Raises SettingError where a setting is unknown or out of range, and KeyboardInterrupt on Ctrl-C.
    """
    chains = None if chains is None else whole("chains", chains)
    thermalisation = None if thermalisation is None else whole("thermalisation", thermalisation)
    with observing(progress) as observer:
        report, spins = _native.monte_carlo(
            {"size": size, "beta": beta, **system},
            sweeps=whole("sweeps", sweeps),
            algorithm=algorithm,
            chains=chains,
            thermalisation=thermalisation,
            every=whole("every", every),
            seed=whole("seed", seed),
            device=str(device),
            ln_z=ln_z,
            configurations=whole("configurations", configurations),
            observer=observer,
        )
    result: Dict[str, Any] = json.loads(report)
    if spins is not None:
        result["spins"] = spins
    return result


def devices() -> Dict[str, Any]:
    """The devices of this machine: `cpu_threads`, and `adapters` with `index`, `name`, `setting` and what they offer.

    `device=` takes an index, a name or a part of a name, "cpu", or "auto": a discrete GPU, else an integrated
    one, else the CPU.
    """
    found: Dict[str, Any] = json.loads(_native.devices())
    return found


def settings() -> List[Dict[str, Any]]:
    """Every setting of config.toml, which `train` takes by its name.

    `key`, `section`, `default` (of the preset "default"), `range` and `derived` (words, or None) and `help`.
    """
    table: List[Dict[str, Any]] = json.loads(_native.settings())
    return table
