"""Seeded chance: the only source of randomness of the world.

Here: hashes and generators that depend on nothing but their arguments, so that any part of the world can be
computed alone and in any order. Not here: distributions of the business (see `demand`, `life`).
"""

import hashlib
import math
from random import Random

Part = str | int


def number(*parts: Part) -> int:
    """Return a 64-bit integer that depends on `parts` alone."""
    digest = hashlib.blake2b("/".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def unit(*parts: Part) -> float:
    """Return a float in [0, 1) that depends on `parts` alone."""
    return number(*parts) / 2**64


def code(length: int, alphabet: str, *parts: Part) -> str:
    """Return `length` characters of `alphabet` that depend on `parts` alone."""
    value = int.from_bytes(hashlib.blake2b("/".join(map(str, parts)).encode(), digest_size=32).digest(), "big")
    letters = []
    for _ in range(length):
        value, index = divmod(value, len(alphabet))
        letters.append(alphabet[index])
    return "".join(letters)


def digits(*parts: Part) -> str:
    """Return 40 hexadecimal digits that depend on `parts` alone."""
    return hashlib.blake2b("/".join(map(str, parts)).encode(), digest_size=20).hexdigest()


def generator(*parts: Part) -> Random:
    """Return a random generator seeded by `parts` alone."""
    return Random("/".join(map(str, parts)))  # noqa: S311 - a simulation wants repeatable chance, not secrets


def poisson(rng: Random, mean: float) -> int:
    """Draw from a Poisson distribution (Knuth's product method; meant for means below about 30)."""
    limit = math.exp(-mean)
    count, product = 0, rng.random()
    while product > limit:
        count += 1
        product *= rng.random()
    return count


def between(rng: Random, low: int, high: int) -> int:
    """Draw an integer of [low, high], skewed towards `low` (square of a uniform)."""
    return low + int((high - low + 1) * rng.random() ** 2)
