"""Runs that tests share."""

import pytest

import han_gpu


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A network of 8 x 8 that is close to the Boltzmann distribution."""
    out = tmp_path_factory.mktemp("runs") / "a"
    return han_gpu.train(size=8, beta=0.44, steps=300, seed=3, device="cpu", out=out, progress=False)
