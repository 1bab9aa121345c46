"""Tongtool's wire: the call as a query sees it, the envelope, codes, times and money.

Here: parameters and their checks, and pages. Not here: tokens and signatures (see `auth`), queries.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final, TypeVar

from linkstar_pipelines.sandbox.erp_pages import numbered
from linkstar_pipelines.sandbox.faults import Strike
from linkstar_pipelines.sandbox.wire import Json, RefusedError, Reply

Item = TypeVar("Item")
CHINA: Final = timezone(timedelta(hours=8))
TIME: Final = "%Y-%m-%d %H:%M:%S"
MOST_ROWS: Final = 100
MOST_SKUS: Final = 10

BAD_SIGN, TOKEN_EXPIRED, NOT_AUTHORIZED = 519, 523, 524
BAD_PARAMETERS, TOO_MANY, SYSTEM_FAULT = 525, 526, 527
WORDS: Final = {
    BAD_SIGN: "签名错误",
    TOKEN_EXPIRED: "Token 已过期",
    NOT_AUTHORIZED: "未授权的请求",
    BAD_PARAMETERS: "请求参数错误",
    TOO_MANY: "接口请求超请求次数限额",
    SYSTEM_FAULT: "系统错误",
}


@dataclass(frozen=True, slots=True)
class Call:
    """One signed call: when, with which parameters, struck by which faults."""

    now: int
    data: Mapping[str, Any]
    strike: Strike

    def whole(self, name: str, default: int, most: int) -> int:
        """Read a whole number from 1 on; refuses one that is none or too large."""
        value = str(self.data.get(name, default))
        if not value.isdecimal() or not 1 <= int(value) <= most:
            raise invalid(f"{name}: 1-{most}")
        return int(value)

    def one_of(self, name: str, words: Sequence[str]) -> str:
        """Read a word of a list; refuses any other, and none."""
        value = self.data.get(name)
        if value not in words:
            raise invalid(f"{name}: {'/'.join(words)}")
        return str(value)

    def span(self, start: str, end: str) -> tuple[int, int]:
        """Read the bounds of a time of change, both included; open where they are not given."""
        return self._instant(start, 0), self._instant(end, 2**40)

    def skus(self) -> frozenset[str]:
        """Read the codes asked for, ten at most; none stands for all."""
        value = self.data.get("skus") or []
        if not isinstance(value, list) or len(value) > MOST_SKUS:
            raise invalid(f"skus: 1-{MOST_SKUS}")
        return frozenset(map(str, value))

    def page(self, items: Sequence[Item], render: Callable[[Item], Json]) -> Reply:
        """Answer the page that is asked for; nothing tells how many there are."""
        number, size = self.whole("pageNo", 1, 10**6), self.whole("pageSize", MOST_ROWS, MOST_ROWS)
        array = [render(item) for item in numbered(items, number, size, self.strike)]
        datas = {"array": array, "pageNo": number, "pageSize": size}
        return Reply({"code": 200, "message": "Success", "datas": datas, "others": None})

    def _instant(self, name: str, default: int) -> int:
        text = self.data.get(name)
        if not text:
            return default
        try:
            return int(datetime.strptime(str(text), TIME).replace(tzinfo=CHINA).timestamp())
        except ValueError:
            raise invalid(f"{name}: yyyy-MM-dd HH:mm:ss") from None


def refused(code: int, detail: str = "", status: int = 200) -> RefusedError:
    """Refuse a call: with HTTP 200, unless told otherwise."""
    words = WORDS.get(code, "") + (f" ({detail})" if detail else "")
    return RefusedError(Reply({"code": code, "message": words, "datas": None, "others": None}, status), words)


def invalid(detail: str) -> RefusedError:
    """Refuse a parameter."""
    return refused(BAD_PARAMETERS, detail)


def wall_clock(instant: int) -> str:
    """Write an instant as a clock in China shows it."""
    return datetime.fromtimestamp(instant, CHINA).strftime(TIME)


def yuan(fen: int) -> float:
    """Write whole fen as yuan."""
    return round(fen / 100, 2)
