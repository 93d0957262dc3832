"""What every opponent shares: the case it is given, and the orders it obeys, one line each on stdin:

    load FILE N    the case: target, step size, start weights (written by bench_whole); N: points in one stack
    losses STEPS   trains from the start and answers with the losses of the first points
    run STEPS      trains from the start and answers with the CPU time and the point-steps it took
"""

import json
import sys
import time

import numpy as np

CHECKED = 8  # points whose losses are compared


class Case:
    """phi [d, d], starts [points, N, d, d] with W_1 first, eta; batch: points that one run trains in a stack."""

    def __init__(self, path, batch):
        with open(path, "rb") as file:
            d, depth, points, eta = file.readline().split()
            numbers = np.frombuffer(file.read())
        self.d, self.depth, self.points, self.eta = int(d), int(depth), int(points), float(eta)
        self.batch = min(batch, self.points)
        self.phi = numbers[:self.d**2].reshape(self.d, self.d).copy()
        self.starts = numbers[self.d**2:].reshape(self.points, self.depth, self.d, self.d).copy()

    def flops(self):
        """Of one step of one point: 3 (N - 1) products, the difference, the updates."""
        return 6 * (self.depth - 1) * self.d**3 + (2 * self.depth + 1) * self.d**2


def serve(method, about):
    """method(case) gives an object with prepare(points), train(state, steps), losses(state), and, in `points`, how
    many points one run trains."""
    print(json.dumps(about), flush=True)
    opponent = None
    for line in sys.stdin:
        verb, argument, *more = line.split()
        if verb == "load":
            opponent = method(Case(argument, int(more[0])))
            answer = {"points": opponent.points, "chunk": getattr(opponent, "chunk", 1)}
        elif verb == "losses":
            state = opponent.prepare(CHECKED)
            state = opponent.train(state, int(argument))
            answer = {"losses": [float(x) for x in opponent.losses(state)]}
        else:
            answer = timed(opponent, int(argument))
        print(json.dumps(answer), flush=True)


def timed(opponent, steps):
    state = opponent.prepare(opponent.points)
    wall, cpu = time.perf_counter(), time.process_time()
    opponent.train(state, steps)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    # A thread pool may spin beside the work: its time is not held against the opponent.
    return {"cpu": min(cpu, wall), "wall": wall, "steps": steps * opponent.points}
