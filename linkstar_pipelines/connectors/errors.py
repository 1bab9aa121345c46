"""What can go wrong on the wire, as types.

Belongs here: one class per kind of failure that a caller treats differently. Each says what happened, which
store and operation, and what to do next; none ever carries a credential or a payload.
Does not belong here: failures of our own storage, or bad rows in a good answer (quarantine).
"""

from typing import ClassVar


class ConnectorError(Exception):
    """A call to a platform failed.

    Attributes:
        transient: whether the same call may succeed later without anybody changing anything.
        platform: platform of the call, such as `amazon`.
        store: name of the store, as in the settings.
        operation: operation of the platform, such as `searchOrders`.
        trace_id: id of the call in the call log (`ops.api_call.trace_id`), empty where many calls are concerned.
    """

    transient: ClassVar[bool] = False

    def __init__(self, message: str, *, platform: str, store: str, operation: str, trace_id: str = "") -> None:
        trace = f" (trace {trace_id})" if trace_id else ""
        super().__init__(f"{platform} store '{store}', {operation}: {message}{trace}")
        self.platform = platform
        self.store = store
        self.operation = operation
        self.trace_id = trace_id


class CredentialError(ConnectorError):
    """The platform does not accept the store's credentials, or they do not grant the operation."""


class UnreachableError(ConnectorError):
    """No answer from the host: no connection, no name, or silence past the timeout."""

    transient = True


class ThrottledError(ConnectorError):
    """The platform kept answering 429 until the attempts were used up."""

    transient = True


class PlatformError(ConnectorError):
    """The platform kept answering 5xx until the attempts were used up."""

    transient = True


class RequestRejectedError(ConnectorError):
    """The platform understood the request and refused it (4xx).

    Attributes:
        status: HTTP status.
        code: the platform's own error code, such as `InvalidInput`.
    """

    def __init__(
        self, message: str, *, status: int, code: str, platform: str, store: str, operation: str, trace_id: str
    ) -> None:
        super().__init__(message, platform=platform, store=store, operation=operation, trace_id=trace_id)
        self.status = status
        self.code = code


class MalformedAnswerError(ConnectorError):
    """The answer is truncated, not in the expected form, or lacks required parts."""

    transient = True


class ReportFailedError(ConnectorError):
    """The platform could not make a report that was asked for, or not in time."""

    transient = True


class BudgetExhaustedError(ConnectorError):
    """The rate budget would free the call only after longer than the configured wait."""

    transient = True


class IncompleteReadingError(ConnectorError):
    """Repeated readings of a paged stream kept disagreeing: it cannot be called whole.

    What is known to be missing is named in `ops.ingest_gap`.
    """

    transient = True
