"""A loader as a `tf.data.Dataset`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from hub.errors import Invalid
from hub.training.column import column_of
from hub.training.dataset import Dataset


def to_tensorflow(
    array: Any, labels: Any = None, transform: Callable[..., Any] | None = None, *,
    batch: int, **options: Any,
) -> Any:
    """A `tf.data.Dataset` of batches, whose every iteration is the next epoch.

    Args:
        array, labels, transform: as `to_pytorch` takes them; `transform` gives arrays or numbers.
        batch: samples of a batch.
        options: those of `Dataset.loader`: `shuffle`, `workers`, `rank`, `world`, `drop_last`, ….

    Returns:
        A data set of tensors, or of pairs of them where there are labels. The size of a batch is
        known with `drop_last` alone. If there is a transform, its form is taken from what it makes
        of the first sample.

    Raises:
        Invalid: tensorflow is not installed, or the data set is empty.
    """
    try:
        import tensorflow as tf  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError as error:
        raise Invalid(
            "tensorflow is not installed.", hint="pip install tensorflow-cpu, or tensorflow."
        ) from error
    column = None if labels is None else column_of(labels)
    dataset = Dataset(column_of(array), column, transform, tensors=False)
    if not len(dataset):
        raise Invalid("An array without samples makes no data set.")
    loader = dataset.loader(batch, **options)
    size = batch if options.get("drop_last") and options.get("world", 1) == 1 else None

    def specification(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {name: specification(one) for name, one in value.items()}
        if isinstance(value, tuple):
            return tuple(map(specification, value))
        values = np.asarray(value)
        return tf.TensorSpec((size, *values.shape), tf.as_dtype(values.dtype))

    data = tf.data.Dataset.from_generator(
        lambda: iter(loader), output_signature=specification(_example(dataset)))
    count = len(loader)
    return data.apply(tf.data.experimental.assert_cardinality(count))


def _example(dataset: Dataset) -> Any:
    """A sample as batches have it, before they are stacked."""
    if dataset.transform is None:
        data = np.zeros(dataset.data.shape[1:], dataset.data.dtype)
        if dataset.labels is None:
            return data
        return data, np.zeros(dataset.labels.shape[1:], dataset.labels.dtype)
    return dataset[0]
