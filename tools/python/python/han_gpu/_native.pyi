"""The native part: functions of the library on numpy arrays; objects come as JSON."""

from os import PathLike
from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Tuple, Union

import numpy
from numpy.typing import NDArray

_Path = Union[str, PathLike[str]]
_Observer = Optional[Callable[[str, int, Optional[int], str], object]]

class Run:
    def __new__(
        cls,
        path: _Path,
        *,
        device: str,
        batch: Optional[int],
        bottom: Optional[str],
        bond_dimension: Optional[int],
        bottom_side: Optional[str],
        exact_bottom: Optional[str],
    ) -> Run: ...
    def config(self) -> str: ...
    def shape(self) -> List[int]: ...
    def states(self) -> int: ...
    def summary(self) -> Optional[str]: ...
    def warning(self) -> Optional[str]: ...
    def metrics(self) -> str: ...
    def parameters(self) -> Dict[str, NDArray[numpy.float32]]: ...
    def device(self) -> str: ...
    def sample(
        self, count: int, seed: Optional[int], start: int, lowest: Optional[int], observer: _Observer
    ) -> Tuple[NDArray[numpy.int8], NDArray[numpy.float64], NDArray[numpy.float64]]: ...
    def ln_q(self, spins: NDArray[numpy.int8], observer: _Observer) -> NDArray[numpy.float64]: ...
    def measure(
        self,
        count: int,
        *,
        seed: Optional[int],
        method: str,
        symmetrise: Optional[str],
        reference: Optional[NDArray[numpy.int8]],
        verify: bool,
        by_level: bool,
        observer: _Observer,
    ) -> str: ...

def train(
    settings: Mapping[str, Any],
    *,
    config: Optional[_Path],
    preset: Optional[str],
    out: Optional[_Path],
    force: bool,
    resume: Optional[_Path],
    memory: Optional[float],
    nice_gpu: Optional[float],
    retune: bool,
    observer: _Observer,
) -> Path: ...
def exact(settings: Mapping[str, Any]) -> str: ...
def monte_carlo(
    settings: Mapping[str, Any],
    *,
    sweeps: int,
    algorithm: Optional[str],
    chains: Optional[int],
    thermalisation: Optional[int],
    every: int,
    seed: int,
    device: str,
    ln_z: bool,
    configurations: int,
    observer: _Observer,
) -> Tuple[str, Optional[NDArray[numpy.int8]]]: ...
def devices() -> str: ...
def settings() -> str: ...
