"""Draws what phase.prepare has prepared."""

import matplotlib
import numpy as np
from matplotlib.colors import BoundaryNorm, ListedColormap, LogNorm, Normalize
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from . import layout, style

MARK, NO_COLOUR = "....", (0, 0, 0, 0)
NUMBERS = "viridis"
SHARES = "cividis"


def draw(phase):
    """The figure of a phase diagram."""
    with matplotlib.rc_context(style.RC):
        rows, columns = _arrange(phase)
        figure = style.new_figure(phase.look.size or _size(rows, columns, is_strip=phase.y is None))
        grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        spots = list(grid.flat)
        paint = _paint_flags if phase.flags else _paint_numbers
        mesh, entries = paint(phase, spots)
        entries += _marks(phase, spots) + _lines(phase, spots) + _contours(phase, spots)
        for spot in spots[len(phase.panels):]:
            spot.set_axis_off()
        _label_axes(phase, grid)
        for spot in spots[:len(phase.panels)]:
            layout.limits(spot, phase.look)
        _head(figure, phase)
        if not phase.flags and mesh is not None:
            _colourbar(figure, phase, mesh, grid)
        layout.legend(figure, entries, spots[len(phase.panels):], "share of cells" if phase.flags else None)
    return figure


def _arrange(phase):
    if phase.grid:
        return phase.grid
    n = len(phase.panels)
    columns = n if n <= 3 else 2 if n == 4 else int(np.ceil(np.sqrt(n)))
    return -(-n // columns), columns


def _size(rows, columns, is_strip):
    width = 7.5 if columns == 1 else 9.5
    cell = (width - 1.0) / columns
    if is_strip:
        return width, 1.3 + 1.1 * rows
    return width, 4.8 if rows * columns == 1 else 0.9 + rows * min(cell * 0.95 + 0.2, 4.2)


def _edges(phase):
    x = _axis_edges(phase.x, phase.is_log_x)
    y = np.array([0.0, 1.0]) if phase.y is None else _axis_edges(phase.y, phase.is_log_y)
    return x, y


def _axis_edges(coordinate, log):
    if style.is_ordinal(coordinate):
        return np.arange(coordinate.size + 1) - 0.5
    return style.edges(coordinate.values, log)


def _mesh(spot, phase, values, **look):
    x, y = _edges(phase)
    return spot.pcolormesh(x, y, np.ma.masked_invalid(values), rasterized=True, linewidth=0, **look)


def _paint_flags(phase, spots):
    """Labels: one colour each; the legend holds those that occur, with their share."""
    colours = style.colours(phase.flags)
    levels = sorted(phase.flags.values())
    names = {value: name for name, value in phase.flags.items()}
    cmap = ListedColormap([colours[names[level]] for level in levels])
    norm = BoundaryNorm(np.append(levels, levels[-1] + 1) - 0.5, cmap.N)
    shown = [np.where(panel.done, panel.values, np.nan) for panel in phase.panels]
    mesh = None
    for spot, panel, values in zip(spots, phase.panels, shown):
        mesh = _mesh(spot, phase, values, cmap=cmap, norm=norm)
        _pending(spot, phase, panel)
    found = np.concatenate([values[~np.isnan(values)] for values in shown])
    entries = [Patch(facecolor=colours[names[level]], edgecolor="#333333", linewidth=0.5,
                     label=f"{style.words(names[level])}  {_percent(found == level)}")
               for level in levels if (found == level).any()]
    return mesh, entries + _state_entries(phase)


def _paint_numbers(phase, spots):
    """Numbers: a colour scale over what did not diverge; what did has the colour of its label."""
    cmap, norm = _scale(phase)
    mesh, lost_any, none_any = None, False, False
    for spot, panel in zip(spots, phase.panels):
        values = np.where(panel.done, panel.values, np.nan)
        lost = panel.done & panel.lost
        none = panel.done & ~lost & ~np.isfinite(values)
        mesh = _mesh(spot, phase, np.where(lost, np.nan, values), cmap=cmap, norm=norm)
        for where, colour in ((lost, style.LABEL_COLOURS["diverged"]), (none, style.NO_VALUE_COLOUR)):
            if where.any():
                _mesh(spot, phase, np.where(where, 1.0, np.nan), cmap=ListedColormap([colour]))
        lost_any, none_any = lost_any or lost.any(), none_any or none.any()
        _pending(spot, phase, panel)
    entries = []
    if lost_any:
        entries.append(Patch(facecolor=style.LABEL_COLOURS["diverged"], label="diverged"))
    if none_any:
        entries.append(Patch(facecolor=style.NO_VALUE_COLOUR, label="no value"))
    return mesh, entries + _state_entries(phase)


def _scale(phase):
    """Colour map and norm: shares 0 to 1, few integers in steps, wide positive ranges logarithmic."""
    cmap = matplotlib.colormaps[NUMBERS]
    if phase.variable.attrs.get("is_fraction"):
        return matplotlib.colormaps[SHARES], Normalize(0, 1)
    values = _finite(phase)
    if not values.size:
        return cmap, Normalize(0, 1)
    levels = np.unique(values)
    if levels.size <= 12 and np.all(levels == np.round(levels)) and np.ptp(levels) <= 24 and not phase.log:
        cmap = cmap.resampled(int(np.ptp(levels)) + 1)
        return cmap, BoundaryNorm(np.arange(levels[0], levels[-1] + 2) - 0.5, cmap.N)
    positive = values[values > 0]
    log = phase.log
    if log is None:
        log = positive.size >= 0.9 * values.size and positive.max() > 100 * positive.min()
    if log and positive.size:
        return cmap, LogNorm(*_spread(*_bulk(positive, np.log(positive)), 10.0))
    return cmap, Normalize(*_spread(*_bulk(values, values), 0.0))


def _finite(phase):
    """The finite numbers of all panels, those of diverged points left out."""
    return np.concatenate([panel.values[panel.done & np.isfinite(panel.values) & ~panel.lost]
                           for panel in phase.panels])


def _bulk(values, at):
    """Least and largest value, without the last percent on a side where those few stretch the scale by half.

    at: where the values stand on the scale.
    """
    few = np.percentile(at, [1, 99])
    slack = 0.5 * (few[1] - few[0])
    low = few[0] if few[0] - at.min() > slack else at.min()
    high = few[1] if at.max() - few[1] > slack else at.max()
    kept = values[(at >= low) & (at <= high)]
    return kept.min(), kept.max()


def _spread(low, high, factor):
    """Limits that differ."""
    if low < high:
        return low, high
    return (low / factor, high * factor) if factor else (low - 0.5, high + 0.5)


def _pending(spot, phase, panel):
    """Cells that are not finished: light grey, hatched; crosswise those that were given up."""
    for cells, hatch in ((panel.pending, "////"), (panel.failed, "xxxx")):
        if cells.any():
            x, y = _edges(phase)
            spot.pcolor(x, y, np.ma.masked_equal(cells.astype(float), 0),
                        cmap=ListedColormap([style.PENDING_COLOUR]), hatch=hatch,
                        edgecolor=style.PENDING_EDGE, linewidth=0.0)


def _lines(phase, spots):
    """What theory says of an axis, as lines across the cells they belong to."""
    if phase.line_axis is None:
        return []
    x, y = _edges(phase)
    upright = phase.x.name == phase.line_axis
    across, along = (y, x) if upright else (x, y)
    for spot, panel in zip(spots, phase.panels):
        for order, values in enumerate(panel.lines):
            level = np.broadcast_to(values, (across.size - 1,))
            level = np.where((level > along[0]) & (level < along[-1]), level, np.nan)
            line = np.repeat(across, 2)[1:-1], np.repeat(level, 2)
            line = line[::-1] if upright else line
            spot.plot(*line, color="white", linewidth=2.8, solid_capstyle="butt")
            spot.plot(*line, **_dashed(order))
        spot.set_xlim(x[0], x[-1])
        spot.set_ylim(y[0], y[-1])
    return [Line2D([], [], label=layout.wrap(statement.text), **_dashed(order))
            for order, statement in enumerate(phase.statements)]


def _contours(phase, spots):
    """Lines along which a variable has a value, with dashes that go on after those of the other lines."""
    entries = []
    for order, (level, text) in enumerate(phase.contours):
        look = _dashed(len(phase.statements) + order)
        dashes = [(0, look.get("dashes") or ())]
        for spot, panel in zip(spots, phase.panels):
            at = phase.x.values, phase.y.values, np.ma.masked_invalid(panel.contours[order])
            spot.contour(*at, [level], colors="white", linewidths=2.8)
            spot.contour(*at, [level], colors="black", linewidths=1.4, linestyles=dashes)
        entries.append(Line2D([], [], label=layout.wrap(text), **look))
    return entries


def _dashed(order):
    dashes = style.DASHES[order % len(style.DASHES)]
    return {"color": "black", "linewidth": 1.4, **({"dashes": dashes} if dashes else {})}


def _marks(phase, spots):
    """Cells where measurement and theory agree: dotted."""
    if not phase.mark:
        return []
    x, y = _edges(phase)
    for spot, panel in zip(spots, phase.panels):
        if panel.marked.any():
            spot.pcolor(x, y, np.ma.masked_equal(panel.marked.astype(float), 0), cmap=ListedColormap([NO_COLOUR]),
                        hatch=MARK, edgecolor="black", linewidth=0.0)
    return [Patch(facecolor="white", edgecolor="black", linewidth=0.0, hatch=MARK, label=layout.wrap(phase.mark))]


def _state_entries(phase):
    entries = []
    if any(panel.pending.any() for panel in phase.panels):
        entries.append(Patch(facecolor=style.PENDING_COLOUR, edgecolor=style.PENDING_EDGE, hatch="////",
                             label="not run yet"))
    if any(panel.failed.any() for panel in phase.panels):
        entries.append(Patch(facecolor=style.PENDING_COLOUR, edgecolor=style.PENDING_EDGE, hatch="xxxx",
                             label="failed"))
    if any((~panel.done & ~panel.pending & ~panel.failed).any() for panel in phase.panels):
        entries.append(Patch(facecolor="white", edgecolor="#333333", linewidth=0.5, label="left out"))
    return entries


def _percent(hits):
    share = 100 * hits.mean()
    return f"{share:.0f} %" if share >= 9.95 or share == 0 else f"{share:.1f} %" if share >= 0.05 else "<0.1 %"


def _label_axes(phase, grid):
    for spot, panel in zip(grid.flat, phase.panels):
        layout.ticks(spot.xaxis, spot.set_xscale, phase.x, phase.is_log_x)
        if phase.y is None:
            spot.set_yticks([])
        else:
            layout.ticks(spot.yaxis, spot.set_yscale, phase.y, phase.is_log_y)
        if panel.title:
            spot.set_title(panel.title)
    rows, columns = grid.shape
    n = len(phase.panels)
    for index, spot in enumerate(grid.flat[:n]):
        spot.label_outer()
        if index + columns >= n:
            spot.set_xlabel(phase.look.xlabel or style.describe(phase.x))
            spot.xaxis.set_tick_params(labelbottom=True)
        if index % columns == 0 and phase.y is not None:
            spot.set_ylabel(phase.look.ylabel or style.describe(phase.y))


def _head(figure, phase):
    layout.heading(figure, "\n".join(part for part in (phase.title, phase.subtitle) if part))


def _colourbar(figure, phase, mesh, grid):
    values = _finite(phase)
    low, high = (values < mesh.norm.vmin).any(), (values > mesh.norm.vmax * (1 + 1e-12)).any()
    extend = "both" if low and high else "min" if low else "max" if high else "neither"
    bar = figure.colorbar(mesh, ax=list(grid.flat), pad=0.015, aspect=30,
                          extend="neither" if isinstance(mesh.norm, BoundaryNorm) else extend)
    bar.set_label(style.describe(phase.variable) if phase.y is not None else style.words(phase.variable.name))
    bar.outline.set_linewidth(0.6)
    if isinstance(mesh.norm, BoundaryNorm):
        levels = (np.asarray(mesh.norm.boundaries)[:-1] + 0.5).astype(int)
        bar.set_ticks(levels[::-(-levels.size // 12)])
        bar.ax.tick_params(which="minor", length=0)
