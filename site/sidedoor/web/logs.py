"""What this site writes down: problems with content and faults of its own. Never an address, a path or a visitor."""

import logging


class _NoRequests(logging.Filter):
    """Drops the line that Flask's development server writes for every request; it holds the address and the path."""

    def filter(self, record: logging.LogRecord) -> bool:
        return " - - [" not in str(record.msg) and "HTTP/" not in record.getMessage()


def set_up_logs() -> None:
    """Send our own lines to standard error. Calling it again changes nothing."""
    ours = logging.getLogger("sidedoor")
    if not ours.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(message)s"))
        ours.addHandler(handler)
        ours.setLevel(logging.INFO)
        ours.propagate = False
    server = logging.getLogger("werkzeug")
    if not any(isinstance(known, _NoRequests) for known in server.filters):
        server.addFilter(_NoRequests())
