"""Reading the projected topics to their present end, for a rebuild of the store.

Rules: nobody is told of changes and nothing is relayed; offsets are kept with the rows, so that a
projector goes on from where this ended.
"""

import asyncio
from collections.abc import Callable

from alerts.store.projection import Projection
from streams.projector.projector import ProjectorOptions
from streams.projector.records import sorted_out
from streams.projector.source import source_of


async def read_through(
    options: ProjectorOptions,
    projection: Projection,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Read the topics from the store's offsets to their present end; return how many records.

    For a rebuild: nobody is told of changes, nothing is relayed. `progress` is told how many
    records were read and how many still wait. Raises StoreError, ClusterError, AheadError.
    """
    offsets = await asyncio.to_thread(projection.offsets)
    read = 0
    async with source_of(options.connection, options.namespace, offsets) as source:
        left = await source.unread()
        while left:
            fetched = await source.fetch(options.records_max, options.wait_s)
            found = sorted_out(fetched.records)
            if fetched.offsets:
                await asyncio.to_thread(projection.write, found.told, found.aside, fetched.offsets)
            read += len(fetched.records)
            left = await source.unread(left)
            if progress is not None:
                progress(read, sum(source.lag().values()))
    return read
