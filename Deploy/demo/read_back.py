"""Reads everything back in a process of its own, each array with a client that did not write it.

Argument: the folder of .npy files that say what must come back.
"""

import pathlib
import sys

import numpy as np
import zarr

import clients


def main():
    expected = {path.stem: np.load(path) for path in pathlib.Path(sys.argv[1]).glob("*.npy")}
    s3 = clients.s3_client()
    found = {
        "brain": (
            "hub → boto3", clients.fetch_hub_chunks(s3, "mni/brain/v0", (197, 233, 27))),
        "digits": (
            "hub → boto3", clients.fetch_hub_chunks(s3, "uci/digits/v0", (599, 8, 8))),
        "scan": (
            "obstore → s3fs", zarr.open_array(clients.s3fs_store("scan:v0"), mode="r")[...]),
        "brain-floats": (
            "boto3 → obstore",
            zarr.open_array(clients.obstore_store("brain-floats:v0"), mode="r")[...]),
    }
    wrong = 0
    for name, (route, data) in found.items():
        equal = np.array_equal(data, expected[name]) and data.dtype == expected[name].dtype
        wrong += not equal
        print(f"      {route:16} {name:13} {data.shape} {'equal' if equal else 'DIFFERENT'}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
