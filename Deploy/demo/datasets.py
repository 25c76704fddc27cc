"""Real data that ships inside Python packages: nothing is downloaded but the packages themselves.

The data is used where it lies and copied to the demo server only; each package states its licence.
"""

import importlib.resources

import nibabel
import numpy as np
from sklearn.datasets import load_digits


def _packaged(package, name):
    return nibabel.load(importlib.resources.files(package).joinpath(name))


def brain():
    """The MNI152 template: a T1-weighted image of a brain, the mean of 152 people; bytes."""
    name = "mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz"
    values = np.asarray(_packaged("nilearn.datasets.data", name).dataobj, dtype="f4")
    return np.ascontiguousarray(np.clip(np.rint(values), 0, 255).astype("u1"))


def brain_in_floats():
    """The same brain as 32-bit floats between 0 and 1."""
    return brain().astype("<f4") / np.float32(255)


def scan():
    """A functional scan in four dimensions: three of space and one of time."""
    image = _packaged("nibabel.tests", "data/example4d.nii.gz")
    return np.ascontiguousarray(np.asarray(image.dataobj).astype("<i2"))


def digits():
    """1797 handwritten digits of 8 by 8 pixels, and what each of them is."""
    bunch = load_digits()
    return bunch.images.astype("u1"), bunch.target.astype("i8")
