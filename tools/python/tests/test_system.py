"""What needs no network."""

import numpy
import pytest

import han_gpu
from han_gpu import _settings


def test_exact_values_are_those_of_enumeration():
    spins = 2 * ((numpy.arange(2**4)[:, None] >> numpy.arange(4)) & 1) - 1
    # Every spin of a ring of four has a bond to the next one.
    energy = -(spins * numpy.roll(spins, 1, 1)).sum(1) - 0.3 * spins.sum(1)
    ln_z = numpy.log(numpy.exp(-0.7 * energy).sum())
    found = han_gpu.exact(lattice="chain", size=4, beta=0.7, field=0.3)
    assert found["ln_z"] == pytest.approx(ln_z, rel=1e-12) and found["field"] == 0.3


def test_systems_have_the_settings_of_their_lattice_alone():
    for settings, message in [
        ({"sise": 3}, 'did you mean "size"?'),
        ({"steps": 3}, "steps says nothing of a system without a network"),
        ({"lattice": "round"}, 'lattice = "round" is not possible'),
        ({"size": 100, "lattice": "cubic"}, "size = 100"),
        ({"size": 8, "lattice": "cubic"}, ""),
    ]:
        with pytest.raises(han_gpu.SettingError) as refused:
            han_gpu.exact(**{"size": 8, "beta": 0.4, **settings})
        assert message in str(refused.value)


def test_monte_carlo_agrees_with_exact_values():
    found = han_gpu.monte_carlo(
        size=8, beta=0.4, sweeps=2000, seed=numpy.int32(2), configurations=300, ln_z=False, progress=False
    )
    energy = found["energy_per_site"]
    assert abs(energy["value"] - energy["exact"]) < 4 * energy["error"] and found["algorithm"] == "wolff"
    assert found["spins"].shape == (300, 8, 8) and found["spins"].dtype == numpy.int8
    few = dict(size=4, beta=0.3, sweeps=20, chains=4, thermalisation=20, progress=False)
    assert "spins" not in han_gpu.monte_carlo(**few)
    with_ln_z = han_gpu.monte_carlo(**few, ln_z=True, algorithm="swendsen-wang")
    assert with_ln_z["ln_z"]["error"] > 0 and with_ln_z["chains"] == 4
    for settings, message in [
        ({"algorithm": "wulff"}, "algorithm = wulff is not possible"),
        ({"every": 0}, "every = 0 is not possible"),
        ({"sweeps": -3}, "sweeps = -3 is not possible"),
    ]:
        with pytest.raises(han_gpu.SettingError, match=message):
            han_gpu.monte_carlo(**{**few, **settings})


def test_monte_carlo_ends_on_ctrl_c():
    stages = []

    def stop(stage, done, total, words):
        stages.append(stage)
        if stage == "sweep":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        han_gpu.monte_carlo(size=8, beta=0.3, sweeps=100_000, ln_z=True, progress=stop)
    assert stages[-1] == "sweep" and stages.count("sweep") == 1


def test_devices_are_listed():
    found = han_gpu.devices()
    assert found["cpu_threads"] >= 1
    assert all({"index", "name", "setting", "kind"} <= set(adapter) for adapter in found["adapters"])


def test_types_of_settings_are_those_of_the_table():
    table = han_gpu.settings()
    assert set(_settings.Settings.__annotations__) == {setting["key"] for setting in table}
    of_lattice = {setting["key"] for setting in table if setting["section"] == "lattice"}
    assert set(_settings.More.__annotations__) == of_lattice - {"size", "beta"}
    assert all(setting["help"] for setting in table)
