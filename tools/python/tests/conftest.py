"""Runs that tests share, and signals as a terminal has them."""

import signal

import pytest

import han_gpu


@pytest.fixture(autouse=True)
def interrupts():
    """Ctrl-C raises KeyboardInterrupt, also where a shell started the tests in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A network of 8 x 8 that is close to the Boltzmann distribution."""
    out = tmp_path_factory.mktemp("runs") / "a"
    return han_gpu.train(size=8, beta=0.44, steps=300, seed=3, device="cpu", out=out, progress=False)
