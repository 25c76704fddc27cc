"""MosaicML Streaming, also where torchvision does not fit torch.

Streaming imports torchvision for its pictures, which are not measured. The packages of torchvision
are built for one kind of torch, with CUDA; beside another they fail when they are imported.
"""

import importlib.machinery
import sys
import types

try:
    import torchvision  # noqa: F401
except (ImportError, RuntimeError):
    for name in [one for one in sys.modules if one.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    for name in ["torchvision", "torchvision.datasets", "torchvision.transforms",
                 "torchvision.transforms.functional"]:
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__spec__ = importlib.machinery.ModuleSpec(name, None)
    sys.modules["torchvision.datasets"].VisionDataset = object
    sys.modules["torchvision.datasets"].CIFAR10 = object
    sys.modules["torchvision.transforms.functional"].to_tensor = None

import streaming  # noqa: E402, F401
