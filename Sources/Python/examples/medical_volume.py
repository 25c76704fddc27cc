"""A functional scan of a brain in four dimensions: pushed as it is, read slice by slice."""

import pathlib

import nibabel
import numpy as np

import hub

# A real scan that comes with nibabel: 128 × 96 × 24 voxels at two moments.
path = pathlib.Path(nibabel.__file__).parent / "tests/data/example4d.nii.gz"

pushed = hub.push(path, "examples/scan:v1")
print(pushed.reference, pushed.digest)

scan = hub.load("examples/scan:v1")
print(scan.shape, scan.dtype, scan.description.dimension_names)
print("a voxel is of", scan.attrs["voxel_sizes"][:3], "mm")

# A slice travels alone, whichever way it lies in the volume.
axial = scan[:, :, 12, 0]
sagittal = scan[64, ::-1, ::-1, 0].T
print("axial", axial.shape, "sagittal", sagittal.shape)

# From a voxel to millimetres, as the scanner saw it.
affine = np.array(scan.attrs["affine"])
print("the first voxel lies at", affine[:3, 3].round(1), "mm")

# Statistics are computed by the server; nothing but the numbers travels.
first, second = scan.lazy[..., 0], scan.lazy[..., 1]
print("mean", first.mean(), "and", second.mean())
print("99 % of the voxels are at most", scan.percentile(99))

# A picture for the report, and the volume as a file again.
scan.show(np.s_[:, :, 12, 0], "slice.png")
hub.pull("examples/scan:v1", "back.nii.gz", overwrite=True)
back = nibabel.load("back.nii.gz")
assert np.array_equal(np.asarray(back.dataobj), np.asarray(nibabel.load(path).dataobj))
assert np.allclose(back.affine, affine)
print("the file that came back is equal")
