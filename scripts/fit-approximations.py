#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fits the coefficients of exp_f, exp2_f, erf_f and tanh_f in Kernels/common.cl and measures their float32 error.

    pip install numpy mpmath && scripts/fit-approximations.py

Each fit minimises the largest relative error: Lawson's iteration (weighted least squares whose weights follow the error)
on Chebyshev nodes, for rationals on the linearised form P - f Q with Q from the previous round. The coefficients are
rounded to float32, then evaluated as the kernel does (Horner with fma) on a dense grid against mpmath.
"""
import mpmath
import numpy as np

f32 = np.float32


def nodes(low, high, count=4000):
    k = np.arange(count)
    return low + (high - low) * (1 - np.cos(np.pi * (k + 0.5) / count)) / 2


def fit(values, variable, prefix, p_degree, q_degree=0, rounds=300):
    """values ~ prefix * P(variable) / Q(variable), Q(0) = 1; returns (P, Q), lowest power first."""
    scale = np.max(np.abs(variable))
    z = variable / scale
    weights = np.ones_like(z)
    previous_q = np.ones_like(z)
    best, best_error = None, np.inf
    for _ in range(rounds):
        relative = 1 / (np.abs(values) * previous_q)
        w = np.sqrt(weights) * relative
        columns = [prefix * z**i for i in range(p_degree + 1)] + [-values * z**i for i in range(1, q_degree + 1)]
        a = np.stack(columns, 1) * w[:, None]
        norms = np.linalg.norm(a, axis=0)
        solution = np.linalg.lstsq(a / norms, values * w, rcond=None)[0] / norms
        p = solution[: p_degree + 1]
        q = np.concatenate([[1.0], solution[p_degree + 1 :]])
        previous_q = np.polyval(q[::-1], z)
        error = np.abs(prefix * np.polyval(p[::-1], z) / previous_q - values) / np.abs(values)
        if error.max() < best_error:
            best, best_error = (p, q), error.max()
        weights *= error / error.max() + 1e-12
        weights /= weights.sum()
    p, q = best
    return p / scale ** np.arange(p_degree + 1), q / scale ** np.arange(q_degree + 1), best_error


def fma(a, b, c):
    return (a.astype(np.float64) * np.asarray(b, np.float64) + np.asarray(c, np.float64)).astype(f32)


def horner(coefficients, x):
    r = np.full_like(x, f32(coefficients[-1]))
    for c in coefficients[-2::-1]:
        r = fma(r, x, f32(c))
    return r


def ulps(got, exact):
    """Largest error in units of the last place of the exact value."""
    exact = np.array([float(v) for v in exact])
    ulp = np.spacing(np.abs(exact).astype(f32)).astype(np.float64)
    return np.max(np.abs(got.astype(np.float64) - exact) / ulp)


def show(name, coefficients):
    print(f"  {name} (lowest power first): " + ", ".join(f"{float(f32(c)):.9e}f" for c in coefficients))


def exact(function, x):
    vectorised = np.frompyfunc(lambda v: function(mpmath.mpf(float(v))), 1, 1)
    return vectorised(x)


def exp2_poly(f, c):
    return fma(horner(c, f), f, f32(1))


def exp_poly(r, c):
    return (fma(horner(c, r), (r.astype(np.float64) ** 2).astype(f32), r).astype(np.float64) + 1).astype(f32)


def main():
    mpmath.mp.dps = 30
    rng = np.random.default_rng(1)

    half = 0.5 * np.log(2) * 1.001
    r = nodes(-half, half)
    # exp(r) - 1 - r = r^2 P(r); weighted by exp(r)
    for degree in (3, 4):
        p, error = fit_exp(r, degree)
        x = rng.uniform(-87, 88, 40000).astype(f32)
        n = np.rint(x * f32(1.44269504)).astype(f32)
        reduced = fma(-n, f32(1.42860677e-06), fma(-n, f32(0.693145752), x))
        got = (exp_poly(reduced, p).astype(np.float64) * 2.0 ** n).astype(f32)
        print(f"exp_f degree {degree + 2}: fit {error:.1e}, {ulps(got, exact(mpmath.exp, x)):.2f} ulp")
        show("P", p)

    f = nodes(-0.5005, 0.5005)
    for degree in (4, 5):
        p, error = fit_exp2(f, degree)
        x = rng.uniform(-0.5, 0.5, 40000).astype(f32)
        print(f"exp2_f degree {degree + 1}: fit {error:.1e}, {ulps(exp2_poly(x, p), exact(lambda v: 2**v, x)):.2f} ulp")
        show("P", p)

    for name, function, clamp, candidates in (
        ("erf_f", mpmath.erf, 3.9192059, ((5, 4), (6, 4), (5, 5), (6, 5))),
        ("tanh_f", mpmath.tanh, 9.0109131, ((4, 4), (5, 3), (5, 4), (6, 3))),
    ):
        x = nodes(1e-4, clamp, 3000)
        values = np.array([float(v) for v in exact(function, x)])
        for pd, qd in candidates:
            p, q, error = fit(values, x * x, x, pd, qd)
            t = np.concatenate([rng.uniform(-clamp, clamp, 30000), rng.uniform(-1, 1, 10000)]).astype(f32)
            s = (t.astype(np.float64) ** 2).astype(f32)
            numerator = (horner(p, s).astype(np.float64) * t).astype(f32)
            got = (numerator.astype(np.float64) / horner(q, s)).astype(f32)
            print(f"{name} {pd}/{qd}: fit {error:.1e}, {ulps(got, exact(function, t)):.2f} ulp")
            show("P", p)
            show("Q", q)


def fit_exp(r, degree, rounds=300):
    """exp(r) = 1 + r + r^2 P(r), largest relative error of exp smallest."""
    return fit_remainder(np.expm1(r) - r, np.exp(r), [r ** (i + 2) for i in range(degree + 1)], rounds)


def fit_exp2(f, degree, rounds=300):
    """2^f = 1 + f P(f)."""
    return fit_remainder(np.expm1(f * np.log(2)), np.exp2(f), [f ** (i + 1) for i in range(degree + 1)], rounds)


def fit_remainder(target, whole, columns, rounds):
    a = np.stack(columns, 1)
    weights = np.ones(len(target))
    best, best_error = None, np.inf
    for _ in range(rounds):
        w = np.sqrt(weights) / whole
        solution = np.linalg.lstsq(a * w[:, None], target * w, rcond=None)[0]
        error = np.abs(a @ solution - target) / whole
        if error.max() < best_error:
            best, best_error = solution, error.max()
        weights *= error / error.max() + 1e-12
        weights /= weights.sum()
    return best, best_error


if __name__ == "__main__":
    main()
