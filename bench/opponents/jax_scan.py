"""JAX: the gradient of the loss, over all points by vmap, over the steps by scan, compiled, in double precision."""

import functools
import os

# XLA makes a thread for every CPU it may run on: one thread is one core here.
os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402

import case  # noqa: E402

jax.config.update("jax_enable_x64", True)
CALL_FLOPS = 1e8  # of one compiled call: the call itself must not count


class Scan:
    def __init__(self, given):
        self.given, self.points, self.phi = given, given.batch, jnp.asarray(given.phi)
        self.chunk = int(min(1000, max(1, CALL_FLOPS / (given.flops() * given.batch))))

        def move(layers, _):
            gradients = jax.vmap(jax.grad(self.loss))(layers)
            return [w - given.eta * g for w, g in zip(layers, gradients)], None

        @functools.partial(jax.jit, static_argnums=1)
        def many(layers, steps):
            return jax.lax.scan(move, layers, None, length=steps)[0]

        self.many = many

    def loss(self, layers):
        p = layers[0]
        for w in layers[1:]:
            p = w @ p
        return 0.5 * jnp.sum((p - self.phi) ** 2)

    def prepare(self, points):
        layers = [jnp.asarray(self.given.starts[:points, j]) for j in range(self.given.depth)]
        return jax.block_until_ready(layers)

    def train(self, state, steps):
        for _ in range(steps // self.chunk):
            state = self.many(state, self.chunk)
        if steps % self.chunk:
            state = self.many(state, steps % self.chunk)
        return jax.block_until_ready(state)

    def losses(self, state):
        return jax.vmap(self.loss)(state)


if __name__ == "__main__":
    case.serve(Scan, {"version": f"JAX {jax.__version__}"})
