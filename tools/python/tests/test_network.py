"""Networks: drawing, evaluating, measuring, and proposing to a chain."""

import subprocess
import sys
import threading

import numpy
import pytest

import han_gpu


def ising_energy(spins):
    """E of square lattices with J = 1, by numpy."""
    bonds = spins * (numpy.roll(spins, 1, -1) + numpy.roll(spins, 1, -2)).astype(int)
    return -bonds.sum((-1, -2))


def test_samples_are_arrays_with_ln_q_and_energy(trained):
    samples = trained.sample(1000, seed=1)
    assert samples.spins.shape == (1000, 8, 8) and samples.spins.dtype == numpy.int8
    assert samples.ln_q.shape == samples.energy.shape == (len(samples),)
    assert samples.ln_q.dtype == samples.energy.dtype == numpy.float64
    assert set(numpy.unique(samples.spins)) == {-1, 1}
    numpy.testing.assert_array_equal(ising_energy(samples.spins), samples.energy)
    samples.spins[0] = 0  # They are the caller's.
    again = trained.sample(600, seed=1, start=400)
    numpy.testing.assert_array_equal(again.spins, samples.spins[400:])
    assert not numpy.array_equal(trained.sample(1000, seed=2).energy, samples.energy)


def test_the_lowest_are_kept_once_and_in_order(trained):
    lowest = trained.sample(2000, seed=1, lowest=20)
    assert lowest.spins.shape == (20, 8, 8) and (numpy.diff(lowest.energy) >= 0).all()
    assert lowest.energy[0] == trained.sample(2000, seed=1).energy.min() == -128
    assert len({spins.tobytes() for spins in lowest.spins}) == 20


def test_ln_z_follows_from_numpy_alone(trained):
    samples = trained.sample(50_000, seed=5)
    ln_w = -trained.beta * samples.energy - samples.ln_q
    weights = numpy.exp(ln_w - ln_w.max())
    ln_z = ln_w.max() + numpy.log(weights.mean())
    error = weights.std() / weights.mean() / numpy.sqrt(len(weights))
    exact = han_gpu.exact(size=8, beta=0.44)["ln_z"]
    assert 0 < error < 0.01 and abs(ln_z - exact) < 4 * error, (ln_z, exact, error)
    # The mean without weights is a lower bound, off by the divergence, here by many errors.
    assert ln_w.mean() < exact


def test_ln_q_of_samples_is_that_of_the_sampler(trained):
    samples = trained.sample(700, seed=2)
    found = trained.ln_q(samples.spins)
    assert found.shape == (700,) and found.dtype == numpy.float64
    # Single precision in another order of sums.
    numpy.testing.assert_allclose(found, samples.ln_q, atol=2e-4)
    one = samples.spins[3]
    for same in (one, one.astype(float), one > 0, numpy.asfortranarray(one), one.tolist()):
        numpy.testing.assert_allclose(trained.ln_q(same), samples.ln_q[3:4], atol=2e-4)
    assert trained.ln_q(samples.spins[:0]).shape == (0,)


@pytest.mark.parametrize(
    "spins, message",
    [
        (numpy.ones((2, 4, 4)), r"spins have shape \[2, 4, 4\]; they must be \[N, 8, 8\]"),
        (numpy.ones(64), r"spins have shape \[64\]"),
        (numpy.ones((2, 8, 8), numpy.uint8), "type uint8, which has no -1"),
        (numpy.ones((2, 8, 8), complex), "type complex128"),
        (numpy.zeros((2, 8, 8)), r"one of the spins is 0.0; they must be \+1 or -1"),
        (numpy.full((2, 8, 8), numpy.nan), "one of the spins is nan"),
    ],
)
def test_arrays_that_are_no_spins_are_refused(trained, spins, message):
    with pytest.raises(han_gpu.SettingError, match=message):
        trained.ln_q(spins)


@pytest.mark.parametrize(
    "draw, message",
    [
        (lambda run: run.sample(0), "count = 0 is not possible"),
        (lambda run: run.sample("ten"), "count = 'ten' is not possible"),
        (lambda run: run.sample(10, seed=-1), "seed = -1 is not possible"),
        (lambda run: run.sample(10, start=2**32 - 1), "start = 4294967295 is not possible"),
        (lambda run: run.sample(2**32 - 1), "count = 4294967295 is not possible"),
        (lambda run: run.measure(10, method="magic"), "method = magic is not possible"),
        (lambda run: run.measure(10, symmetrise="magic"), "magic"),
        (lambda run: run.proposal(batch=0), "batch = 0 is not possible"),
        (lambda run: han_gpu.load(run.path, bottom="top"), "bottom = top is not possible"),
        (lambda run: han_gpu.load(run.path, bottom_side=8), "bottom_side"),
        (lambda run: han_gpu.load(run.path, bottom="mps", bottom_side=(4, "x")), "bottom_side = 4xx"),
        (lambda run: han_gpu.load(run.path, batch=0), "batch = 0 is not possible"),
    ],
)
def test_numbers_out_of_range_are_refused(trained, draw, message):
    with pytest.raises(han_gpu.SettingError) as refused:
        draw(trained)
    assert message in str(refused.value)


def test_measurements_have_values_errors_and_exact_values(trained):
    measured = trained.measure(20_000, seed=4, progress=False)
    for name in ("ln_z", "free_energy_per_site", "energy_per_site", "specific_heat", "entropy_per_site"):
        value, error, exact = (measured[name][key] for key in ("value", "error", "exact"))
        assert 0 < error and abs(value - exact) < 4 * error, (name, measured[name])
    assert measured["warnings"] == [] and measured["count"] == 20_000 and measured["seed"] == 4
    assert 0 < measured["abs_magnetisation"]["value"] < 1
    assert "verification" not in measured
    again = trained.measure(2000, verify=True, symmetrise="transpose", by_level=False, progress=False)
    assert again["verification"]["status"] == "verified" and again["images"] == 2


def test_a_reference_tells_how_the_network_does_elsewhere(trained):
    chains = han_gpu.monte_carlo(size=8, beta=0.44, sweeps=200, configurations=500, progress=False)
    measured = trained.measure(2000, reference=chains["spins"], progress=False)
    # Whole rounds of 16 chains.
    assert measured["forward"]["count"] == len(chains["spins"]) > 400
    assert measured["forward"]["ess"]["value"] > 0.9


def test_another_bottom_leaves_less_divergence(tmp_path):
    settings = dict(size=8, steps=100, exact_bottom=2, device="cpu", progress=False)
    coarse = han_gpu.train(out=tmp_path / "a", **settings).measure(2000, by_level=True, progress=False)
    for bottom in (dict(bottom="mps", bond_dimension=8), dict(bottom="mps", bottom_side=8)):
        run = han_gpu.load(tmp_path / "a", device="cpu", **bottom)
        assert run.measure(2000, progress=False)["kl"]["value"] < 0.7 * coarse["kl"]["value"]
    assert len(coarse["by_level"]) > 1 and coarse["by_level_count"] == 2000


def test_parameters_are_arrays_by_name(trained):
    parameters = trained.parameters
    first = parameters["level0.layer0.weight"]
    assert first.dtype == numpy.float32 and first.ndim == 2
    inputs = first.shape[0]
    assert first.shape[1] % inputs == 0 and parameters["level0.output.bias"].ndim == 1
    used = sum(values.size for values in parameters.values())
    # Masked weights are stored as zeros, and do not count.
    assert trained.summary["parameters"] <= used
    assert numpy.count_nonzero(first) < first.size


def test_a_chain_of_proposals_finds_the_energy(trained):
    propose = trained.proposal(batch=256, seed=9)
    random = numpy.random.default_rng(1)
    spins, ln_q = propose()
    assert spins.shape == (8, 8) and isinstance(ln_q, float)
    ln_w, accepted, energies = -0.44 * ising_energy(spins) - ln_q, 0, []
    for _ in range(4000):
        proposed, ln_q = propose()
        ln_w_proposed = -0.44 * ising_energy(proposed) - ln_q
        if numpy.log(random.random()) < ln_w_proposed - ln_w:
            spins, ln_w, accepted = proposed, ln_w_proposed, accepted + 1
        energies.append(ising_energy(spins) / 64)
    assert accepted / 4000 > 0.9
    # Nearly every proposal is accepted, so that errors of independent samples are right to a tenth.
    error = 1.2 * numpy.std(energies) / numpy.sqrt(len(energies))
    assert abs(numpy.mean(energies) - han_gpu.exact(size=8, beta=0.44)["energy_per_site"]) < 4 * error
    first = trained.proposal(batch=3, seed=9)
    whole = trained.sample(7, seed=9)
    for number, (spins, ln_q) in zip(range(7), first):
        numpy.testing.assert_array_equal(spins, whole.spins[number])
        assert ln_q == whole.ln_q[number]


KINDS = {
    "square": dict(size=8),
    "square, dense": dict(size=4, network="van"),
    "square, crosses": dict(size=8, cut="crosses", exact_bottom=2),
    "triangular": dict(size=8, lattice="triangular", beta=1.0, coupling=-1),
    "cubic": dict(size=4, lattice="cubic", beta=0.2),
    "cubic, dense": dict(size=4, lattice="cubic", beta=0.2, network="van"),
    "field": dict(size=4, field=0.3),
    "disorder": dict(size=8, couplings="pm1", disorder_seed=3),
    "complete": dict(size=12, lattice="complete", couplings="sk", beta=0.5),
    "Curie and Weiss": dict(size=12, lattice="complete", couplings="cw", beta=0.5, network="arnn"),
    "Hopfield": dict(size=12, lattice="complete", couplings="hopfield:2", beta=0.5),
    "Potts": dict(size=4, model="potts", states=3, beta=0.9),
    "Potts, cubic": dict(size=4, lattice="cubic", model="potts", states=3, beta=0.3),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_system_and_network_is_trained(kind, tmp_path):
    settings = dict(steps=3, batch=32, evaluation_samples=100, verification_samples=0, pool=64)
    run = han_gpu.train(
        out=tmp_path / "a", device="cpu", progress=False, objective="reverse", **{**settings, **KINDS[kind]}
    )
    samples = run.sample(40)
    size, axes = run.config["size"], {"cubic": 3, "complete": 1}.get(run.config["lattice"], 2)
    assert samples.spins.shape == (40, *[size] * axes)
    numpy.testing.assert_allclose(run.ln_q(samples.spins), samples.ln_q, atol=1e-3)
    if run.config["model"] == "potts":
        assert set(numpy.unique(samples.spins)) == {0, 1, 2}
        numpy.testing.assert_allclose(run.ln_q(samples.spins.astype(numpy.uint8)), samples.ln_q, atol=1e-3)
        with pytest.raises(han_gpu.SettingError, match="colours from 0 to 2"):
            run.ln_q(samples.spins + 1)
    assert numpy.isfinite(run.measure(200, progress=False)["ln_z"]["value"])


def test_ctrl_c_ends_sampling_and_measuring(trained):
    def stop(stage, *_):
        assert stage in ("sample", "configuration")
        raise KeyboardInterrupt

    for job in (
        lambda: trained.sample(100_000, progress=stop),
        lambda: trained.measure(100_000, progress=stop),
        lambda: trained.ln_q(numpy.ones((10_000, 8, 8)), progress=stop),
    ):
        with pytest.raises(KeyboardInterrupt):
            job()
    assert len(trained.sample(10)) == 10


def test_threads_take_turns_with_a_network_and_an_observer_may_not_use_it(trained):
    whole = trained.sample(3000, seed=1)
    found = [None] * 4

    def draw(number):
        # Every second one for another batch, which opens the network anew.
        found[number] = trained.sample(3000 if number % 2 else 100, seed=1)

    threads = [threading.Thread(target=draw, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for samples in found:
        numpy.testing.assert_array_equal(samples.spins, whole.spins[: len(samples)])
    with pytest.raises(han_gpu.DeviceError, match="its network is at work"):
        trained.sample(3000, progress=lambda *_: trained.sample(1))
    assert len(trained.sample(10)) == 10


MEMORY = """
import re, sys, warnings
import han_gpu
warnings.simplefilter("ignore")
run = han_gpu.load(sys.argv[1], device="cpu", batch=128)
# The peak of this program; that of getrusage begins with its parent's.
peak = lambda: int(re.search("VmHWM: *\\t *([0-9]+) kB", open("/proc/self/status").read())[1])
run.sample(1000)
peaks = [peak()]
for seed in range(3):
    samples = run.sample(100_000, seed=seed)
    peaks.append(peak())
    del samples
print(*peaks)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells the peak of a program")
def test_a_second_call_takes_no_more_memory_and_none_takes_a_copy(tmp_path):
    # In a process of its own: what training takes would hide what samples take.
    settings = dict(size=16, steps=1, evaluation_samples=100, verification_samples=0)
    run = han_gpu.train(out=tmp_path / "a", device="cpu", progress=False, **settings)
    command = [sys.executable, "-c", MEMORY, str(run.path)]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    before, first, *later = (1024 * int(kib) for kib in ended.stdout.split())
    arrays = 100_000 * (256 + 16)
    # Arrays are there, and no second time; the rest is a batch on its way.
    assert 0.5 * arrays < first - before < 1.5 * arrays, (before, first, arrays)
    assert max(later) - first < 0.2 * arrays, (first, later)
