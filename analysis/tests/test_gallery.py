"""The page docs/gallery.md: its pictures, its sweeps and its commands are those of the project."""

import os
import re
import shlex

import pytest
from linnet_analysis.options import parser

ROOT = os.path.join(os.path.dirname(__file__), "..", "..")
PAGE = open(os.path.join(ROOT, "docs", "gallery.md"), encoding="utf-8").read()
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
PICTURES = re.findall(r"!\[[^\]]+\]\((gallery/[^)]+)\)", PAGE)


@pytest.mark.parametrize("picture", PICTURES)
def test_every_picture_is_there_and_small(picture):
    assert 0 < os.path.getsize(os.path.join(ROOT, "docs", picture)) < 150000
    assert any(f"-o docs/{picture}" in block for block in BLOCKS)


def test_no_picture_is_left_over():
    assert sorted(os.listdir(os.path.join(ROOT, "docs", "gallery"))) == sorted(os.path.basename(p) for p in PICTURES)


@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_runs_a_sweep_of_the_project_and_draws_it_with_options_that_exist(block):
    lines = block.replace("\\\n", " ").splitlines()
    (sweep,) = re.findall(r"build/linnet run (sweeps/\w+\.yaml)", lines[0])
    assert os.path.exists(os.path.join(ROOT, sweep))
    for line in lines[1:]:
        tool, *arguments = shlex.split(line)
        assert tool == "analysis/linnet-plot"
        assert parser().parse_args(arguments).file == f"build/gallery/{os.path.basename(sweep)[:-5]}.h5"
