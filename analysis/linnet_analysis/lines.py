"""Draws what series.prepare has prepared: measurement as solid lines, theory as dashes over it."""

import matplotlib
import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, Normalize, to_rgb
from matplotlib.lines import Line2D

from . import layout, style
from .results import axes, coordinate, is_seed
from .series import LEVEL, MAX_NAMED, RATE, SERIES, STEPS

DARK = "#222222"
THEORY = ["#D55E00", "#000000", "#8A3C6B", "#B8860B", "#00664B"]  # statements over a single light blue curve
STILL, OTHERS = "#9A9A9A", "the others"  # modes that never move, where many do not
BESIDE_MODES = "#8A5FA8"  # a curve that is no mode, beside curves that are
SETTLED = 1e-8     # a rate is drawn through the last point of a curve above this share of its start


def draw(sheet):
    """The figure of a sheet of curves."""
    with matplotlib.rc_context(style.RC):
        rows, columns, pictures = _arrange(sheet)
        figure = style.new_figure(sheet.look.size or _size(sheet, rows, columns))
        grid = figure.subplots(rows, columns, sharex="col" if len(sheet.rows) > 1 else True,
                               sharey="row" if len(sheet.rows) > 1 else True, squeeze=False)
        spots = list(grid.flat)
        entries = _paint(figure, sheet, pictures, spots)
        for spot in spots[len(pictures):]:
            spot.set_axis_off()
        _label(sheet, pictures, grid)
        layout.heading(figure, _heading(sheet))
        layout.legend(figure, entries, spots[len(pictures):])
    return figure


def _arrange(sheet):
    """Rows, columns, and the pictures in the order of the places."""
    pictures = [picture for row in sheet.rows for picture in row]
    if len(sheet.rows) > 1:
        return len(sheet.rows), len(sheet.rows[0]), pictures
    n = len(pictures)
    columns = min(n, 3) if n != 4 else 2
    return -(-n // columns), columns, pictures


def _size(sheet, rows, columns):
    if rows * columns == 1 and sheet.rows[0][0].modes is None:
        return 8.5, 4.8
    return (5.0 + 1.6 * columns if columns > 1 else 8.0), 1.2 + 2.7 * rows


def _paint(figure, sheet, pictures, spots):
    """Draws all pictures; returns the entries of the legend."""
    key = _Key(figure, sheet, pictures, spots)
    entries = list(key.entries)
    for spot, picture in zip(spots, pictures):
        if picture.modes is None:
            _draw_curves(spot, picture, key)
        else:
            for entry in _draw_modes(spot, picture):
                if entry.get_label() not in {known.get_label() for known in entries}:
                    entries.append(entry)
        _scales(spot, picture, sheet)
    for row in sheet.rows:
        mine = [spot for spot, picture in zip(spots, pictures) if any(picture is one for one in row)]
        _limit_height(mine, [curve for picture in row for curve in picture.curves])
    for spot, picture in zip(spots, pictures):
        spot.set_ylim(spot.get_ylim())
        for curve in picture.curves:
            _draw_rates(spot, curve, key.colour(curve), key.is_single)
        layout.frame(spot, sheet.look)
    is_dark = not key.is_single or any(picture.modes is not None for picture in pictures)
    colours = [DARK if is_dark else THEORY[i % len(THEORY)] for i in range(len(sheet.statements))]
    return entries + [Line2D([], [], label=layout.wrap(statement.text), **_look(order, colours[order]))
                      for order, statement in enumerate(sheet.statements)]


class _Key:
    """Which colour a curve has, and the entries that say so."""

    def __init__(self, figure, sheet, pictures, spots):
        self.plain = [curve for picture in pictures if picture.modes is None for curve in picture.curves]
        panel = sheet.panel and str(coordinate(sheet.ds, sheet.panel).name)
        self.names = [name for name in sheet.varying if name != panel]
        self.with_labels = len({curve.label for curve in self.plain}) > 1
        self.keys = list(dict.fromkeys(self._key(curve) for curve in self.plain))
        self.is_single = len(self.keys) <= 1
        self.with_modes = len(self.plain) < sum(len(picture.curves) for picture in pictures)
        self.entries, self.table = [], {}
        numeric = [n for n in self.names if not style.is_ordinal(coordinate(sheet.ds, n)) and not is_seed(n)]
        if len(self.keys) > MAX_NAMED and numeric:
            self._colour_bar(figure, sheet, spots, numeric)
        else:
            self._named(pictures, bool(sheet.statements))

    def _key(self, curve):
        return (curve.label if self.with_labels else "", *(style.number(curve.at[name]) for name in self.names))

    def colour(self, curve):
        return self.table.get(self._key(curve), style.LINES[0])

    def _named(self, pictures, with_theory):
        labels = [key[0] for key in self.keys]
        colours = [style.LINES[i % len(style.LINES)] for i in range(len(self.keys))]
        if len(set(labels)) == len(labels) > 1 and all(labels):
            known = style.colours(labels)
            colours = [known[label] if label != "slow" else "#A08F6A" for label in labels]
        if self.with_modes and self.is_single:
            colours = [BESIDE_MODES]
        self.table = dict(zip(self.keys, colours))
        if len(self.keys) > MAX_NAMED:
            return
        for key, colour in self.table.items():
            places = ", ".join(f"{style.words(n)} {value}" for n, value in zip(self.names, key[1:]))
            text = "\n   ".join(part for part in (style.words(key[0]), places) if part)
            if not text and self.is_single:
                text = style.describe(pictures[0].variable) if self.with_modes else \
                    "measured" if with_theory else f"point {self.plain[0].cell}"
            self.entries.append(Line2D([], [], label=text, **_solid(colour, with_theory)))

    def _colour_bar(self, figure, sheet, spots, numeric):
        name = max(numeric, key=lambda n: len({curve.at[n] for curve in self.plain}))
        values = [curve.at[name] for curve in self.plain]
        norm = (LogNorm if style.is_log(coordinate(sheet.ds, name)) else Normalize)(min(values), max(values))
        cmap = matplotlib.colormaps["viridis"]
        self.table = {self._key(curve): cmap(norm(curve.at[name])) for curve in self.plain}
        figure.colorbar(ScalarMappable(norm, cmap), ax=spots, pad=0.015,
                        label=style.describe(coordinate(sheet.ds, name)))


def _draw_curves(spot, picture, key):
    many = len(key.keys) > MAX_NAMED
    for curve in picture.curves:
        colour = key.colour(curve)
        look = _solid(colour, bool(curve.tracks))
        if many:
            look["linewidth"] = 1.1
        spot.plot(curve.time, _drawable(curve.values), **look)
        for track in curve.tracks:
            _draw_track(spot, curve, track, curve.values, track.values, _theory_colour(track, colour, key.is_single))


def _draw_modes(spot, picture):
    """A line for every mode; where there are many, those that never move are grey and share an entry."""
    entries, still = [], set()
    (curve,) = picture.curves
    size = np.nanmax(np.abs(curve.values), axis=0, initial=0)
    if size.size > 4:
        still = set(np.flatnonzero(size <= 0.01 * size.max()))
    colours = iter(style.LINES * (1 + size.size // len(style.LINES)))
    for i, mode in enumerate(picture.modes.values):
        colour = STILL if i in still else next(colours)
        look = _solid(colour, bool(curve.tracks) and i not in still)
        spot.plot(curve.time, _drawable(curve.values[:, i]), **look)
        text = OTHERS if i in still else f"{style.words(str(picture.modes.name))} {style.number(mode)}"
        entries.append(Line2D([], [], label=text, **look))
        for track in curve.tracks:
            values = track.values[..., i] if track.values.ndim and track.values.shape[-1] == size.size else track.values
            _draw_track(spot, curve, track, curve.values[:, i], values, DARK)
    return sorted(entries, key=lambda entry: entry.get_label() == OTHERS)


def _solid(colour, under_theory):
    """Measurement: broad and light where dashes of theory lie over it."""
    if not under_theory:
        return {"color": colour, "linewidth": 1.6}
    return {"color": tuple(1 - 0.6 * (1 - part) for part in to_rgb(colour)), "linewidth": 3.6,
            "solid_capstyle": "butt"}


def _draw_track(spot, curve, track, measured, values, colour):
    look = _look(track.order, colour)
    if track.kind == SERIES:
        spot.plot(curve.time, _drawable(values), **look)
    elif track.kind == LEVEL:
        for level in np.atleast_1d(values):
            spot.axhline(level, **look)
    elif track.kind == STEPS:
        end = curve.time[np.isfinite(measured)].max()
        shown = track.at < end
        at = np.concatenate([[0.0], np.repeat(track.at[shown], 2), [end]])
        spot.plot(at, np.repeat(np.concatenate([measured[:1], values[shown]]), 2), **look)


def _draw_rates(spot, curve, colour, is_single):
    """exp(-r t) through the end of the curve, which must not move the limits of the picture."""
    for track in curve.tracks:
        if track.kind != RATE or curve.values.ndim > 1:
            continue
        known = np.flatnonzero(curve.values >= SETTLED * np.nanmax(curve.values))
        here = known[-1]
        line = curve.values[here] * np.exp(-np.clip(float(track.values) * (curve.time - curve.time[here]), -700, 700))
        spot.plot(curve.time, _drawable(line), scalex=False, scaley=False,
                  **_look(track.order, _theory_colour(track, colour, is_single)))


def _look(order, colour):
    return {"color": colour, "linewidth": 1.5, "dashes": style.DASHES[order % len(style.DASHES)], "zorder": 3}


def _theory_colour(track, colour, is_single):
    """Another colour than the curve's where there is one curve, a darker one where there are several."""
    if is_single:
        return DARK if track.kind == STEPS else THEORY[track.order % len(THEORY)]
    return tuple(0.62 * part for part in to_rgb(colour))


def _drawable(values):
    """What overflows leaves the picture; beyond 1e200 the axes themselves would overflow."""
    return np.where(np.abs(values) < 1e200, values, np.nan)


def _scales(spot, picture, sheet):
    """Steps on a log axis with room for step 0; values on a log axis when they span two decades."""
    last = max(np.max(curve.time) for curve in picture.curves)
    size = picture.curves[0].time.size
    if sheet.look.xscale == "log" or sheet.look.xscale is None and not sheet.is_time and size > 2 and last > 100:
        small = min(np.min(curve.time[curve.time > 0], initial=1.0) for curve in picture.curves)
        spot.set_xscale("symlog", linthresh=small if sheet.is_time else 1, linscale=0.3)
    spot.set_xlim(0, last)
    data = np.concatenate([curve.values.ravel() for curve in picture.curves])
    signed = (data < 0).any() and picture.modes is not None
    data = data[np.isfinite(data) & (data > 0)]
    wide = data.size and data.max() > 100 * data.min() and not signed
    if sheet.look.yscale == "log" or sheet.look.yscale is None and (sheet.log or sheet.log is None and wide):
        spot.set_yscale("log", nonpositive="mask")


def _limit_height(spots, chosen):
    """Curves that diverge leave a row of pictures at the top, so that the others can be read."""
    calm = [curve.values[np.isfinite(curve.values)] for curve in chosen if curve.label != "diverged"]
    calm = np.concatenate([values for values in calm if values.size] or [np.empty(0)])
    if not calm.size or calm.max() <= 0:
        return
    low, high = calm[calm > 0].min(), calm.max()
    for spot in spots:
        if spot.get_yscale() == "log" and spot.get_ylim()[1] > 1e3 * high:
            spread = max(high / low, 10.0)
            spot.set_ylim(low / spread ** 0.05, high * min(spread ** 0.15, 1e3))


def _label(sheet, pictures, grid):
    rows, columns = grid.shape
    for index, (spot, picture) in enumerate(zip(grid.flat, pictures)):
        if picture.title and (index < columns or len(sheet.rows) == 1):
            spot.set_title(picture.title, fontsize=9.5)
        lowest = index + columns >= len(pictures)
        spot.xaxis.set_tick_params(labelbottom=lowest)
        if lowest:
            spot.set_xlabel(sheet.look.xlabel or ("time" if sheet.is_time else _step_word(sheet, picture)))
        if index % columns == 0:
            text = sheet.look.ylabel or style.describe(picture.variable)
            spot.set_ylabel(layout.wrap(text, 24) if rows > 1 else text)


def _step_word(sheet, picture):
    record = [dim for dim in picture.variable.dims if "record" in dim][0]
    names = [name for name in sheet.ds.coords if sheet.ds[name].dims == (record,) and "step" in name]
    return "step" if names else style.words(record)


def _heading(sheet):
    if sheet.look.title is not None:
        return sheet.look.title
    first = sheet.rows[0][0]
    about = style.describe(first.variable) if len(sheet.rows) == 1 else ""
    title = ": ".join(part for part in (str(sheet.ds.attrs.get("title", "")), about) if part)
    place = first.curves[0].at
    sizes = {str(coordinate(sheet.ds, dim).name): sheet.ds.sizes[dim] for dim in axes(sheet.ds)}
    text = ", ".join(f"{style.words(n)} = {style.number(place[n])}" for n in place
                     if n not in sheet.varying and sizes[n] > 1)
    return f"{title}\n{text}" if text else title
