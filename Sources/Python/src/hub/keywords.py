"""Keywords that a function takes as settings, and those that it does not know at all."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from hub.configuration import SETTINGS
from hub.errors import Invalid


def check_keywords(function: Callable[..., Any], settings: Mapping[str, Any]) -> None:
    """Refuses what a public function was given beside its own arguments and is no setting.

    Args:
        function: one of those that `hub` gives out, by its name there.
        settings: what its `**settings` holds.

    Raises:
        Invalid: there is something else; the message names what may have been meant.
    """
    unknown = sorted(settings.keys() - set(SETTINGS))
    if not unknown:
        return
    from hub.suggestion import meant

    parameters = inspect.signature(function).parameters.values()
    own = [one.name for one in parameters if one.kind is not one.VAR_KEYWORD]
    raise Invalid(
        f"hub.{function.__name__} takes no {' and no '.join(unknown)}.",
        hint=f"{meant(unknown, [*own, *SETTINGS])}It takes {', '.join(own)}, and as settings"
             f" {', '.join(SETTINGS)}.")
