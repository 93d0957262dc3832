"""How figures look: colours of labels, texts of axes, edges of cells, deterministic files."""

import os

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .errors import PlotError

RC = {
    "font.family": "DejaVu Sans", "font.size": 10, "axes.titlesize": 10.5, "axes.labelsize": 10.5,
    "legend.fontsize": 9.5, "axes.linewidth": 0.8, "axes.edgecolor": "#333333",
    "xtick.direction": "out", "ytick.direction": "out", "xtick.labelsize": 9, "ytick.labelsize": 9,
    "svg.hashsalt": "linnet", "svg.fonttype": "none", "pdf.fonttype": 42, "hatch.linewidth": 0.6,
    "figure.facecolor": "white", "savefig.facecolor": "white", "mathtext.fontset": "dejavusans",
}

# Okabe and Ito's palette, shifted in lightness so that the large areas stay calm and the order
# survives a grey printer: what converges is blue or green, what stays behind is yellow, what
# never settles is purple, what is lost is dark red.
LABEL_COLOURS = {
    "converged_monotone": "#0072B2",
    "converged_catapult": "#56B4E9",
    "converged_oscillating": "#009E73",
    "period_p": "#CC79A7",
    "chaotic_bounded": "#4B1D63",
    "stuck_origin": "#F0E442",
    "plateau_r": "#E69F00",
    "slow": "#E9DDC7",
    "wrong_minimum": "#B5C68A",
    "diverged": "#8B1A1A",
    "invalid": "#000000",
}
# Okabe and Ito's again, for lines on white.
LINES = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#8B1A1A"]

# A dash pattern for each statement of theory: it is told by its dashes, whatever its colour.
DASHES = [(4, 2), (1.3, 1.3), (7, 2, 1.5, 2), (2.5, 1.2), (9, 2.5), (5, 1.5, 1.3, 1.5, 1.3, 1.5)]
FALLBACK_COLOURS = ["#88CCEE", "#44AA99", "#999933", "#DDCC77", "#AA4499", "#332288", "#117733"]
PENDING_COLOUR = "#EDEDED"
PENDING_EDGE = "#A8A8A8"
NO_VALUE_COLOUR = "#BDBDBD"


def colours(meanings):
    """{meaning: colour}; meanings without a colour of their own take the next of the fallback list."""
    spare = 0
    chosen = {}
    for meaning in meanings:
        if meaning in LABEL_COLOURS:
            chosen[meaning] = LABEL_COLOURS[meaning]
        else:
            chosen[meaning] = FALLBACK_COLOURS[spare % len(FALLBACK_COLOURS)]
            spare += 1
    return chosen


def words(name):
    return name.replace("_", " ")


def number(value):
    """A value of an axis as people write it."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, (str, np.str_)):
        return str(value)
    return f"{value:.3g}" if abs(value) < 1e4 and value != int(value) or abs(value) >= 1e6 \
        else f"{int(value)}"


def describe(variable):
    """Text of an axis: long name and units."""
    name = variable.attrs.get("long_name") or words(str(variable.name))
    if len(name) > 48:
        name = words(str(variable.name))
    units = variable.attrs.get("units", "1")
    return name if units in ("", "1") else f"{name} [{units}]"


def is_log(coordinate):
    """Whether an axis is logarithmic: the file says so, or its values are evenly spaced in log only."""
    scale = coordinate.attrs.get("scale")
    values = coordinate.values
    if values.dtype.kind not in "iuf" or not np.all(values > 0):
        return False
    if scale in ("log", "linear"):
        return scale == "log"
    if values.size < 4:
        return False
    steps = np.diff(np.log(values))
    return bool(np.allclose(steps, steps[0], rtol=1e-3) and abs(steps.sum()) > np.log(4))


def is_ordinal(coordinate):
    """Whether cells are drawn at 0, 1, 2...: words, repeated or missing numbers."""
    values = coordinate.values
    return values.dtype.kind not in "iuf" or not np.all(np.isfinite(values)) \
        or np.unique(values).size < values.size


def edges(values, log=False):
    """Borders of cells around increasing values: half way between neighbours, in log where log."""
    values = np.asarray(values, dtype=float)
    if log and not (values > 0).all():
        raise PlotError("an axis with values that are not positive cannot be logarithmic; leave it linear")
    at = np.log(values) if log else values
    half = np.diff(at) / 2
    if at.size == 1:
        half = np.array([np.log(10) / 4 if log else 0.5])
    borders = np.concatenate([[at[0] - half[0]], at[:-1] + half[:at.size - 1], [at[-1] + half[-1]]])
    return np.exp(borders) if log else borders


def new_figure(size):
    """A figure that knows no window and no pyplot: it needs no display and is freed with its last reference."""
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(figure, path, dpi=None):
    """Writes png, pdf or svg; the same figure gives the same bytes. dpi: dots an inch of a png."""
    kind = os.path.splitext(path)[1].lstrip(".").lower()
    metadata = {"png": {"Software": None}, "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
                "svg": {"Date": None, "Creator": None}}
    if kind not in metadata:
        raise PlotError(f"{path}: a figure is .png, .pdf or .svg")
    try:
        with matplotlib.rc_context(RC):
            figure.savefig(path, metadata=metadata[kind], dpi=dpi or (160 if kind == "png" else 300))
    except OSError as error:
        raise PlotError(f"{path}: cannot be written: {error.strerror}") from None
