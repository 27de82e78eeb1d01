"""Celery's broker in a folder, for an installation without Redis.

Kombu's own transport gives a message its final name before it writes it, and a worker that reads
the empty file dies. This one writes beside it and renames.
"""

import contextlib
import os
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import filesystem
from kombu.utils.encoding import bytes_to_str, str_to_bytes
from kombu.utils.json import dumps, loads


class Channel(filesystem.Channel):
    # Kombu's two base classes do not agree on the names of the arguments.
    def _put(self, queue: str, payload: dict[str, Any], **kwargs: Any) -> None:  # type: ignore[override]
        # Nanoseconds of the wall clock keep the order over restarts; the digits sort as text.
        name = f"{time.time_ns():020d}_{uuid.uuid4()}.{queue}.msg"
        folder = Path(self.data_folder_out)
        part = folder / f"{name}.part"
        try:
            part.write_bytes(str_to_bytes(dumps(payload)))
            part.rename(folder / name)
        except OSError as error:
            raise ChannelError(f"The file broker could not write into {folder}: {error}.") from error

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        folder = Path(self.data_folder_in)
        for name in sorted(self._names(queue)):
            taken = folder / f"{name}.{os.getpid()}.taken"
            try:
                (folder / name).rename(taken)
            except FileNotFoundError:
                continue  # Another worker was faster.
            try:
                return loads(bytes_to_str(taken.read_bytes()))
            except ValueError:
                continue  # A full disk cut it short: a ring is lost, and the next tick makes good.
            finally:
                with contextlib.suppress(OSError):
                    taken.unlink()
        raise Empty

    def _names(self, queue: str) -> list[str]:
        end = f".{queue}.msg"
        return [name for name in os.listdir(self.data_folder_in) if name.endswith(end)]  # noqa: PTH208

    def _size(self, queue: str) -> int:
        return len(self._names(queue))

    def _purge(self, queue: str) -> int:
        count = 0
        for name in self._names(queue):
            with contextlib.suppress(FileNotFoundError):
                (Path(self.data_folder_in) / name).unlink()
                count += 1
        return count


class Transport(filesystem.Transport):
    Channel = Channel


def clear(folder: Path) -> None:
    """Make the folder and empty it: what an earlier run left is only rings that nobody heard."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        with contextlib.suppress(OSError):
            path.unlink()
