import os
import struct
import subprocess

import pytest
from linnet_analysis.cli import main

MAGIC = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}
COMMANDS = {
    "phase": ["phase", "{file}", "-v", "final_loss", "--reduce", "seed=median"],
    "probability": ["probability", "{file}", "--label", "diverged"],
    "curves": ["curves", "{file}", "--points", "0,1"],
    "boundary": ["boundary", "{file}", "--along", "step_size", "-x", "depth", "--colour", "init_scale"],
    "scatter": ["scatter", "{file}", "-x", "steps", "-y", "final_loss", "--colour", "depth", "--label", "converged"],
}


def call(arguments, file):
    return main([argument.format(file=file) for argument in arguments])


@pytest.mark.parametrize("kind", MAGIC)
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_writes_every_format_and_twice_the_same_bytes(complete, tmp_path, command, kind):
    out = [str(tmp_path / f"{n}.{kind}") for n in range(2)]
    for path in out:
        assert call([*COMMANDS[command], "-o", path], complete) == 0
    first, second = (open(path, "rb").read() for path in out)
    assert first.startswith(MAGIC[kind])
    assert first == second


def test_a_drawing_holds_its_words(complete, tmp_path):
    out = tmp_path / "x.svg"
    assert main(["phase", complete, "-o", str(out), "--title", "A title"]) == 0
    text = out.read_text()
    for word in ("A title", "depth = 2", "initialisation scale", "step size [1/loss]", "diverged  40 %"):
        assert f">{word}<" in text


def test_size_and_dots_an_inch_give_the_pixels(complete, tmp_path):
    out = tmp_path / "x.png"
    assert main(["curves", complete, "--points", "0", "--size", "4,3", "--dpi", "50", "-o", str(out)]) == 0
    assert struct.unpack(">II", out.read_bytes()[16:24]) == (200, 150)


def test_the_output_stands_beside_the_input_unless_named(complete, capsys):
    assert main(["phase", complete]) == 0
    path = capsys.readouterr().out.strip()
    assert path == complete.replace(".h5", "-phase.png")
    assert os.path.exists(path)


def test_info_counts_labels_and_lists_axes(partial, capsys):
    assert main(["info", partial]) == 0
    out = capsys.readouterr().out
    assert "180 points: 60 pending, 75 done, 45 excluded".replace("75", "89").replace("60", "46") in out
    assert "init_scale  4  log" in out
    assert "loss_series" in out and "[record:5]" in out
    assert "diverged" in out and "slow" in out


@pytest.mark.parametrize("arguments, message", [
    (["phase", "{file}", "-v", "lable"], "no variable called lable; did you mean label?"),
    (["phase", "{file}", "-x", "step"], "did you mean step_size?"),
    (["phase", "{file}", "--select", "depth"], "write it as axis=value"),
    (["phase", "{file}", "--reduce", "seed"], "write it as axis=method"),
    (["phase", "{file}", "--select", "seed=0", "seed=1"], "names seed twice"),
    (["phase", "{file}", "-o", "x.bmp"], "a figure is .png, .pdf or .svg"),
    (["phase", "{file}", "-o", "/no/such/folder/x.png"], "cannot be written"),
    (["phase", "absent.h5"], "absent.h5: no such file"),
    (["curves", "{file}", "--points", "a"], "write numbers with commas"),
    (["curves", "{file}", "--theory", "loss"], "no prediction called loss; did you mean"),
    (["curves", "{file}", "--size", "4"], "--size 4: it takes 2 numbers"),
    (["curves", "{file}", "--ylim", "4"], "write it as low:high"),
    (["phase", "{file}", "--theory", "limit"], "no prediction called limit"),
    (["phase", "{file}", "--mark", "final_loss=floor"], "no prediction called floor"),
    (["boundary", "{file}"], "--along"),
    (["scatter", "{file}", "-x", "depth", "-y", "finalloss"], "did you mean final_loss?"),
    (["probability", "{file}"], "--label"),
    (["paint", "{file}"], "invalid choice"),
    ([], "required"),
])
def test_a_mistake_is_one_line_and_exit_2(complete, capsys, arguments, message):
    assert call(arguments, complete) == 2
    error = capsys.readouterr().err
    assert error.startswith("linnet-plot: ") and error.count("\n") == 1
    assert message in error


def test_the_launcher_runs_in_place(complete, tmp_path):
    launcher = os.path.join(os.path.dirname(__file__), "..", "linnet-plot")
    done = subprocess.run([launcher, "info", complete], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert "three axes" in done.stdout
