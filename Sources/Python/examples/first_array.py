"""The first lines with hub: an array of petabytes, one image of it, and a picture of another array."""

import matplotlib.pyplot as plt
import numpy as np

import hub

# A small stand-in for a large array that a colleague keeps at library/imagenet:latest.
rows = np.linspace(0, 255, 256, dtype="uint8")
pictures = np.stack(np.broadcast_arrays(rows[:, None], rows[None, :], np.uint8(128)), axis=-1)
hub.array((10, 256, 256, 3), name="imagenet", dtype="uint8")[:] = pictures

bigarray = hub.array((10000000000, 512, 512, 3), name="test/bigarray:v0")
bigarray[9999999999, :, :, :] = np.random.random((512, 512, 3))

mnist = hub.array((50000, 28, 28, 1), name="name/random_name:v1")

imagenet = hub.load(name="imagenet")
print(imagenet.shape)
print(imagenet[0].mean())
print(imagenet[0:10, 100:200, 100:200].std())
plt.imshow(imagenet[0])
plt.savefig("imagenet.png")
