"""Readers and figures for the results files of linnet.

    from linnet_analysis import open_results, phase_diagram, curves
    ds = open_results("quickstart.h5")
    phase_diagram(ds, "final_loss", x="init_scale", y="step_size").savefig("loss.pdf")
"""

from .errors import PlotError
from .results import open_results
from .phase import phase_diagram
from .series import curves

__all__ = ["PlotError", "open_results", "phase_diagram", "curves"]
