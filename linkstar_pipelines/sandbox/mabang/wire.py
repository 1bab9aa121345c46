"""Mabang's wire: the call as an interface sees it, the envelope, refusals, times and money.

Here: parameters and their checks. Not here: signatures (see `gateway`), interfaces.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from linkstar_pipelines.sandbox.faults import Strike
from linkstar_pipelines.sandbox.wire import Json, RefusedError, Reply

CHINA: Final = timezone(timedelta(hours=8))
TIME: Final = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Call:
    """One signed call: which interface, when, with which parameters, struck by which faults."""

    api: str
    now: int
    data: Mapping[str, Any]
    strike: Strike

    def whole(self, name: str, default: int, most: int) -> int:
        """Read a whole number from 1 on; refuses one that is none or too large."""
        value = str(self.data.get(name, default))
        if not value.isdecimal() or not 1 <= int(value) <= most:
            raise invalid(f"{name}必须是1到{most}的整数")
        return int(value)

    def instant(self, name: str) -> int | None:
        """Read a wall clock time of China; None where it is not given."""
        text = self.data.get(name)
        if not text:
            return None
        try:
            return int(datetime.strptime(str(text), TIME).replace(tzinfo=CHINA).timestamp())
        except ValueError:
            raise invalid(f"{name}格式必须是YYYY-MM-DD HH:MM:SS") from None


def done(data: Json) -> Reply:
    """Answer a success."""
    return Reply({"code": "200", "message": "成功", "data": data})


def refused(message: str, code: str = "500", status: int = 200) -> RefusedError:
    """Refuse a call; the gateway says so with HTTP 200."""
    return RefusedError(Reply({"code": code, "message": message, "data": None}, status), message)


def invalid(message: str) -> RefusedError:
    """Refuse a parameter."""
    return refused(f"参数错误：{message}")


def wall_clock(instant: int) -> str:
    """Write an instant as a clock in China shows it."""
    return datetime.fromtimestamp(instant, CHINA).strftime(TIME)


def yuan(fen: int) -> str:
    """Write whole fen as yuan."""
    return f"{fen // 100}.{fen % 100:02d}"
