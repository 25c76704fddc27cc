"""Training with the real libraries: torch, Lightning, Accelerate and TensorFlow, from a server."""

import itertools
import warnings

import numpy as np
import pytest
import training_stubs as stubs

import hub

torch = pytest.importorskip("torch", reason="torch is not installed")
pytestmark = pytest.mark.training

CLASSES = 10


@pytest.fixture(scope="module", autouse=True)
def few_threads():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def digits(namespace, connected):
    """1,797 digits that people wrote by hand, 8 × 8, and what they are, as arrays on the server."""
    datasets = pytest.importorskip("sklearn.datasets", reason="scikit-learn is not installed")
    source = datasets.load_digits()
    values = source.images.astype("f4")
    images = hub.array(values.shape, name=f"{namespace}/digits:v1", dtype="f4", chunks=(64, 8, 8))
    images[...] = values
    labels = hub.array((len(values),), name=f"{namespace}/labels:v1", dtype="i8", chunks=(500,))
    labels[...] = source.target
    images.commit("digits")
    labels.commit("labels")
    return images, labels, values, source.target


def flatten(sample):
    return torch.from_numpy(sample.reshape(-1) / 16)


def augment(sample, rng):
    return torch.from_numpy(sample + rng.normal(size=sample.shape).astype("f4"))


def halves(sample):
    return torch.from_numpy(sample).to(torch.bfloat16)


def classifier():
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, CLASSES))


def accuracy(model, loader):
    model.eval()
    right = total = 0
    with torch.no_grad():
        for images, labels in loader:
            right += int((model(images).argmax(1) == labels).sum())
            total += len(labels)
    return right / total, total


@pytest.mark.parametrize("workers, start", [(0, None), (2, "fork"), (2, "forkserver")])
def test_a_classifier_learns_to_read_digits(digits, workers, start):
    images, labels, *_ = digits
    train, val = images.to_pytorch(labels, flatten).split(train=0.8, val=0.2)
    model = classifier()
    optimizer = torch.optim.Adam(model.parameters(), 0.003)
    with train.loader(
            32, shuffle=hub.Shuffle(block="1MB"), workers=workers, start=start) as loader:
        for _ in range(8):
            model.train()
            for batch, target in loader:
                assert batch.dtype == torch.float32 and batch.shape[1:] == (64,)
                optimizer.zero_grad()
                torch.nn.functional.cross_entropy(model(batch), target).backward()
                optimizer.step()
    reached, total = accuracy(model, val.loader(100))
    assert total == len(val) and len(train) + len(val) == 1797
    assert reached > 0.9


@pytest.mark.parametrize("context", [None, "fork", "spawn", "forkserver"])
def test_a_data_loader_of_torch(digits, context):
    images, labels, values, targets = digits
    workers = 2 if context else 0
    loader = torch.utils.data.DataLoader(
        images.to_pytorch(labels), batch_size=256, shuffle=True, num_workers=workers,
        multiprocessing_context=context)
    seen = 0
    for batch, target in loader:
        assert isinstance(batch, torch.Tensor) and isinstance(target, torch.Tensor)
        seen += len(batch)
    assert seen == 1797


def test_a_batch_of_a_data_loader_is_one_request(namespace, connected):
    array = hub.array((100, 3, 3), name=f"{namespace}/open:v1", dtype="f4", chunks=(10, 3, 3))
    array[...] = np.arange(900, dtype="f4").reshape(100, 3, 3)
    loader = torch.utils.data.DataLoader(array.to_pytorch(), batch_size=25, shuffle=True)
    with hub.trace() as trace:
        joined = torch.cat(list(loader))
    assert trace.requests == 4
    assert sorted(joined[:, 0, 0].tolist()) == list(range(0, 900, 9))


def test_samplers_and_subsets_of_torch(digits):
    images, labels, values, _ = digits
    data = images.to_pytorch()
    subset = torch.utils.data.Subset(data, range(100, 200))
    np.testing.assert_array_equal(
        torch.cat(list(torch.utils.data.DataLoader(subset, batch_size=30))), values[100:200])
    sampler = torch.utils.data.DistributedSampler(data, num_replicas=3, rank=1, shuffle=False)
    loader = torch.utils.data.DataLoader(data, batch_size=100, sampler=sampler)
    np.testing.assert_array_equal(torch.cat(list(loader)), values[1::3])


@pytest.mark.parametrize("workers, start", [(0, None), (2, "thread"), (2, "fork"), (2, "spawn")])
def test_batches_are_tensors_that_share_the_memory(digits, workers, start):
    images, labels, values, targets = digits
    with images.to_pytorch(labels).loader(100, workers=workers, start=start) as loader:
        kept = list(loader)
    np.testing.assert_array_equal(torch.cat([batch for batch, _ in kept]), values)
    np.testing.assert_array_equal(torch.cat([target for _, target in kept]), targets)
    assert kept[0][0].dtype == torch.float32 and kept[0][1].dtype == torch.int64


@pytest.mark.parametrize("start", ["fork", "forkserver"])
def test_types_that_numpy_has_not_come_from_workers(start):
    data = stubs.dataset(20, (3,), transform=halves)
    with data.loader(10, workers=2, start=start) as loader:
        batches = list(loader)
    assert batches[0].dtype == torch.bfloat16
    assert torch.cat(batches)[:, 1].tolist() == list(range(20))


@pytest.mark.parametrize("workers", [0, 2])
def test_arrays_of_bfloat16_are_tensors_of_it(connected, namespace, workers):
    values = np.arange(30).reshape(10, 3) / 4
    array = hub.array((10, 3), name=f"{namespace}/a:v1", dtype="bfloat16", chunks=(4, 3))
    array[...] = values
    expected = torch.from_numpy(values).to(torch.bfloat16)
    batches = list(array.to_pytorch().loader(4, workers=workers))
    loaded = list(torch.utils.data.DataLoader(array.to_pytorch(), batch_size=4))
    for found in (batches, loaded):
        assert [batch.dtype for batch in found] == [torch.bfloat16] * 3
        assert torch.equal(torch.cat(found), expected)


def test_tensors_are_indices(connected, namespace):
    array = hub.array((10, 3), name=f"{namespace}/a:v1", dtype="i4", chunks=(4, 3))
    array[...] = values = np.arange(30, dtype="i4").reshape(10, 3)
    for index in (torch.tensor([7, 1]), torch.tensor(4), torch.arange(10) > 6,
                  (torch.tensor([[1], [2]]), torch.tensor([0, 2]))):
        np.testing.assert_array_equal(array[index], values[index])


@pytest.mark.parametrize("dtype", ["u1", "u2", "i2", "f2", "f8", ">f4", "?", "c8", "u8"])
def test_types_of_tensors(dtype):
    column = stubs.numbered(6, (2,), 4, dtype)
    data = hub.training.dataset.Dataset(column)
    values = next(iter(data.loader(6)))
    assert isinstance(values, torch.Tensor)
    np.testing.assert_array_equal(values.numpy(), column.values)
    assert data[3].numpy().tolist() == column.values[3].tolist()


def test_torch_random_numbers_are_seeded_for_each_sample(digits):
    data = hub.training.dataset.Dataset(stubs.numbered(30), transform=_torch_random)
    state = torch.get_rng_state()
    reference = torch.cat(list(data.loader(10, shuffle=True)))
    assert torch.equal(torch.get_rng_state(), state)
    assert len(set(reference.tolist())) == 30
    with data.loader(10, shuffle=True, workers=2, start="fork") as loader:
        assert torch.equal(torch.cat(list(loader)), reference)


def _torch_random(sample):
    return torch.rand(())


def test_the_state_of_a_loader_goes_into_a_checkpoint(digits, tmp_path):
    images, labels, *_ = digits
    loader = images.to_pytorch(labels).loader(100, shuffle=True)
    whole = [target.tolist() for _, target in loader]
    loader.set_epoch(0)
    for _ in itertools.islice(loader, 5):
        pass
    torch.save({"loader": loader.state_dict()}, tmp_path / "checkpoint")
    again = images.to_pytorch(labels).loader(100)
    again.load_state_dict(torch.load(tmp_path / "checkpoint")["loader"])
    assert [target.tolist() for _, target in again] == whole[5:]


@pytest.mark.filterwarnings("ignore::Warning")
def test_lightning_trains_stops_and_goes_on_in_the_middle_of_an_epoch(digits, tmp_path):
    lightning = pytest.importorskip("lightning.pytorch", reason="lightning is not installed")
    images, labels, *_ = digits
    seen = []

    class Reader(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.model = classifier()

        def training_step(self, batch, _):
            seen.append((self.current_epoch, batch[1].tolist()))
            return torch.nn.functional.cross_entropy(self.model(batch[0]), batch[1])

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), 0.003)

    def train(**options):
        keep = lightning.callbacks.ModelCheckpoint(
            tmp_path, "{step}", every_n_train_steps=25, save_top_k=-1)
        trainer = lightning.Trainer(
            accelerator="cpu", logger=False, enable_progress_bar=False, callbacks=[keep],
            enable_model_summary=False, default_root_dir=tmp_path, max_epochs=2)
        loader = images.to_pytorch(labels, flatten).loader(100, shuffle=hub.Shuffle(3))
        trainer.fit(Reader(), loader, **options)

    train()
    whole = list(seen)
    assert len(whole) == 36 and whole[0][1] != whole[18][1]
    seen.clear()
    train(ckpt_path=tmp_path / "step=25.ckpt")
    assert seen == whole[25:]


@pytest.mark.filterwarnings("ignore::Warning")
def test_accelerate_prepares_a_data_loader_and_leaves_ours_as_it_is(digits):
    accelerate = pytest.importorskip("accelerate", reason="accelerate is not installed")
    images, labels, *_ = digits
    accelerator = accelerate.Accelerator(cpu=True)
    model = classifier()
    data = images.to_pytorch(labels, flatten)
    model, optimizer, prepared, ours = accelerator.prepare(
        model, torch.optim.Adam(model.parameters(), 0.01),
        torch.utils.data.DataLoader(data, batch_size=64, shuffle=True),
        data.loader(64, shuffle=True))
    for loader in (prepared, ours):
        count = 0
        for batch, target in loader:
            optimizer.zero_grad()
            accelerator.backward(torch.nn.functional.cross_entropy(model(batch), target))
            optimizer.step()
            count += len(target)
        assert count == 1797
    assert accuracy(model, ours)[0] > 0.7


@pytest.mark.filterwarnings("ignore::Warning")
def test_tensorflow_trains_on_batches(digits):
    tf = pytest.importorskip("tensorflow", reason="tensorflow is not installed")
    images, labels, values, targets = digits
    data = images.to_tensorflow(labels=labels, batch=100, shuffle=hub.Shuffle(1), drop_last=True)
    assert data.element_spec[0].shape == (100, 8, 8) and data.element_spec[1].dtype == tf.int64
    assert int(data.cardinality()) == 17
    epochs = [np.concatenate([label.numpy() for _, label in data]) for _ in range(2)]
    assert epochs[0].shape == (1700,) and (epochs[0] != epochs[1]).any()
    whole = images.to_tensorflow(labels=labels, batch=100)
    np.testing.assert_array_equal(np.concatenate([batch for batch, _ in whole]), values)
    model = tf.keras.Sequential([
        tf.keras.layers.Flatten(), tf.keras.layers.Dense(64, "relu"), tf.keras.layers.Dense(10)])
    model.compile("adam", tf.keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    history = model.fit(data, epochs=4, verbose=0).history["loss"]
    assert history[-1] < history[0] / 2
