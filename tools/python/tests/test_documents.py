"""What README.md and the example say works as it is written."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import han_gpu

HERE = Path(__file__).parent.parent
README = (HERE / "README.md").read_text()


def test_every_python_line_of_the_readme_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(blocks) == README.count("```python") > 4
    names = {}
    for number, block in enumerate(blocks):
        exec(compile(block, f"README.md, block {number + 1}", "exec"), names)
    printed = capsys.readouterr().out
    for told in ("(10000, 16, 16) int8", "did you mean", 'go on with: han_gpu.train(resume="runs/b")', "acceptance"):
        assert told in printed, told


def test_the_lines_of_the_main_readme_run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    main = (HERE / "../../README.md").read_text()
    (block,) = re.findall(r"```python\n(.*?)```", main, re.DOTALL)
    # The same calls, in less time.
    assert "steps=2000" in block and "100_000" in block
    exec(block.replace("steps=2000", "steps=100").replace("100_000", "2000"), {})
    assert "'exact': 238.3872" in capsys.readouterr().out


def test_every_public_name_is_in_the_readme():
    missing = [name for name in han_gpu.__all__ if name not in README]
    missing += [name for name in vars(han_gpu.Run) if not name.startswith("_") and name not in README]
    assert missing == []
    documented = [getattr(han_gpu, name) for name in han_gpu.__all__]
    assert all(found.__doc__ for found in documented)


def test_the_example_draws_a_figure(tmp_path):
    pytest.importorskip("matplotlib")
    out = tmp_path / "m.png"
    settings = "--size 4 --steps 50 --points 2 --count 2000 --out".split()
    command = [sys.executable, str(HERE / "examples/magnetisation.py"), *settings, str(out)]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert out.read_bytes().startswith(b"\x89PNG") and ended.stdout.count("|m|") == 2
