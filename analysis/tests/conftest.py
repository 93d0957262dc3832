import numpy as np
import pytest
from synthetic import DONE, LABELS, Writer, code

DEPTH = np.array([2, 3, 5])
SCALE = np.logspace(-3, 0, 4)
STEP = np.logspace(-2, 0, 5)
RECORD = np.array([0, 1, 10, 100, 1000])
SHAPE = (3, 4, 5, 3)


def labels():
    """Diverged for the two largest steps, else converged; the last seed of depth 2 is slow everywhere."""
    label = np.full(SHAPE, code("converged_monotone"))
    label[:, :, 3:, :] = code("diverged")
    label[0, :, :, 2] = code("slow")
    return label


def losses():
    """A different number for every cell, over many decades; infinite where diverged."""
    loss = 10.0 ** -np.arange(np.prod(SHAPE), dtype=float).reshape(SHAPE) ** 0.5
    return np.where(labels() == code("diverged"), np.inf, loss)


def write(path, status):
    with Writer(path, title="three axes") as file:
        file.axis("depth", DEPTH, long_name="number of layers")
        file.axis("init_scale", SCALE, scale="log", long_name="initialisation scale")
        file.axis("step_size", STEP, scale="log", long_name="step size", units="1/loss")
        file.axis("seed", np.arange(3))
        file.dimension("record", np.arange(RECORD.size))
        file.coordinate("record_step", "record", RECORD, units="1", long_name="step")
        file.dimension("mode", np.array([1, 2]), long_name="mode")
        file.status(status)
        done = status == DONE
        file.flags("label", np.where(done, labels(), 0), LABELS)
        file.row("steps", np.where(done, 100 + np.arange(done.size).reshape(SHAPE), 0), long_name="steps run")
        file.row("converged_step", np.where(done & (labels() == 2), 7, np.where(done, -1, 0)))
        file.row("final_loss", np.where(done, losses(), 0), long_name="final loss", comment="at the last step")
        file.row("tags", np.where(done, 1 + 2 * (labels() == 2), 0).astype("i4"), flag_meanings="small lazy",
                 flag_masks=np.array([1, 2], "i4"))
        decay = 1.0 / (1.0 + RECORD)
        file.row("loss_series", np.where(done[..., None], decay, 0), extra=["record"], long_name="loss")
        modes = np.stack([decay + 1, decay], axis=-1)
        file.row("singular_values_series", np.where(done[..., None, None], modes, 0), extra=["record", "mode"])
        file.row("row_checksum", np.zeros(SHAPE, "u4"))
    return path


@pytest.fixture
def complete(tmp_path):
    return str(write(tmp_path / "complete.h5", np.ones(SHAPE, "i1")))


@pytest.fixture
def partial(tmp_path):
    """Depth 5 not run yet, init_scale 1 left out, one seed of the very first cell not run yet."""
    status = np.ones(SHAPE, "i1")
    status[2] = 0
    status[:, 3] = 2
    status[0, 0, 0, 0] = 0
    return str(write(tmp_path / "partial.h5", status))
