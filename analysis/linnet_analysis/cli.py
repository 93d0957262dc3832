"""The command linnet-plot."""

import argparse
import os
import sys
import warnings

from . import reduce as reducing
from . import select as selecting
from .errors import PlotError
from .results import list_variables, open_results

EXAMPLES = """examples:
  linnet-plot phase out.h5                                     labels over the two longest axes
  linnet-plot phase out.h5 -v final_loss -x init_scale -y step_size --panel depth --reduce seed=median
  linnet-plot phase out.h5 --select depth=3 seed=0 -o depth3.pdf
  linnet-plot probability out.h5 --label diverged              share of the seeds that diverged
  linnet-plot curves out.h5                                    a loss curve for every label
  linnet-plot curves out.h5 -v singular_values_series --points 12,99
  linnet-plot info out.h5                                      axes, variables, how many points of each label
"""


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise PlotError(f"{message}; see {self.prog} --help")


def main(argv=None):
    warnings.filterwarnings("ignore", message="numpy.ndarray size changed")
    try:
        options = parser().parse_args(argv)
        options.run(options)
    except PlotError as error:
        print(f"linnet-plot: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def parser():
    top = Parser(prog="linnet-plot", description="Figures of the results files of linnet.", epilog=EXAMPLES,
                 formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=Parser)
    _phase_options(commands.add_parser("phase", help="phase diagram of a label or a number over two axes"), False)
    _phase_options(commands.add_parser("probability", help="share of the points (seeds) with a label"), True)
    _curve_options(commands.add_parser("curves", help="recorded series of chosen points"))
    info = commands.add_parser("info", help="axes, variables and labels of a file")
    info.add_argument("file")
    info.set_defaults(run=_info)
    return top


def _phase_options(sub, probability):
    _common(sub)
    sub.add_argument("-x", metavar="AXIS", help="axis to the right")
    sub.add_argument("-y", metavar="AXIS", help="axis upwards")
    sub.add_argument("--panel", metavar="AXIS", help="axis along which small pictures stand side by side")
    sub.add_argument("--panel2", metavar="AXIS", help="second such axis: --panel downwards, --panel2 to the right")
    sub.add_argument("--reduce", nargs="+", default=[], metavar="AXIS=METHOD",
                     help="one value for a whole axis: " + ", ".join(reducing.METHODS))
    sub.add_argument("--label", metavar="NAME[,NAME]", required=probability,
                     help="draw the share of points with this label; converged stands for all converged_...")
    sub.add_argument("--xscale", choices=["log", "linear"])
    sub.add_argument("--yscale", choices=["log", "linear"])
    sub.add_argument("--no-theory", dest="theory", action="store_false", help="leave out the step size limit")
    sub.set_defaults(run=_phase)


def _curve_options(sub):
    _common(sub)
    sub.add_argument("--points", metavar="N,N,...", help="numbers of the points (linnet show --point)")
    sub.set_defaults(run=_curves)


def _common(sub):
    sub.add_argument("file")
    sub.add_argument("-v", "--variable", metavar="NAME")
    sub.add_argument("--select", nargs="+", default=[], metavar="AXIS=VALUE",
                     help="a value, a list 2,3,4, a range 0.1:1, an index @0")
    scale = sub.add_mutually_exclusive_group()
    scale.add_argument("--log", dest="log", action="store_true", default=None, help="numbers on a log scale")
    scale.add_argument("--linear", dest="log", action="store_false", help="numbers on a linear scale")
    sub.add_argument("--title")
    sub.add_argument("-o", "--output", metavar="FILE", help=".png, .pdf or .svg; default: next to the input")


def _phase(options):
    from . import draw, phase, style, theory
    ds = _open(options, ["label", *theory.NEEDED])
    ready = phase.prepare(
        ds, options.variable, options.x, options.y, options.panel, options.panel2, _pairs(options.select),
        _reductions(options.reduce), options.label, options.log, options.xscale, options.yscale, options.title,
        options.theory)
    for note in ready.notes:
        print(f"linnet-plot: {note}", file=sys.stderr)
    _write(style, draw.draw(ready), options, "phase")


def _curves(options):
    from . import series, style
    ds = _open(options, ["label"], series=True)
    points = None
    if options.points is not None:
        try:
            points = [int(word) for word in options.points.split(",")]
        except ValueError:
            raise PlotError(f"--points {options.points}: write numbers with commas, for example 12,99") from None
    figure = series.curves(ds, options.variable, points, _pairs(options.select), options.log, options.title)
    _write(style, figure, options, "curves")


def _info(options):
    from . import info
    for line in info.describe_file(open_results(options.file), options.file):
        print(line)


def _open(options, always, series=False):
    """Opens with the variables a figure needs, so that large series stay on disk."""
    known = list_variables(options.file)
    wanted = [name for name in always if name in known]
    if options.variable:
        wanted.append(options.variable)
    elif series:
        wanted += [name for name in known if any("record" in dim for dim in known[name])][:1]
    return open_results(options.file, wanted)


def _pairs(texts):
    pairs = {}
    for text in texts:
        name, value = selecting.parse(text)
        if name in pairs:
            raise PlotError(f"--select names {name} twice; write {name}={pairs[name]},{value}")
        pairs[name] = value
    return pairs


def _reductions(texts):
    pairs = {}
    for text in texts:
        name, equals, method = text.partition("=")
        if not equals or not method:
            raise PlotError(f"--reduce {text}: write it as axis=method, methods are {', '.join(reducing.METHODS)}")
        pairs[name] = method
    return pairs


def _write(style, figure, options, kind):
    path = options.output or f"{os.path.splitext(options.file)[0]}-{kind}.png"
    style.save(figure, path)
    print(path)
