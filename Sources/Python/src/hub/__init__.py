"""Arrays on a Nave server, as if they were local.

    import hub

    a = hub.array((10_000_000_000, 512, 512, 3), name="test/bigarray:v0")
    a[9_999_999_999] = image
    hub.load("imagenet")[0:10, 100:200, 100:200].std()

NumPy and urllib3 are imported at once; what costs more (zarr, obstore, torch, xarray, dask) is
imported where it is used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from hub.arrays import Array
from hub.change_stream import ChangeStream, Event
from hub.client import Client, current_client
from hub.configuration import Configuration, configure, configured, current_configuration
from hub.draft import Draft
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
    Unsupported,
)
from hub.opening import array, delete, load
from hub.reference import Reference
from hub.tracing import Trace, trace
from hub.version import Commit, Difference, Version, versions
from hub.view import View

if TYPE_CHECKING:
    from hub import cache
    from hub.diagnosis import doctor
    from hub.store import HubStore
    from hub.training.mix import mix
    from hub.training.order import Shuffle
    from hub.transfer.mirror import mirror
    from hub.transfer.pull import pull
    from hub.transfer.push import push
    from hub.view_store import ViewStore

__version__ = "0.1.0"

# Where each name comes from that is imported when it is first used.
_LAZY = {
    "HubStore": "hub.store",
    "Shuffle": "hub.training.order",
    "doctor": "hub.diagnosis",
    "mirror": "hub.transfer.mirror",
    "mix": "hub.training.mix",
    "pull": "hub.transfer.pull",
    "push": "hub.transfer.push",
    "ViewStore": "hub.view_store",
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
    "HubStore",
    "IntegrityError",
    "Invalid",
    "NotFound",
    "Offline",
    "OutOfRange",
    "Reference",
    "Shuffle",
    "Trace",
    "Unavailable",
    "Unsupported",
    "Version",
    "View",
    "ViewStore",
    "array",
    "cache",
    "configure",
    "configured",
    "current_client",
    "current_configuration",
    "delete",
    "doctor",
    "load",
    "mirror",
    "mix",
    "pull",
    "push",
    "trace",
    "versions",
]


def __getattr__(name: str) -> Any:
    if name == "cache":
        return importlib.import_module("hub.cache")
    module = _LAZY.get(name)
    if module is None:
        raise AttributeError(f"module 'hub' has no attribute {name!r}")
    value = getattr(importlib.import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    # Neither modules nor what this file imports for itself.
    special = {name for name in globals() if name.startswith("__")}
    return sorted(special | {*__all__})
