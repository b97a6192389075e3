"""Values and derivatives of SciPy's special functions against mpmath, at ordinary and extreme arguments."""

import numpy as np
import pytest

from scipy_table import scipy  # which skips this module without SciPy

mp = pytest.importorskip("mpmath", reason="the references are mpmath's")

from autodiff_trace import grad, jvp, numpy as anp  # noqa: E402
from autodiff_trace.core.errors import MissingRuleError  # noqa: E402
from autodiff_trace.scipy import special  # noqa: E402
from autodiff_trace.scipy.special.families import differentiate  # noqa: E402

FIRST, SECOND = (1,), (2,)
IN_TWO = (1, 0), (0, 1), (2, 0), (0, 2), (1, 1)


def partial(function, args, orders):
    """The mixed partial derivative of an elementwise function, by nested forward mode."""
    for i, order in enumerate(orders):
        for _ in range(order):
            function = slope_in(function, i)
    return function(*args)


def slope_in(function, i):
    return lambda *args: jvp(lambda x: function(*args[:i], x, *args[i + 1 :]), (args[i],), (anp.ones_like(args[i]),))[1]


def compare(name, reference, arguments, orders, tolerance=1e-10, fixed=0, scale=None, take=None):
    """Derivatives of ``special.name`` of these ``orders``, relative to themselves, or to ``scale`` where it is more."""
    function = getattr(special, name) if take is None else lambda *args: getattr(special, name)(*args)[take]
    for args in arguments:
        counts, xs = args[:fixed], tuple(np.asarray(x)[()] for x in args[fixed:])
        exact = [mp.mpmathify(x) for x in args[fixed:]]
        step = mp.mpf(10) ** -14 * min([1, *[abs(x) for x in exact if x]])
        for order in orders:
            with mp.workdps(48):
                expected = mp.diff(lambda *xs: reference(*counts, *xs), tuple(exact), order, h=step)
            found = complex(partial(lambda *xs: function(*counts, *xs), xs, order))
            size = max(abs(expected), scale(*exact) if scale else 0)
            assert abs(mp.mpmathify(found) - expected) <= tolerance * size, (name, args, order, found, expected)


def size_of(reference, rate):
    """A function's size times ``rate``, of the things that its derivatives are differences of."""
    return lambda *args: abs(reference(*args)) * rate(*args) ** 2


ORDERS = [(v, z) for v in (0.0, 0.5, 3.0, -1.3) for z in (1e-6, 0.7, 6.0, 300.0)] + [(40.0, 1.0), (40.0, 45.0)]
CYLINDER = {
    "jv": mp.besselj, "yv": mp.bessely, "iv": mp.besseli, "kv": mp.besselk,
    "hankel1": mp.hankel1, "hankel2": mp.hankel2,
    "hankel1e": lambda v, z: mp.hankel1(v, z) * mp.exp(-1j * z), "kve": lambda v, z: mp.besselk(v, z) * mp.exp(z),
    "hankel2e": lambda v, z: mp.hankel2(v, z) * mp.exp(1j * z), "ive": lambda v, z: mp.besseli(v, z) * mp.exp(-z),
    "struve": mp.struveh, "modstruve": mp.struvel,
}


@pytest.mark.parametrize("name", CYLINDER)
def test_in_order_and_argument(name):
    """In the order, whole orders included: relative to the function and the rate at which it changes with the order."""
    reference = CYLINDER[name]
    size = size_of(reference, lambda v, z: 1 + mp.asinh((abs(v) + 1) / z))
    compare(name, reference, ORDERS[:: 1 if name == "jv" else 4], [(1, 0), (2, 0)], scale=size)
    compare(name, reference, ORDERS[::4], [(0, 1), (0, 2)])
    compare(name, reference, [(1.0, 2.5)], [(1, 1)])


def test_scaled_functions_of_large_arguments():
    """Where the derivatives are small beside the terms of the product rule."""
    for name in ("ive", "kve", "hankel1e"):
        compare(name, CYLINDER[name], [(2.5, 1e4), (7.5, 30.0)], [(0, 2)])
    compare("i0e", lambda x: mp.besseli(0, x) * mp.exp(-x), [(0.2,), (1e5,)], [FIRST, SECOND])
    compare("k1e", lambda x: mp.besselk(1, x) * mp.exp(x), [(24.0,)], [SECOND])


def test_fixed_orders():
    for name, reference in (("j0", mp.j0), ("j1", mp.j1)):
        compare(name, reference, [(1e-9,), (0.3,), (-2.0,), (80.0,)], [FIRST, SECOND])
    assert [grad(special.j0)(0.0), grad(special.j1)(0.0), grad(grad(special.j0))(0.0)] == [0, 0.5, -0.5]
    assert [grad(special.i0e)(0.0), grad(special.i1)(0.0)] == [0, 0.5]
    z = [(2, 0.5), (0, 1e-3), (5, 40.0)]
    compare("spherical_jn", lambda n, x: mp.sqrt(mp.pi / 2 / x) * mp.besselj(n + 0.5, x), z, [FIRST, SECOND], fixed=1)
    compare("spherical_kn", lambda n, x: mp.sqrt(mp.pi / 2 / x) * mp.besselk(n + 0.5, x), z, [FIRST, SECOND], fixed=1)
    assert grad(lambda x: special.spherical_jn(1, x))(0.0) == pytest.approx(1 / 3, rel=1e-15)
    assert grad(lambda x: special.spherical_jn(0, x))(0.0) == 0


def test_airy():
    for take, (reference, order) in enumerate([(mp.airyai, 0), (mp.airyai, 1), (mp.airybi, 0), (mp.airybi, 1)]):
        value = lambda x, f=reference, n=order: f(x, derivative=n)  # noqa: E731
        compare("airy", value, [(-150.0,), (-2.0,), (0.1,), (5.0,)], [FIRST, SECOND], take=take)
        sign = -1 if take > 1 else 1
        scaled = lambda x, f=value, s=sign: f(x) * mp.exp(s * 2 * x**1.5 / 3)  # noqa: E731
        compare("airye", scaled, [(0.5,), (15.0,), (17.0,), (1e5,)], [FIRST, SECOND], take=take)


def test_elliptic_integrals():
    m = [(-50.0,), (0.0,), (1e-9,), (0.9,), (1 - 1e-7,)]
    compare("ellipk", mp.ellipk, m, [FIRST, SECOND])
    compare("ellipe", mp.ellipe, m, [FIRST, SECOND])
    compare("ellipkm1", lambda p: mp.ellipk(1 - p), [(1e-12,), (0.5,), (3.0,)], [FIRST, SECOND])
    pairs = [(0.3, 1e-9), (1.6, 0.97), (-2.5, 0.4), (20.0, -3.0), (1.5, 0.999)]
    compare("ellipkinc", mp.ellipf, pairs, IN_TWO)
    compare("ellipeinc", mp.ellipe, pairs, IN_TWO)
    for take, kind in enumerate(["sn", "cn", "dn"]):
        value = lambda u, m, kind=kind: mp.ellipfun(kind, u, m=m)  # noqa: E731
        compare("ellipj", value, [(0.5, 0.3), (4.0, 0.7), (-2.0, 1e-8)], IN_TWO, take=take)
    # At the ends of the domain
    assert [grad(special.ellipk)(1.0), grad(special.ellipe)(1.0)] == [np.inf, -np.inf]
    assert np.isnan(grad(special.ellipk)(2.0)) and grad(special.ellipk)(0.0) == pytest.approx(np.pi / 8, rel=1e-15)


def test_carlson_integrals():
    three = [(0.3, 1.5, 2.0), (1e-8, 0.5, 300.0), (1 + 1j, 2 - 0.5j, 0.3 + 0j)]
    orders = (1, 0, 0), (0, 0, 1), (0, 2, 0), (1, 1, 0)
    for name in ("elliprf", "elliprd", "elliprg"):
        compare(name, getattr(mp, name), three, orders)
    compare("elliprc", mp.elliprc, [(0.3, 1.5), (0.5, -1.3)], IN_TWO[:2])
    compare("elliprj", mp.elliprj, [(0.3, 1.5, 2.0, 0.6)], [(1, 0, 0, 0), (0, 0, 0, 1), (0, 0, 1, 1)])
    with pytest.raises(MissingRuleError, match="p is negative"):
        grad(special.elliprj, argnums=3)(1.0, 2.0, 3.0, -1.0)


def test_orthogonal_polynomials():
    x = [(n, x) for n in (0, 1, 2, 30) for x in (-1.0, 0.3, 1.0, 2.5)]
    for name in ("legendre", "chebyt", "chebyu", "hermite"):
        compare(f"eval_{name}", getattr(mp, name), x, [FIRST, SECOND], fixed=1)
    compare("eval_genlaguerre", mp.laguerre, [(7, 0.3, 0.9), (30, -0.4, 2.5)], IN_TWO, fixed=1)
    compare("eval_gegenbauer", mp.gegenbauer, [(7, 0.3, 0.9), (30, 2.0, -0.5)], IN_TWO, fixed=1)
    orders = (1, 0, 0), (0, 2, 0), (1, 1, 0), (1, 0, 1)
    compare("eval_jacobi", mp.jacobi, [(7, 0.3, -0.2, 0.9), (30, 2.0, 0.7, -0.5)], orders, fixed=1, tolerance=1e-8)
    compare("eval_legendre", mp.legendre, [(2.0, 0.3), (3.3, -0.5)], IN_TWO[:2])  # in the degree


def test_zeta():
    compare("zeta", mp.zeta, [(x,) for x in (-20.5, -2.0, 0.0, 0.99, 1.01, 60.0)], [FIRST, SECOND], tolerance=1e-12)
    compare("zeta", mp.zeta, [(1.01, 0.1), (2.0, 1.0), (5.5, 200.0)], IN_TWO, tolerance=1e-12)
    assert np.isnan(grad(special.zeta)(1.0)) or np.isinf(grad(special.zeta)(1.0))


def test_other_integrals():
    w = lambda z: mp.exp(-z * z) * mp.erfc(-1j * z)  # noqa: E731
    points = [(0.5 + 0.2j,), (6.4 - 0.5j,), (7 - 0.3j,), (50 + 1j,), (4 - 6j,), (1e3j,)]
    for args in points:
        expected = mp.diff(w, args[0], h=mp.mpf(10) ** -12)
        assert abs(jvp(special.wofz, args, (1 + 0j,))[1] - complex(expected)) < 1e-12 * abs(expected)
    compare("lambertw", mp.lambertw, [(1e-9,), (0.5,), (-0.3,), (1e10,)], [FIRST, SECOND])
    assert jvp(special.lambertw, (0.0,), (1.0,))[1] == 1


def test_hypergeometric():
    compare("hyp0f1", mp.hyp0f1, [(0.3, -5.0), (20.0, 50.0), (-1.4, 0.7)], IN_TWO, tolerance=1e-9)
    orders = (1, 0, 0), (0, 1, 0), (0, 0, 1), (2, 0, 0), (0, 2, 0), (1, 1, 0), (0, 1, 1)
    compare("hyp1f1", mp.hyp1f1, [(0.3, 1.5, -50.0), (2.0, 0.7, 3.0), (-1.6, -1.5, 0.4)], orders, tolerance=1e-9)
    compare("hyperu", mp.hyperu, [(0.3, 1.5, 3.0), (2.0, 0.7, 0.4), (5.0, 2.0, 3.0)], orders, tolerance=1e-8)
    orders = (1, 0, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1), (0, 2, 0, 0), (1, 0, 1, 0)
    compare("hyp2f1", mp.hyp2f1, [(0.3, 0.8, 1.5, -0.9), (2.0, 1.0, 0.7, 0.97)], orders, tolerance=1e-8)


def test_what_is_not_accurate_is_refused():
    """What jumps or has a corner cannot be interpolated: there is an error, and no number."""
    rough = [np.sign, np.abs, lambda x: np.where(x > 0.1, 1 + 1e-6, 1)]
    for function in rough:
        with pytest.raises(MissingRuleError, match="f in x: no derivative with an accuracy of 1e-8"):
            differentiate(function, np.array([0.3, 0.05]), 0.5, 1, "f in x")
    x = np.array([-2.0, 0.3, 5.0])
    np.testing.assert_allclose(differentiate(np.exp, x, 1.0, 2), np.exp(x), rtol=1e-12)


def test_spherical_harmonics_at_the_poles():
    if not hasattr(special, "sph_harm_y"):
        pytest.skip("SciPy < 1.15")
    slope = grad(lambda theta: anp.real(special.sph_harm_y(2, 1, theta, 0.0)))(0.0)
    assert slope == pytest.approx(-np.sqrt(15 / (8 * np.pi)), rel=1e-14)


def test_struve_functions_without_cancelling_terms():
    """Where the formula with z^v lost all digits, and where the first terms of the series are 0."""
    slope = lambda v, z: mp.struveh(v - 1, z) - v / z * mp.struveh(v, z)  # noqa: E731
    found = grad(lambda z: special.struve(2.5, z))(1e10)
    assert found == pytest.approx(1.5 * (5e9) ** 0.5 / 2 / np.sqrt(np.pi) / 2, rel=1e-6)
    assert grad(lambda z: special.struve(3.0, z))(60.0) == pytest.approx(float(slope(3, mp.mpf(60))), rel=1e-10)
    bessel = mp.diff(lambda z: mp.besselj(30.5, z), mp.mpf("0.3"), h=mp.mpf(10) ** -14)
    assert abs(grad(lambda z: special.struve(-30.5, z))(0.3)) == pytest.approx(abs(float(bessel)), rel=1e-9)
    assert np.isnan(grad(lambda z: special.struve(np.nan, z))(0.5))


def test_hyperu_of_polynomials_and_large_b():
    assert grad(lambda x: special.hyperu(-1.0, 30.0, x))(0.4) == 1
    assert grad(lambda x: special.hyperu(-3.0, 2.0, x))(0.4) == pytest.approx(26.88, rel=1e-14)
    with pytest.raises(MissingRuleError, match="hyperu"):
        grad(lambda a: special.hyperu(a, 30.0, 0.4))(-2.5)


def test_clipped_inverses():
    """What SciPy puts at an end of its interval does not move."""
    assert grad(lambda m: special.pdtrik(1e-8, m))(2.5) == 0
    assert grad(lambda m: special.pdtrik(0.6, m))(2.5) > 1
    assert grad(lambda p: special.bdtrik(1e-8, 2.0, p))(0.4) == 0
    assert grad(lambda b: special.gdtria(0.0, b, 1.0))(2.0) == 0
    assert grad(lambda v: special.chdtri(v, 1.0))(2.5) == 0


def test_densities_at_the_ends_of_the_support():
    assert grad(lambda x: special.gammainc(30.0, x))(0.0) == 0
    assert grad(lambda x: special.betainc(30.0, 25.0, anp.asarray(x)).sum())(np.array([0.0, 1.0])).tolist() == [0, 0]


def test_noncentral_t_far_out():
    expected = grad(lambda p: special.stdtrit(0.4, p))(1e-8)
    assert grad(lambda p: special.nctdtrit(0.4, 0.0, p))(1e-8) == pytest.approx(expected, rel=1e-6)


def test_at_extreme_arguments_nothing_stands_still():
    """SciPy's hyp1f1 and lpmv take a time that grows with their arguments."""
    assert grad(lambda x: special.boxcox(x, 1e300))(2.0) == np.inf
    assert grad(lambda power: special.boxcox(np.e, power))(-1e12) == pytest.approx(1e-24, rel=1e-12)
    assert grad(special.exprel)(-1e300) == 0
    assert np.isnan(grad(lambda v: special.lpmv(1e8, v, 0.5))(2.0))


def test_elements_do_not_disturb_each_other():
    """One with a wide span of scales made all the others NaN."""
    m = np.array([-1e300, 0.3, np.nan, -np.inf])
    second = grad(lambda m: grad(lambda m: special.ellipk(m).sum())(m).sum())
    assert second(m)[1] == pytest.approx(second(m[1:2])[0], rel=1e-13)


def test_arithmetic_geometric_mean():
    compare("agm", mp.agm, [(1.0, 2.0), (1e-8, 1e10), (3.0, 3.0)], IN_TWO[:2])
    assert [grad(special.agm)(1.0, 0.0), grad(special.agm)(0.0, 1.0)] == [0, np.inf]
    assert np.isnan(grad(special.agm)(1.0, -2.0))


def test_kelvin_functions_near_zero():
    """kei'' was the rounding of terms of the size of x⁻²."""
    second = mp.diff(lambda x: mp.kei(0, x), mp.mpf("1e-6"), 2, h=mp.mpf(10) ** -14)
    assert grad(special.keip)(1e-6) == pytest.approx(float(second), rel=1e-10)


VALUES = {
    "bdtr": (2.0, 8, 0.3), "nbdtr": (2.0, 8.0, 0.3), "bdtri": (2.0, 8, 0.3), "fdtr": (2.5, 3.0, 0.7),
    "voigt_profile": (0.3, 1.1, 0.7), "eval_legendre": (3.0, 0.3), "eval_jacobi": (4.0, 0.5, 1.5, 0.3),
    "eval_gegenbauer": (5.0, 0.7, -0.4), "eval_sh_jacobi": (3.0, 2.5, 1.5, 0.3), "elliprc": (0.3, -1.2),
}


@pytest.mark.parametrize("name", VALUES)
def test_traced_values_are_those_of_scipy(name):
    """Also where the slopes are those of a definition by other functions."""
    args = VALUES[name]
    value = jvp(lambda x: getattr(special, name)(*args[:-1], x), (np.float64(args[-1]),), (1.0,))[0]
    assert value == getattr(scipy.special, name)(*args)


def test_ends_of_definitions_do_not_warn():
    assert grad(lambda x: special.fdtr(1.0, 3.0, x))(0.0) == np.inf
    assert grad(lambda x: special.elliprc(x, -2.0))(0.0) == np.inf
