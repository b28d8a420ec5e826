"""Training: its run folder, its settings, and how it is stopped."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy
import pytest

import han_gpu

SMALL = dict(size=4, steps=20, batch=32, evaluation_samples=100, verification_samples=0, device="cpu")


def train(**settings):
    return han_gpu.train(**{"progress": False, **SMALL, **settings})


def test_a_run_has_its_settings_metrics_and_verdict(trained):
    assert (trained.path / "checkpoint.safetensors").is_file()
    assert (trained.config["size"], trained.beta, trained.shape) == (8, 0.44, (8, 8))
    assert trained.verification["status"] == "verified", trained.verification
    assert 0 < trained.summary["kl"]["value"] < 0.02
    metrics = trained.metrics()
    assert metrics["step"][-1] == 300 and metrics["ess"].dtype == float
    assert metrics["ess"][-1] > metrics["ess"][0]


def test_runs_without_a_folder_are_numbered_under_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    paths = [str(train(beta=0.3).path) for _ in range(2)]
    assert paths == ["runs/L4-beta0.3", "runs/L4-beta0.3-2"]


def test_settings_come_from_numpy_a_file_and_a_preset(tmp_path):
    file = tmp_path / "my.toml"
    file.write_text("[lattice]\nbeta = 0.2\n[training]\nbatch = 16\n")
    settings = {**SMALL, "steps": numpy.int64(3), "beta": numpy.float32(0.25), "skip": numpy.bool_(False)}
    del settings["batch"]
    run = han_gpu.train(file, preset="quick", out=tmp_path / "a", progress=False, **settings)
    found = [run.config[key] for key in ("steps", "beta", "skip", "batch")]
    assert found == [3, 0.25, False, 16]
    run = train(out=tmp_path / "b", steps=1e1, width=[2, 1])
    assert (run.config["steps"], run.config["width"]) == (10, [2, 1])


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"bach": 3}, 'unknown key "bach"; did you mean "batch"?'),
        ({"steps": 0}, "steps = 0 is not possible"),
        ({"size": 12}, "size = 12 is not possible"),
        ({"batch": "many"}, 'batch = "many" is not possible'),
        ({"beta": object()}, "beta = <object"),
        ({"device": "zzz"}, 'no device "zzz"'),
        ({"preset": "fast"}, "fast"),
        ({"memory": -1.0}, "--memory = -1"),
        ({"nice_gpu": 2.0}, "nice"),
    ],
)
def test_settings_that_are_wrong_are_refused_by_name(settings, message, tmp_path):
    with pytest.raises(han_gpu.SettingError) as refused:
        train(out=tmp_path / "a", **settings)
    assert message in str(refused.value)
    assert isinstance(refused.value, (ValueError, han_gpu.Error))
    assert not (tmp_path / "a").exists()


def test_folders_that_cannot_be_used_are_told(tmp_path):
    out = train(out=tmp_path / "a").path
    with pytest.raises(han_gpu.FileError, match="already holds a run"):
        train(out=out)
    assert train(out=out, force=True, steps=10).config["steps"] == 10
    with pytest.raises(OSError, match="there is no run here"):
        han_gpu.load(tmp_path)
    with pytest.raises(han_gpu.FileError, match="cannot read"):
        train(out=tmp_path / "b", couplings="nowhere.npz")


def test_a_run_that_was_stopped_goes_on_as_if_nothing_had_happened(tmp_path):
    whole = train(out=tmp_path / "whole", size=8, steps=60)
    seen = []

    def press(stage, done, total, words):
        seen.append((stage, done, total))
        if stage == "step":
            # As Ctrl-C does.
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt, match="han_gpu.train.resume=") as stopped:
        train(out=tmp_path / "stopped", size=8, steps=60, progress=press)
    assert str(tmp_path / "stopped") in str(stopped.value)
    stage, done, total = seen[-1]
    assert (stage, total) == ("step", 60) and done < 60
    with pytest.warns(han_gpu.SuspectWarning, match="has not ended"):
        unfinished = han_gpu.load(tmp_path / "stopped")
    assert unfinished.summary is None and len(unfinished.sample(5)) == 5
    run = han_gpu.train(resume=tmp_path / "stopped", device="cpu", progress=False)
    assert run.summary["steps"] == 60
    for name, values in whole.parameters.items():
        numpy.testing.assert_array_equal(values, run.parameters[name])
    with pytest.raises(han_gpu.SettingError, match="steps does not go with resume"):
        han_gpu.train(resume=tmp_path / "stopped", steps=100)


def test_an_exception_of_the_observer_ends_training_and_keeps_a_checkpoint(tmp_path):
    def fail(*_):
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        train(out=tmp_path / "a", steps=1000, progress=fail)
    assert han_gpu.train(resume=tmp_path / "a", device="cpu", progress=False).summary["steps"] == 1000


def test_other_threads_go_on_while_a_network_is_trained(tmp_path):
    counted, ended = 0, threading.Event()

    def count():
        nonlocal counted
        while not ended.is_set():
            counted += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    before = counted
    train(out=tmp_path / "a", size=16, batch=256, steps=400)
    during = counted - before
    ended.set()
    thread.join()
    # A thread that waits for training counts hardly once; one that does not, many times a second.
    assert during > 20, during


def test_a_network_that_learned_nothing_comes_with_a_warning(tmp_path):
    with pytest.warns(han_gpu.SuspectWarning, match="is suspect") as caught:
        train(out=tmp_path / "a", size=16, beta=0.6, steps=1, objective="reverse", exact_bottom=2)
    assert caught[0].filename == __file__


def test_progress_is_shown_by_tqdm_where_it_is_installed(tmp_path, capfd):
    pytest.importorskip("tqdm")
    train(out=tmp_path / "a", progress=True)
    shown = capfd.readouterr().err
    assert "step" in shown and "20/20" in shown and "ESS" in shown


def test_training_is_quiet_without_tqdm(tmp_path):
    code = (
        "import sys; sys.modules['tqdm'] = None; import han_gpu; "
        "han_gpu.train(size=4, steps=2, batch=32, out=sys.argv[1], device='cpu')"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a")]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "step" not in ended.stdout + ended.stderr
