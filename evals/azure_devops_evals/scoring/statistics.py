"""The statistics for trials of a model, as pure functions of counts."""

from math import comb, sqrt
from statistics import NormalDist


def wilson(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the Wilson score interval of a share. It stays between 0 and 1 and also holds for few trials.

    Args:
        successes: The number of successes.
        trials: The number of trials.
        confidence: The confidence level, between 0 and 1.

    Raises:
        ValueError: There were no trials, or more successes than trials.
    """
    if not 0 <= successes <= trials or trials == 0:
        raise ValueError(f"{successes} successes in {trials} trials have no interval")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = successes / trials
    middle = share + z * z / (2 * trials)
    spread = z * sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    # At the ends the interval reaches the end exactly; rounding would leave a hair of it.
    low = 0.0 if successes == 0 else (middle - spread) / scale
    high = 1.0 if successes == trials else (middle + spread) / scale
    return low, high


def pass_power(successes: int, trials: int, k: int) -> float:
    """Return pass^k: an unbiased estimate of the chance that k trials all succeed, from k or more trials.

    pass^k measures how reliable an agent is; pass@k measures whether it ever succeeds.

    Raises:
        ValueError: There are fewer than k trials.
    """
    if not 0 <= successes <= trials or not 1 <= k <= trials:
        raise ValueError(f"pass^{k} cannot be estimated from {successes} successes in {trials} trials")
    return comb(successes, k) / comb(trials, k)


def sign_test(better: int, worse: int) -> float:
    """Return the p value of the two-sided exact sign test: how likely such an uneven split is by chance.

    On pairs of single trials this is McNemar's exact test. Pairs that do not differ are not counted.

    Raises:
        ValueError: A count is negative.
    """
    if min(better, worse) < 0:
        raise ValueError("counts cannot be negative")
    pairs = better + worse
    tail: float = sum(comb(pairs, number) for number in range(min(better, worse) + 1)) / 2**pairs
    return min(1.0, 2 * tail)
