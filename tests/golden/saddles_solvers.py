"""Saddles of diagonal networks against independent solvers: the end of the walk against the linear program of
the least l1 norm (SciPy, HiGHS), its time average against the Lasso (scikit-learn).

    saddles_solvers.py PROGRAM      PROGRAM is the saddles_batch of the build
"""

import subprocess
import sys

import numpy as np
from scipy.optimize import linprog
from sklearn.linear_model import Lasso

# n, d, percent of problems with a drop, with a flip, mean and most loops of 400 problems, found with other draws of the same law
ROWS = [(3, 3, 32, 30, 3.35, 5), (3, 5, 22, 2.5, 3.26, 5), (5, 7, 53, 17, 5.80, 11), (8, 4, 8.5, 8, 4.09, 6),
        (5, 20, 42, .3, 5.59, 10), (10, 30, 85, 0, 12.3, 22)]
N_PROBLEMS = 400
CASES = {
    "mono3x5": ([[-2, 0, 0, -1, 1], [-2, -1, 3, 1, 1], [2, -1, -2, 0, 1]], [2, -1, -3]),
    "flip2x2": ([[0, 2], [-1, 2]], [-1, 3]),
    "zhao2x4": ([[1, .5, .7, 0], [.5, 1, .1, .7]], [1, 0]),
    "noisy4x3": ([[1, 0, 0], [1, -2, -1], [2, 0, -1], [-2, 1, 1]], [-3, 0, 4, 0]),
}


class Walk:
    def __init__(self, lines, d):
        status, jumps, certificate = next(lines).split()
        self.status, self.certificate = int(status), float(certificate)
        rows = np.array([[float(word) for word in next(lines).split()] for _ in range(int(jumps) + 1)])
        self.t, self.b, self.s = rows[:, 0], rows[:, 1:1 + d], rows[:, 1 + d:]

    def dropped(self):
        return bool(np.any((self.b[:-1] != 0) & (self.b[1:] == 0)))

    def flipped(self):
        """Some coordinate that is active with one sign and, later, with the other."""
        sign = np.sign(self.b)
        return bool(np.any((sign.max(axis=0) > 0) & (sign.min(axis=0) < 0)))

    def average(self, t):
        ends = np.append(self.t[1:], np.inf)
        shares = np.clip(np.minimum(ends, t) - self.t, 0, None) / t
        return shares @ self.b

    def first_departure(self):
        """The time after which some dual has left its wall."""
        for k in range(len(self.t) - 1):
            if np.any((np.abs(self.s[k]) == 1) & (self.s[k + 1] != self.s[k])):
                return self.t[k]
        return np.inf


def walk_all(program, problems):
    text = "\n".join(f"{x.shape[0]} {x.shape[1]} " + " ".join(f"{v:.17g}" for v in np.append(x, y))
                     for x, y in problems)
    run = subprocess.run([program], input=text, capture_output=True, text=True, check=True, timeout=120)
    lines = iter(run.stdout.splitlines())
    return [Walk(lines, x.shape[1]) for x, _ in problems]


def least_l1(x, y):
    """min |b|_1 over the least-squares solutions: the vertex the simplex method ends at, solved anew for the
    coordinates of its basis, so that the tolerance of the solver is not ours."""
    d = x.shape[1]
    if x.shape[0] <= d:
        equations, right = x, y
    else:
        equations, right = x.T @ x, x.T @ y
    found = linprog(np.ones(2 * d), A_eq=np.hstack([equations, -equations]), b_eq=right, method="highs-ds")
    assert found.status == 0, found.message
    b = found.x[:d] - found.x[d:]
    active = np.abs(b) > 1e-9 * np.abs(b).max()
    refit = np.zeros(d)
    refit[active] = np.linalg.lstsq(x[:, active], y, rcond=None)[0]
    assert np.allclose(refit, b, rtol=1e-6, atol=1e-6 * np.abs(b).max())
    return refit


def lasso(x, y, penalty):
    model = Lasso(alpha=penalty, fit_intercept=False, tol=1e-14, max_iter=1_000_000)
    return model.fit(x, y).coef_


def check_minimum(program):
    rng = np.random.default_rng(12345)
    worst = 0
    for n, d, dropped, flipped, mean, most in ROWS:
        problems = [(rng.standard_normal((n, d)), rng.standard_normal(n)) for _ in range(N_PROBLEMS)]
        walks = walk_all(program, problems)
        assert all(walk.status == 0 and walk.certificate < 4e-12 for walk in walks)
        for (x, y), walk in zip(problems, walks):
            wanted = least_l1(x, y)
            worst = max(worst, np.abs(walk.b[-1] - wanted).max() / np.abs(wanted).max())
        loops = [len(walk.t) - 1 for walk in walks]
        drops = 100 * np.mean([walk.dropped() for walk in walks])
        flips = 100 * np.mean([walk.flipped() for walk in walks])
        print(f"# {n} x {d}: drops {drops}% ({dropped}), flips {flips}% ({flipped}), loops {np.mean(loops):.2f} "
              f"({mean}), at most {max(loops)} ({most})")
        for found, wanted in ((drops, dropped), (flips, flipped)):
            assert abs(found - wanted) <= 4 * np.sqrt(2 * wanted * (100 - wanted) / N_PROBLEMS) + 0.5
        assert abs(np.mean(loops) - mean) <= 0.1 * mean and abs(max(loops) - most) <= 5
    print(f"# worst relative distance to the linear program: {worst:.1e}")
    assert worst < 6e-12, worst


def gap(program, name, times):
    x, y = (np.array(part, dtype=float) for part in CASES[name])
    walk = walk_all(program, [(x, y)])[0]
    return max(np.abs(walk.average(t) - lasso(x, y, 1 / t)).max() for t in times)


def check_lasso(program):
    """Until a dual leaves its wall the average is the Lasso solution; after it need not be."""
    assert gap(program, "mono3x5", [.3, .4, .6, .75, 1, 1.5, 2, 5]) < 1e-7
    for name, times in (("flip2x2", [1, 1.5, 2, 2.7]), ("zhao2x4", [9, 10, 11]), ("noisy4x3", [1.5, 2, 3])):
        found = gap(program, name, times)
        print(f"# {name}: the average is {found:.2f} away from the Lasso")
        assert found > 0.02
    rng = np.random.default_rng(777)
    problems = [(rng.standard_normal((6, 4)), rng.standard_normal(6)) for _ in range(40)]
    n_compared = 0
    for (x, y), walk in zip(problems, walk_all(program, problems)):
        last = min(walk.first_departure(), 2 * walk.t[-1])
        for t in walk.t[1] + (last - walk.t[1]) * np.array([.1, .5, .9]):
            assert np.abs(walk.average(t) - lasso(x, y, 1 / t)).max() < 1e-6
            n_compared += 1
    print(f"# {n_compared} averages agree with the Lasso")


def main():
    checks = [("the walk ends at the solution of the linear program", check_minimum),
              ("the average is the Lasso path until a dual leaves its wall", check_lasso)]
    print(f"1..{len(checks)}")
    n_failed = 0
    for number, (name, check) in enumerate(checks, 1):
        try:
            check(sys.argv[1])
            print(f"ok {number} - {name}")
        except AssertionError as failure:
            n_failed += 1
            print(f"not ok {number} - {name}\n# {failure!r}")
    return n_failed > 0


if __name__ == "__main__":
    sys.exit(main())
