"""What looks now and then whether a running worker can go on.

Rules: what a look raises ends the worker; so does what nobody thought of, for a watch that died
unseen would watch no more. What is not the watch's business, it keeps to itself.
"""

import asyncio
from collections.abc import Callable


class Watch:
    """Looks every `every_s` until it is stopped; `failed` is told of what must end the worker."""

    def __init__(self, every_s: float, failed: Callable[[BaseException], None]) -> None:
        self._every_s = every_s
        self._failed = failed
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look, for the first time after `every_s`."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Look no more."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def look(self) -> None:
        """Look once. Raises what must end the worker."""
        raise NotImplementedError

    async def _run(self) -> None:
        try:
            while True:
                await asyncio.sleep(self._every_s)
                await self.look()
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001  # told to the one who ends the process
            self._failed(error)
