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
    from hub.arrays import Array, array, load
    from hub.client import Client, current_client
    from hub.view import View

__version__ = "0.1.0"

# Where each name comes from that is imported when it is first used.
_LAZY = {
    "Array": "hub.arrays",
    "View": "hub.view",
    "array": "hub.arrays",
    "load": "hub.arrays",
    "Client": "hub.client",
    "current_client": "hub.client",
}

__all__ = [
    "Array",
    "Client",
    "Configuration",
    "Conflict",
    "Denied",
    "HubError",
    "IntegrityError",
    "Invalid",
    "NotFound",
    "Offline",
    "OutOfRange",
    "Reference",
    "Trace",
    "Unavailable",
    "View",
    "array",
    "configure",
    "configured",
    "current_client",
    "current_configuration",
    "load",
    "trace",
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
