"""Trains a classifier on 1797 real handwritten digits, streamed from the server batch by batch.

The order of the samples depends on the seed, the epoch and the commit alone, so training that is
stopped in the middle of an epoch goes on as if it had not been.
"""

import numpy as np
import torch
from sklearn.datasets import load_digits

import hub

EPOCHS = 12
BATCH = 64


def push_digits():
    """Puts the digits and what they are on the server, once, and commits both."""
    digits = load_digits()
    images = hub.array(digits.images.shape, name="examples/digits:v1", dtype="uint8",
                       chunks=(200, 8, 8))
    labels = hub.array(digits.target.shape, name="examples/digit-labels:v1", dtype="int64")
    images[:] = digits.images.astype("uint8")
    labels[:] = digits.target
    images.commit("the digits of scikit-learn")
    labels.commit("what they are")
    return images, labels


def scaled(image):
    """Between 0 and 1, in a row: what the classifier takes."""
    return (image / np.float32(16)).reshape(-1)


def make_loader(dataset):
    """The batches for training, shuffled in blocks."""
    return dataset.loader(BATCH, shuffle=hub.Shuffle(seed=0, block="1MB"), drop_last=True)


def train(model, optimizer, batches):
    """One pass, or the rest of one."""
    for images, labels in batches:
        loss = torch.nn.functional.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def accuracy(model, dataset):
    """The share of samples that are recognised."""
    right = sum(int((model(images).argmax(1) == labels).sum())
                for images, labels in dataset.loader(256))
    return right / len(dataset)


def main():
    torch.manual_seed(0)
    torch.set_num_threads(1)
    images, labels = push_digits()
    dataset = images.to_pytorch(labels=labels, transform=scaled)
    training, validation = dataset.split(train=0.8, val=0.2, stratify=labels)
    model = torch.nn.Sequential(
        torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 10))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

    loader = make_loader(training)
    for _ in range(EPOCHS - 1):
        train(model, optimizer, loader)

    # Stopped after five batches of the last epoch: a checkpoint keeps where that was.
    last = iter(loader)
    train(model, optimizer, (next(last) for _ in range(5)))
    checkpoint = loader.state_dict()

    # Another process would go on so, also with other workers or on other machines.
    resumed = make_loader(training)
    resumed.load_state_dict(checkpoint)
    train(model, optimizer, resumed)

    print(f"recognised: {accuracy(model, validation):.3f} of {len(validation)} digits")


if __name__ == "__main__":
    main()
