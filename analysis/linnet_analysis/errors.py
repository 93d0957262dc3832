"""The one exception of the package and the hint that goes with a misspelt name."""

import difflib


class PlotError(Exception):
    """A mistake of the caller, with a message complete enough to print as it is."""


def unknown(what, name, known):
    """The error for a name that is not one of `known`, with the nearest spelling."""
    known = list(known)
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]}?" if near else "there is " + (", ".join(known) or "none")
    return PlotError(f"no {what} called {name}; {hint}")
