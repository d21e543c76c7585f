"""Readers who keep asking: several connections at once, with each request checked and each failure recorded."""

import http.client
import threading
import time
from urllib.parse import urlsplit

PAUSE_SECONDS = 0.005
"""The pause between two requests of a reader. Without it the readers would take the processor from the servers."""
PATHS = ("/", "/help/money", "/news", "/contacts", "/news/rss.xml")


class Load:
    """`with Load(url) as load:` asks until the block ends. `failures` says what went wrong, `answered` counts the answers."""

    def __init__(self, url: str, readers: int = 6, paths: tuple[str, ...] = PATHS) -> None:
        self._address = urlsplit(url).netloc
        self._paths = paths
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._read, daemon=True) for _ in range(readers)]
        self.readers = readers
        self.answered = 0
        self.failures: list[str] = []

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        time.sleep(0.3)
        return self

    def __exit__(self, *_: object) -> None:
        time.sleep(0.3)
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _read(self) -> None:
        connection = http.client.HTTPConnection(self._address, timeout=10)
        number = 0
        while not self._stop.is_set():
            path = self._paths[number % len(self._paths)]
            number += 1
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                body = answer.read()
                if answer.status != 200 or not body:
                    self.failures.append(f"{path}: {answer.status}")
                self.answered += 1
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(f"{path}: {error!r}")
                connection.close()
            time.sleep(PAUSE_SECONDS)
        connection.close()
