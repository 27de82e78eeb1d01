"""Secrets that stand in addresses never stand in the log."""

import logging
import re

_SECRET = re.compile(
    r"(/(?:in|calendar|ping|ack|ack-all|invited|prove|heard|confirm|confirm-email|manage|unsubscribe|reset/key)/)[^/\s?'\"]{8,}"
)


class Masked(logging.Filter):
    """Cuts keys and tokens of links out of every line; a reader of the log must not become their owner."""

    def filter(self, record: logging.LogRecord) -> bool:
        words = record.getMessage()
        masked = _SECRET.sub(r"\1…", words)
        if masked != words:
            record.msg, record.args = masked, ()
        return True
