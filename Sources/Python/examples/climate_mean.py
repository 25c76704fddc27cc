"""A mean over years of daily temperatures, without the years in memory: by dask, and by the server."""

import numpy as np
import xarray as xr

import hub

DAYS, LATITUDES, LONGITUDES = 3 * 365, 90, 180


def days():
    """Makes one day after another, as a model or an archive would give them out."""
    rng = np.random.default_rng(0)
    latitude = np.linspace(-89, 89, LATITUDES)[:, np.newaxis]
    zones = 300 - 60 * np.sin(np.radians(latitude)) ** 2
    for day in range(DAYS):
        season = 10 * np.cos(2 * np.pi * day / 365) * np.sin(np.radians(-latitude))
        yield zones + season + rng.normal(0, 2, (LATITUDES, LONGITUDES))


temperature = hub.array(
    (DAYS, LATITUDES, LONGITUDES), name="examples/temperature:v1", dtype="float32",
    chunks=(73, 90, 180), dimension_names=("time", "latitude", "longitude"),
    attributes={"units": "K"})
temperature.write(days())
temperature.commit("three years")

# With xarray and dask: blocks are read by whichever thread or machine needs them.
data = xr.open_dataset("hub://examples/temperature:v1", engine="hub", chunks={})
(variable,) = data.data_vars.values()
zonal = variable.mean(("time", "longitude")).compute()
print("equator and pole:", float(zonal[45]), float(zonal[0]))

# The same by the server: three numbers for each latitude travel, and no chunk does.
with hub.trace() as trace:
    on_server = temperature.mean(axis=(0, 2))
print(f"{trace.bytes_received} bytes instead of {temperature.nbytes}")
assert np.allclose(on_server, zonal, rtol=1e-5)
