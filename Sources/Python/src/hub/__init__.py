"""Arrays on a Nave server, as if they were local.

    import hub

    a = hub.array((10_000_000_000, 512, 512, 3), name="test/bigarray:v0")
    a[9_999_999_999] = image
    hub.load("imagenet")[0:10, 100:200, 100:200].std()

What costs time to import (zarr, obstore, torch, xarray, dask) is imported where it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from hub.configuration import Configuration, configure, configured, current_configuration
from hub.errors import (
    Conflict,
    Denied,
    HubError,
    IntegrityError,
    Invalid,
    NotFound,
    Offline,
    OutOfRange,
    Unavailable,
)
from hub.reference import Reference
from hub.tracing import Trace, trace

if TYPE_CHECKING:
    from hub.arrays import Array
    from hub.change_stream import ChangeStream, Event
    from hub.client import Client, current_client
    from hub.draft import Draft
    from hub.opening import array, delete, load
    from hub.version import Commit, Difference, Version, versions
    from hub.view import View

__version__ = "0.1.0"

# Where each name comes from that is imported when it is first used.
_LAZY = {
    "Array": "hub.arrays",
    "ChangeStream": "hub.change_stream",
    "Event": "hub.change_stream",
    "Client": "hub.client",
    "current_client": "hub.client",
    "Draft": "hub.draft",
    "array": "hub.opening",
    "delete": "hub.opening",
    "load": "hub.opening",
    "Commit": "hub.version",
    "Difference": "hub.version",
    "Version": "hub.version",
    "versions": "hub.version",
    "View": "hub.view",
}

__all__ = [
    "Array",
    "ChangeStream",
    "Client",
    "Commit",
    "Configuration",
    "Conflict",
    "Denied",
    "Difference",
    "Draft",
    "Event",
    "HubError",
    "IntegrityError",
    "Invalid",
    "NotFound",
    "Offline",
    "OutOfRange",
    "Reference",
    "Trace",
    "Unavailable",
    "Version",
    "View",
    "array",
    "configure",
    "configured",
    "current_client",
    "current_configuration",
    "delete",
    "load",
    "trace",
    "versions",
]


def __getattr__(name: str) -> Any:
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(f"module 'hub' has no attribute {name!r}")
    value = getattr(importlib.import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY})
