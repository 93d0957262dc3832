"""Readers and figures for the results files of linnet.

    from linnet_analysis import open_results, phase_diagram, curves, boundary, scatter
    ds = open_results("quickstart.h5")
    phase_diagram(ds, "final_loss", x="init_scale", y="step_size").savefig("loss.pdf")
"""

from .boundary import boundary
from .errors import PlotError
from .layout import Look
from .phase import phase_diagram
from .results import open_results
from .scatter import scatter
from .series import curves

__all__ = ["Look", "PlotError", "boundary", "curves", "open_results", "phase_diagram", "scatter"]
