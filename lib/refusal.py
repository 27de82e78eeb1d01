"""Refusals: how a rule says no. Every door shows the sentence, the API adds the code and the status."""


class Refused(Exception):
    """A rule said no, and nothing was changed.

    Attributes:
        code: stable snake_case name that scripts may compare.
        message: one whole sentence for the person who asked.
        status: HTTP status that the API answers (409 unless said otherwise).
    """

    status: int = 409

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        if status is not None:
            self.status = status


class Forbidden(Refused):
    """The person may not do this."""

    status = 403

    def __init__(self, message: str, code: str = "forbidden") -> None:
        super().__init__(code, message)


class Invalid(Refused):
    """The input is wrong, whoever sends it; ``field`` names what to mend."""

    status = 400

    def __init__(self, message: str, code: str = "invalid", field: str | None = None) -> None:
        super().__init__(code, message)
        self.field = field


class Missing(Refused):
    """There is no such thing, or the asker may not know of it."""

    status = 404

    def __init__(
        self, message: str = "There is nothing here under that name.", code: str = "missing"
    ) -> None:
        super().__init__(code, message)
