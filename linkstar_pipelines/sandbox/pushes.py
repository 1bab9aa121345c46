"""Push notifications of the sandbox, ready to be sent.

Here: what every platform's notification comes to. Not here: bodies and signatures (each platform's own), or delivery.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SignedPush:
    """One notification, to be sent with POST."""

    headers: dict[str, str]
    body: bytes
