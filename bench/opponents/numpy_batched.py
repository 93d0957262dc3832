"""NumPy, all points in one stack: matmul over the first axis."""

import numpy as np

import case


class Batched:
    def __init__(self, given):
        self.given, self.points = given, given.batch

    def prepare(self, points):
        return [self.given.starts[:points, j].copy() for j in range(self.given.depth)]

    def train(self, state, steps):
        for _ in range(steps):
            step(state, self.given.phi, self.given.eta)
        return state

    def losses(self, state):
        return 0.5 * np.sum((product(state)[-1] - self.given.phi) ** 2, axis=(1, 2))


def product(layers):
    p = [layers[0]]
    for w in layers[1:]:
        p.append(w @ p[-1])
    return p


def step(layers, phi, eta):
    p = product(layers)
    error = p[-1] - phi
    for j in range(len(layers) - 1, 0, -1):
        below = layers[j].transpose(0, 2, 1) @ error
        layers[j] -= eta * (error @ p[j - 1].transpose(0, 2, 1))
        error = below
    layers[0] -= eta * error


if __name__ == "__main__":
    case.serve(Batched, {"version": f"NumPy {np.__version__}"})
