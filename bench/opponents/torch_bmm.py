"""PyTorch, all points in one stack: bmm, the gradient by hand, the update fused into the product."""

import torch

import case


class Bmm:
    def __init__(self, given):
        self.given, self.points, self.phi = given, given.batch, torch.from_numpy(given.phi)

    def prepare(self, points):
        return [torch.tensor(self.given.starts[:points, j]) for j in range(self.given.depth)]

    @torch.inference_mode()
    def train(self, state, steps):
        for _ in range(steps):
            self.step(state)
        return state

    def step(self, layers):
        p = product(layers)
        error = p[-1] - self.phi
        for j in range(len(layers) - 1, 0, -1):
            below = torch.bmm(layers[j].mT, error)
            layers[j].baddbmm_(error, p[j - 1].mT, alpha=-self.given.eta)
            error = below
        layers[0].sub_(error, alpha=self.given.eta)

    def losses(self, state):
        return 0.5 * (product(state)[-1] - self.phi).square().sum(dim=(1, 2))


def product(layers):
    p = [layers[0]]
    for w in layers[1:]:
        p.append(torch.bmm(w, p[-1]))
    return p


if __name__ == "__main__":
    torch.set_num_threads(1)
    case.serve(Bmm, {"version": f"PyTorch {torch.__version__}"})
