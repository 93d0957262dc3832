"""What linnet-plot can be told: its commands and their options."""

import argparse

from . import reduce as reducing
from .errors import PlotError

EXAMPLES = """examples:
  linnet-plot phase out.h5                                     labels over the two longest axes
  linnet-plot phase out.h5 -v final_loss -x init_scale -y step_size --panel depth --reduce seed=median
  linnet-plot phase out.h5 --select depth=3 seed=0 -o depth3.pdf
  linnet-plot phase out.h5 --theory step_limit "monotone_step_limit=monotone below" --mark final_loss=failure_floor
  linnet-plot probability out.h5 --label diverged              share of the seeds that diverged
  linnet-plot curves out.h5                                    a loss curve for every label
  linnet-plot curves out.h5 -v singular_values_series --points 12,99
  linnet-plot curves out.h5 -v one_neuron_excess_series --panel depth --theory one_neuron_bound --rate late_slope
  linnet-plot curves out.h5 -v loss_series,coefficients_series --steps jump_times,saddle_losses,saddles
  linnet-plot boundary out.h5 --along step_size -x depth --theory step_limit bound_paper
  linnet-plot scatter out.h5 -x escape_rate -y converged_step --theory escape_steps
  linnet-plot info out.h5                                      axes, variables, how many points of each label
"""


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise PlotError(f"{message}; see {self.prog} --help")


def parser():
    top = Parser(prog="linnet-plot", description="Figures of the results files of linnet.", epilog=EXAMPLES,
                 formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = top.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True,
                                  parser_class=Parser)
    _phase(commands.add_parser("phase", help="phase diagram of a label or a number over two axes"), False)
    _phase(commands.add_parser("probability", help="share of the points (seeds) with a label"), True)
    _curves(commands.add_parser("curves", help="recorded series of chosen points, with predicted ones"))
    _boundary(commands.add_parser("boundary", help="how far along an axis a label reaches, with predicted thresholds"))
    _scatter(commands.add_parser("scatter", help="one number against another, with predicted lines"))
    commands.add_parser("info", help="axes, variables and labels of a file").add_argument("file")
    return top


def _phase(sub, probability):
    _common(sub)
    _variable(sub)
    sub.add_argument("-x", metavar="AXIS", help="axis to the right")
    sub.add_argument("-y", metavar="AXIS", help="axis upwards")
    sub.add_argument("--panel", metavar="AXIS", help="axis along which small pictures stand side by side")
    sub.add_argument("--panel2", metavar="AXIS", help="second such axis: --panel downwards, --panel2 to the right")
    _reduce(sub)
    sub.add_argument("--label", metavar="NAME[,NAME]", required=probability,
                     help="draw the share of points with this label; converged stands for all converged_...")
    _theory(sub, "predictions drawn as lines over the step size, or over y where no axis is the step size; "
                 "default: step_limit")
    sub.add_argument("--no-theory", action="store_true", help="leave out the step size limit")
    sub.add_argument("--mark", metavar="VARIABLE=NAME[=TEXT]",
                     help="dots where a variable agrees with prediction NAME to 1 %%")
    sub.add_argument("--contour", nargs="+", default=[], metavar="NAME=LEVEL[=TEXT]",
                     help="lines along which a prediction or a variable has a value")


def _curves(sub):
    _common(sub)
    _variable(sub, "NAME[,NAME]", "series to draw; of several each has a row of pictures")
    sub.add_argument("--points", metavar="N,N,...", help="numbers of the points (linnet show --point)")
    sub.add_argument("--panel", metavar="AXIS", help="axis along which pictures stand side by side")
    sub.add_argument("--time", action="store_true", help="against the step times the step size")
    _theory(sub, "predicted series or levels, drawn as dashed lines")
    sub.add_argument("--rate", nargs="+", default=[], metavar="NAME[=TEXT]",
                     help="predicted rates r, drawn as exp(-r t) through the end of the curve")
    sub.add_argument("--steps", nargs="+", default=[], metavar="TIMES,NAME,...[=TEXT]",
                     help="predicted staircases: values NAME from TIMES on, over the series of the same dimensions")


def _boundary(sub):
    _common(sub)
    sub.add_argument("--along", metavar="AXIS", required=True, help="axis along which the boundary is looked for")
    sub.add_argument("-x", metavar="AXIS", help="axis to the right")
    sub.add_argument("--label", metavar="NAME[,NAME]", default="converged",
                     help="label that ends at the boundary; default: converged")
    sub.add_argument("--side", default="largest", choices=["largest", "smallest", "unbroken"],
                     help="value with the label that is drawn; unbroken: the largest below which all have it")
    sub.add_argument("--colour", "--color", metavar="AXIS", help="axis whose values have a colour each")
    _theory(sub, "predicted thresholds, drawn as lines")


def _scatter(sub):
    _common(sub)
    sub.add_argument("-x", metavar="NAME", required=True, help="variable, prediction or axis to the right")
    sub.add_argument("-y", metavar="NAME", required=True, help="variable, prediction or axis upwards")
    sub.add_argument("--label", metavar="NAME[,NAME]", help="only points with this label")
    sub.add_argument("--colour", "--color", metavar="NAME", help="axis or variable whose values have a colour each")
    _reduce(sub)
    _theory(sub, "predictions of y, drawn as lines over x")
    sub.add_argument("--diagonal", metavar="TEXT", nargs="?", const="y = x", help="the line y = x, and its words")


def _reduce(sub):
    sub.add_argument("--reduce", nargs="+", default=[], metavar="AXIS=METHOD",
                     help="one value for a whole axis: " + ", ".join(reducing.METHODS))


def _theory(sub, text):
    sub.add_argument("--theory", nargs="+", metavar="NAME[=TEXT]", help=text + "; TEXT: its words in the legend")


def _variable(sub, metavar="NAME", text=None):
    sub.add_argument("-v", "--variable", metavar=metavar, help=text)
    scale = sub.add_mutually_exclusive_group()
    scale.add_argument("--log", dest="log", action="store_true", default=None, help="numbers on a log scale")
    scale.add_argument("--linear", dest="log", action="store_false", help="numbers on a linear scale")


def _common(sub):
    sub.add_argument("file")
    sub.add_argument("--select", nargs="+", default=[], metavar="AXIS=VALUE",
                     help="a value, a list 2,3,4, a range 0.1:1, an index @0")
    sub.add_argument("--xscale", choices=["log", "linear"])
    sub.add_argument("--yscale", choices=["log", "linear"])
    sub.add_argument("--xlim", metavar="LOW:HIGH", help="part of the x axis that is shown")
    sub.add_argument("--ylim", metavar="LOW:HIGH", help="part of the y axis that is shown")
    sub.add_argument("--xlabel", metavar="TEXT")
    sub.add_argument("--ylabel", metavar="TEXT")
    sub.add_argument("--title")
    sub.add_argument("--size", metavar="W,H", help="inches")
    sub.add_argument("--dpi", type=float, metavar="N", help="dots an inch of a .png; default: 160")
    sub.add_argument("-o", "--output", metavar="FILE", help=".png, .pdf or .svg; default: next to the input")
