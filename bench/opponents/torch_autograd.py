"""PyTorch, one point after the other, gradients by autograd."""

import torch

import case


class Autograd:
    points = 1

    def __init__(self, given):
        self.given, self.phi = given, torch.from_numpy(given.phi)

    def prepare(self, points):
        return [[torch.tensor(w, requires_grad=True) for w in start] for start in self.given.starts[:points]]

    def train(self, state, steps):
        for layers in state:
            for _ in range(steps):
                gradients = torch.autograd.grad(self.loss(layers), layers)
                with torch.no_grad():
                    for w, gradient in zip(layers, gradients):
                        w.sub_(gradient, alpha=self.given.eta)
        return state

    def loss(self, layers):
        p = layers[0]
        for w in layers[1:]:
            p = w @ p
        return 0.5 * (p - self.phi).square().sum()

    def losses(self, state):
        return [self.loss(layers).item() for layers in state]


if __name__ == "__main__":
    torch.set_num_threads(1)
    case.serve(Autograd, {"version": f"PyTorch {torch.__version__}"})
