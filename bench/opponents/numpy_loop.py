"""NumPy, one point after the other: the minimal schedule with plain 2-D products, written A @ B; or, with the argument
`dot`, A.dot(B), which costs less per call and is seldom seen."""

import sys

import numpy as np

import case


TIMES = np.ndarray.dot if "dot" in sys.argv[1:] else np.matmul


class Loop:
    points = 1

    def __init__(self, given):
        self.given = given

    def prepare(self, points):
        return [[w.copy() for w in start] for start in self.given.starts[:points]]

    def train(self, state, steps):
        for layers in state:
            descend(layers, self.given.phi, self.given.eta, steps)
        return state

    def losses(self, state):
        return [0.5 * np.sum((product(layers)[-1] - self.given.phi) ** 2) for layers in state]


def product(layers):
    """P_1 .. P_N."""
    p = [layers[0]]
    for w in layers[1:]:
        p.append(TIMES(w, p[-1]))
    return p


def descend(layers, phi, eta, steps):
    for _ in range(steps):
        p = product(layers)
        error = p[-1] - phi
        for j in range(len(layers) - 1, 0, -1):
            w = layers[j]
            below = TIMES(w.T, error)
            w -= eta * TIMES(error, p[j - 1].T)
            error = below
        layers[0] -= eta * error


if __name__ == "__main__":
    case.serve(Loop, {"version": f"NumPy {np.__version__}"})
