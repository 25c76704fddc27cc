"""Pushes real arrays with three clients, reads them back with others, and asks the server about them.

Ends with a code other than 0 if anything that comes back differs from NumPy's own answer.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
# References, slices in NumPy's own words, and the arrays they are compared with.
QUESTIONS = [
    ("snark-hub-demo/mni/brain:v0", "brain", ["98,:,:", "::-4,100:140,94", "...,-1", "50,60,70"]),
    ("snark-hub-demo/uci/digits:v0", "digits", ["0", "-3:,::-1,2:6", "::599,4"]),
    ("demo/scan:v0", "scan", ["64,::2,::-1,0", "...,1", "-5:,10:20,3,:"]),
    ("demo/brain-floats:v0", "brain-floats", ["100,50:60,:", "::40,::40,::-40"]),
]


def say(text):
    print(text, flush=True)


class Timed:
    """Prints what is begun, and how long it took."""

    def __init__(self, text):
        self.text = text

    def __enter__(self):
        say(f"\n  {self.text}")
        self.begun = time.monotonic()

    def __exit__(self, kind, *_):
        if kind is None:
            say(f"    done in {time.monotonic() - self.begun:.1f} s")


def server_environment(ready):
    """What `nave env` says of the server that wrote the ready file."""
    keys = pathlib.Path(ready["data"]) / "keys.env"
    values = {}
    for line in keys.read_text().splitlines():
        name, equals, value = line.removeprefix("export ").partition("=")
        if equals:
            values[name.strip()] = value.strip().strip("'\"")
    return {
        "AWS_ACCESS_KEY_ID": values["AWS_ACCESS_KEY_ID"],
        "AWS_SECRET_ACCESS_KEY": values["AWS_SECRET_ACCESS_KEY"],
        "AWS_ENDPOINT_URL": ready["endpoint"], "AWS_DEFAULT_REGION": "us-east-1",
    }


def prepare(folder):
    """Takes the data out of its packages into .npy files; returns the arrays by name."""
    import numpy as np

    import datasets

    images, labels = datasets.digits()
    arrays = {
        "brain": datasets.brain(), "brain-floats": datasets.brain_in_floats(),
        "scan": datasets.scan(), "digits": images, "labels": labels,
    }
    for name, data in arrays.items():
        np.save(folder / f"{name}.npy", data)
        say(f"      {name:13} {str(data.shape):20} {data.dtype}  {data.nbytes / 1e6:.1f} MB")
    return arrays


def push_with_hub(hub_python, folder):
    """`hub configure` and hub.array, in the old client's own environment and an empty home."""
    home = folder / "home"
    home.mkdir()
    environment = os.environ | {"HOME": str(home), "PYTHONWARNINGS": "ignore"}
    program = pathlib.Path(hub_python).parent / "hub"
    subprocess.run(
        [program, "configure", "-u", environment["AWS_ACCESS_KEY_ID"],
         "-p", environment["AWS_SECRET_ACCESS_KEY"], "-b", "demo"],
        env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    say("      hub configure: done")
    subprocess.run(
        [hub_python, HERE / "hub_push.py", f"mni/brain:v0={folder}/brain.npy=197x233x27",
         f"uci/digits:v0={folder}/digits.npy=599x8x8"],
        env=environment, check=True, stderr=subprocess.DEVNULL)


def push_with_zarr(data):
    import zarr

    import clients

    array = zarr.create_array(
        clients.obstore_store("scan:v0"), shape=data.shape, chunks=(32, 32, 24, 1),
        dtype=data.dtype, overwrite=True, dimension_names=["x", "y", "z", "t"],
        attributes={"pushed_with": "zarr-python over obstore"})
    array[...] = data
    say(f"      zarr.create_array demo/scan:v0: {array.nchunks} chunks, zstd")


def list_with_curl():
    keys = f"{os.environ['AWS_ACCESS_KEY_ID']}:{os.environ['AWS_SECRET_ACCESS_KEY']}"
    url = f"{os.environ['AWS_ENDPOINT_URL']}/v1/arrays"
    say(f"      curl -u KEY:SECRET {url}")
    # The keys go in through standard input, where other people's `ps` does not see them.
    answer = subprocess.run(
        ["curl", "--silent", "--show-error", "--fail", "--config", "-", url], check=True,
        input=f'user = "{keys}"\n', stdout=subprocess.PIPE, text=True)
    listed = {entry["reference"]: entry for entry in json.loads(answer.stdout)["arrays"]}
    for reference, entry in listed.items():
        say(
            f"      {reference:30} {entry.get('dtype', ''):8} {str(entry.get('shape', '')):22}"
            f" {entry['dialect']}, {entry.get('chunks_stored', 0)} chunks,"
            f" {entry.get('bytes_stored', 0) / 1e6:.1f} MB")
    missing = [reference for reference, _, _ in QUESTIONS if reference not in listed]
    if missing:
        raise SystemExit(f"not listed: {', '.join(missing)}")


def compare_with_numpy(arrays):
    import numpy as np

    import clients

    api, wrong = clients.ArrayAPI(), 0
    for reference, name, slices in QUESTIONS:
        data = arrays[name]
        for text in slices:
            want = eval(f"data[{text}]", {"data": data})
            got = api.data(reference, text)
            equal = np.array_equal(got, want) and got.shape == np.shape(want)
            wrong += not equal
            say(f"      {reference}[{text}] {got.shape} {'equal' if equal else 'DIFFERENT'}")
        values = api.statistics(reference)
        exact = data.astype("f8")
        for operation, want in [
            ("mean", exact.mean()), ("std", exact.std()), ("min", exact.min()),
            ("max", exact.max()), ("sum", exact.sum()),
        ]:
            equal = np.isclose(values[operation], want, rtol=1e-9, atol=0)
            wrong += not equal
            if operation == "mean" or not equal:
                say(f"      {operation} of {reference}: {values[operation]}, NumPy says {want}")
    if wrong:
        raise SystemExit(f"{wrong} answers differ from NumPy's")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ready-file", required=True, type=pathlib.Path)
    parser.add_argument("--hub-python", required=True)
    arguments = parser.parse_args()
    os.environ |= server_environment(json.loads(arguments.ready_file.read_text()))

    import clients

    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        with Timed("Real data, out of Python packages:"):
            arrays = prepare(folder)
        with Timed("Pushing with the unmodified hub==0.2.0.4:"):
            push_with_hub(arguments.hub_python, folder)
        s3 = clients.s3_client()
        s3.create_bucket(Bucket=clients.NAMESPACE)
        with Timed("Pushing with zarr-python over obstore:"):
            push_with_zarr(arrays["scan"])
        with Timed("Pushing with a boto3 multipart upload:"):
            tag = clients.push_one_chunk(s3, "brain-floats:v0", arrays["brain-floats"])
            say(f"      demo/brain-floats:v0: entity tag {tag}")
        with Timed("Reading back in a second process, with other clients:"):
            subprocess.run([sys.executable, HERE / "read_back.py", folder], check=True)
        with Timed("What the server lists:"):
            list_with_curl()
        with Timed("Slices and statistics that the server computes, against NumPy:"):
            compare_with_numpy(arrays)
    say("\n  Everything that came back is equal to what was sent.")


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        raise SystemExit(f"the demo failed: {error}") from None
