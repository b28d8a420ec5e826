"""Types of settings, for type checkers; `han_gpu.settings()` tells what each one is."""

from os import PathLike
from typing import Sequence, TypedDict, Union


class More(TypedDict, total=False):
    """Settings of `[lattice]` that `exact` and `monte_carlo` have defaults of."""

    lattice: str
    model: str
    states: int
    coupling: float
    field: float
    couplings: Union[str, PathLike[str]]
    disorder_seed: int
    index_base: int


class Settings(More, total=False):
    """Every setting of config.toml."""

    size: int
    beta: float
    network: str
    head: str
    width: Union[int, Sequence[int]]
    depth: int
    reach: int
    site_order: str
    skip: bool
    gauge: bool
    mixture: bool
    colours: str
    cut: str
    exact_bottom: int
    exact_length: int
    bottom: str
    bond_dimension: int
    storage: str
    batch: int
    chunk: int
    steps: int
    objective: str
    forward_share: float
    pool: int
    baseline: str
    learning_rate: float
    scale_rate: bool
    skip_rate: float
    rate_schedule: str
    warmup: float
    final_rate: float
    annealing: float
    adam_beta1: float
    adam_beta2: float
    adam_epsilon: float
    clip: float
    init_from: Union[str, PathLike[str]]
    seed: int
    device: Union[str, int]
    metrics_every: int
    checkpoint_every: int
    evaluation_samples: int
    verification_samples: int
