"""The command linnet-plot."""

import os
import sys
import warnings

from . import select as selecting
from . import theory as theories
from .errors import PlotError, unknown
from .options import parser
from .results import list_coordinates, list_variables, open_results


def main(argv=None):
    warnings.filterwarnings("ignore", message="numpy.ndarray size changed")
    runs = {"phase": _phase, "probability": _phase, "curves": _curves, "boundary": _boundary, "scatter": _scatter,
            "info": _info}
    try:
        options = parser().parse_args(argv)
        runs[options.command](options)
    except PlotError as error:
        print(f"linnet-plot: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _phase(options):
    from . import draw, phase
    theory = [] if options.no_theory else options.theory
    wanted = [name for name in list_variables(options.file) if name == theories.LIMIT] if theory is None else theory
    marks = (options.mark or "").partition("=")[::2]
    ds = _open(options, ["label", theories.USED, options.variable, marks[0]],
               [*wanted, marks[1], *options.contour])
    ready = phase.prepare(
        ds, options.variable, options.x, options.y, options.panel, options.panel2, _pairs(options.select),
        _reductions(options.reduce), options.label, options.log, theory, options.mark, options.contour,
        _look(options))
    for note in ready.notes:
        print(f"linnet-plot: {note}", file=sys.stderr)
    _write(draw.draw(ready), options)


def _curves(options):
    from . import series
    known = list_variables(options.file)
    names = options.variable.split(",") if options.variable else \
        [name for name in known if any("record" in dim for dim in known[name])][:1]
    wanted = [*(options.theory or []), *options.rate]
    wanted += [name for text in options.steps for name in theories.split(text)[0].split(",")]
    ds = _open(options, ["label", theories.USED, *names], wanted)
    figure = series.curves(
        ds, names or None, _numbers(options.points, "--points", int), _pairs(options.select), options.log,
        panel=options.panel, time=options.time, theory=options.theory or (), rates=options.rate,
        steps=options.steps, look=_look(options))
    _write(figure, options)


def _boundary(options):
    from .boundary import boundary
    ds = _open(options, ["label", theories.USED], options.theory or [])
    _write(boundary(
        ds, options.along, x=options.x, label=options.label, side=options.side, colour=options.colour,
        select=_pairs(options.select), theory=options.theory or (), look=_look(options)), options)


def _scatter(options):
    from .scatter import scatter
    known, lines = list_variables(options.file), list_coordinates(options.file)
    named = [name for name in (options.x, options.y, options.colour) if name and name not in lines]
    wanted = [name if name in known else theories.PREFIX + name for name in named]
    for name, variable in zip(named, wanted):
        if variable not in known:
            raise unknown("variable", name, [*known, *lines])
    ds = _open(options, ["label", *wanted], options.theory or [])
    _write(scatter(
        ds, options.x, options.y, colour=options.colour, label=options.label, select=_pairs(options.select),
        reduce=_reductions(options.reduce), theory=options.theory or (), diagonal=options.diagonal,
        look=_look(options)), options)


def _info(options):
    from . import info
    for line in info.describe_file(open_results(options.file), options.file):
        print(line)


def _open(options, names, predictions):
    """Opens with the variables a figure needs, so that large series stay on disk.

    names: variables, taken where the file has them unless the caller named them; predictions: NAME or NAME=TEXT,
    which the file must have.
    """
    known = list_variables(options.file)
    asked = {getattr(options, "variable", None)} | set((getattr(options, "variable", None) or "").split(","))
    wanted = [name for name in names if name and (name in known or name in asked)]
    for text in predictions:
        name = theories.split(text)[0]
        if name:
            wanted.append(theories.resolve(name, known))
    return open_results(options.file, wanted)


def _look(options):
    from .layout import Look
    return Look(title=options.title, size=_numbers(options.size, "--size", float, 2), xlabel=options.xlabel,
                ylabel=options.ylabel, xscale=options.xscale, yscale=options.yscale,
                xlim=_limits(options.xlim, "--xlim"), ylim=_limits(options.ylim, "--ylim"))


def _numbers(text, name, kind, count=None):
    if text is None:
        return None
    try:
        numbers = [kind(word) for word in text.split(",")]
    except ValueError:
        raise PlotError(f"{name} {text}: write numbers with commas, for example 12,99") from None
    if count is not None and len(numbers) != count:
        raise PlotError(f"{name} {text}: it takes {count} numbers")
    return numbers


def _limits(text, name):
    if text is None:
        return None
    low, colon, high = text.partition(":")
    try:
        if not colon:
            raise ValueError
        return tuple(float(word) if word else None for word in (low, high))
    except ValueError:
        raise PlotError(f"{name} {text}: write it as low:high, either may be left out") from None


def _pairs(texts):
    pairs = {}
    for text in texts:
        name, value = selecting.parse(text)
        if name in pairs:
            raise PlotError(f"--select names {name} twice; write {name}={pairs[name]},{value}")
        pairs[name] = value
    return pairs


def _reductions(texts):
    from . import reduce as reducing
    pairs = {}
    for text in texts:
        name, equals, method = text.partition("=")
        if not equals or not method:
            raise PlotError(f"--reduce {text}: write it as axis=method, methods are {', '.join(reducing.METHODS)}")
        pairs[name] = method
    return pairs


def _write(figure, options):
    from . import style
    kind = "phase" if options.command == "probability" else options.command
    path = options.output or f"{os.path.splitext(options.file)[0]}-{kind}.png"
    style.save(figure, path, options.dpi)
    print(path)
