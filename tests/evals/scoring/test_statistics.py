"""Statistics against values from the literature and against brute force."""

from itertools import combinations, product

import pytest

from azure_devops_evals.scoring.statistics import pass_power, sign_test, wilson


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # Newcombe (1998), Statistics in Medicine 17, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (29, 29, 0.8830, 1.0),
    ],
)
def test_wilson_agrees_with_published_intervals(successes, trials, low, high):
    assert wilson(successes, trials) == pytest.approx((low, high), abs=5e-5)


def test_wilson_is_symmetric_and_grows_with_confidence():
    low, high = wilson(3, 10)
    assert wilson(7, 10) == pytest.approx((1 - high, 1 - low))
    wider = wilson(3, 10, 0.99)
    assert wider[0] < low
    assert high < wider[1]


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_pass_power_is_the_share_of_samples_in_which_all_succeed(k):
    outcomes = [True, True, True, False, True]
    samples = list(combinations(outcomes, k))
    assert pass_power(4, 5, k) == pytest.approx(sum(map(all, samples)) / len(samples))


def test_wilson_of_other_levels_agrees_with_the_formula():
    # z is 1.6449 for 90 %, 1.9600 for 95 % and 2.5758 for 99 %.
    for confidence, z in ((0.90, 1.6448536), (0.95, 1.9599640), (0.99, 2.5758293)):
        middle, spread = (0.3 + z**2 / 20) / (1 + z**2 / 10), z * (0.021 + z**2 / 400) ** 0.5 / (1 + z**2 / 10)
        assert wilson(3, 10, confidence) == pytest.approx((middle - spread, middle + spread), abs=1e-6)
    assert wilson(0, 5)[0] == 0.0
    assert wilson(5, 5)[1] == 1.0


def test_pass_power_of_always_and_never():
    assert pass_power(5, 5, 5) == 1
    assert pass_power(0, 5, 1) == 0


@pytest.mark.parametrize(
    ("better", "worse", "p"), [(0, 0, 1.0), (1, 0, 1.0), (5, 0, 0.0625), (6, 0, 0.03125), (10, 2, 0.03857421875)]
)
def test_the_sign_test_agrees_with_known_values(better, worse, p):
    assert sign_test(better, worse) == pytest.approx(p)
    assert sign_test(worse, better) == pytest.approx(p)


def test_the_sign_test_agrees_with_counting_every_outcome():
    extreme = [sum(signs) for signs in product([0, 1], repeat=9) if min(sum(signs), 9 - sum(signs)) <= 2]
    assert sign_test(7, 2) == pytest.approx(len(extreme) / 2**9)


@pytest.mark.parametrize(
    "call",
    [
        lambda: wilson(0, 0), lambda: wilson(3, 2), lambda: pass_power(1, 2, 3), lambda: pass_power(1, 2, 0),
        lambda: pass_power(3, 2, 1), lambda: pass_power(-1, 2, 1), lambda: wilson(-1, 2), lambda: sign_test(-1, 2),
        lambda: sign_test(2, -1),
    ],
)  # fmt: skip
def test_what_cannot_be_estimated_is_refused(call):
    with pytest.raises(ValueError, match=r"no interval|cannot be estimated|cannot be negative"):
        call()
