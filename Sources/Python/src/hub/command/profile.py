"""Profiles of the AWS files, named on the command line."""

from __future__ import annotations

import os
from typing import Any

from hub.credentials import from_aws_files
from hub.errors import Invalid

SETTINGS = ("endpoint", "access_key", "secret_key", "region", "verify")


def profile_settings(profile: str) -> dict[str, Any]:
    """What the AWS files say of a profile, which comes before the environment.

    Raises:
        Invalid: there is no such profile.
    """
    found = from_aws_files({**os.environ, "AWS_PROFILE": profile})
    if not found:
        raise Invalid(f"There is no profile {profile} in the AWS files.",
                      hint="They are ~/.aws/config and ~/.aws/credentials.")
    return {name: one.value for name, one in found.items() if name in SETTINGS}
