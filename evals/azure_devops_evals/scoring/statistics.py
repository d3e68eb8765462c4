"""The few statistics that trials of a model need; pure functions of counts."""

from math import comb, sqrt
from statistics import NormalDist


def wilson(successes: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """The Wilson score interval of a share, which stays between 0 and 1 and is right for few trials, too.

    Args:
        successes: How many.
        trials: Of how many.
        confidence: Between 0 and 1.

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
    """pass^k: the chance that k trials all succeed, estimated without bias from more of them.

    It asks whether an agent can be relied upon, where pass@k asks whether it ever succeeds.

    Raises:
        ValueError: Fewer than k trials say nothing about it.
    """
    if not 0 <= successes <= trials or not 1 <= k <= trials:
        raise ValueError(f"pass^{k} cannot be estimated from {successes} successes in {trials} trials")
    return comb(successes, k) / comb(trials, k)


def sign_test(better: int, worse: int) -> float:
    """The two-sided exact sign test: how likely a split at least as uneven is if neither side is better.

    On pairs of single trials this is McNemar's exact test. Pairs that do not differ are not counted.

    Raises:
        ValueError: A count is negative.
    """
    if min(better, worse) < 0:
        raise ValueError("counts cannot be negative")
    pairs = better + worse
    tail: float = sum(comb(pairs, number) for number in range(min(better, worse) + 1)) / 2**pairs
    return min(1.0, 2 * tail)
