import h5py
import numpy as np
import pytest
from weight_files import write

import emopipe.backbones.hdf5 as weight_files_module
from emopipe.backbones.hdf5 import check_shape, open_layers, read_array
from emopipe.backbones.weights import WeightsError

KERNEL = np.arange(12, dtype=np.float32).reshape(3, 4)


@pytest.fixture
def plain(tmp_path):
    return write(
        tmp_path / "plain.h5", {"input": {}, "fc": {"kernel": KERNEL}, "out": {"b": KERNEL}}
    )


def refuse(path, match):
    with pytest.raises(WeightsError, match=match), open_layers(path):
        pass


def test_layers_come_in_the_order_of_the_file_without_empty_ones(plain):
    with open_layers(plain) as layers:
        assert list(layers) == ["fc", "out"]
        assert np.array_equal(read_array(layers["fc"][0], (3, 4), plain), KERNEL)


def test_full_models_are_read_too(tmp_path):
    path = write(tmp_path / "model.h5", {"fc": {"kernel": KERNEL}}, root="model_weights")
    with open_layers(path) as layers:
        assert list(layers) == ["fc"]


@pytest.mark.parametrize("dtype", ["f2", "f8"])
def test_other_precisions_are_read_as_float32(tmp_path, dtype):
    path = write(tmp_path / "a.h5", {"fc": {"kernel": KERNEL.astype(dtype)}})
    with open_layers(path) as layers:
        actual = read_array(layers["fc"][0], (3, 4), path)
    assert actual.dtype == np.float32 and np.array_equal(actual, KERNEL)


def test_shapes_are_checked_before_reading(plain):
    with open_layers(plain) as layers, pytest.raises(WeightsError, match=r"\(3, 4\), not \(4, 3\)"):
        check_shape(layers["fc"][0], (4, 3), plain)


def test_values_that_are_not_finite_are_refused(tmp_path):
    path = write(tmp_path / "a.h5", {"fc": {"kernel": KERNEL * np.nan}})
    with open_layers(path) as layers, pytest.raises(WeightsError, match="not finite"):
        read_array(layers["fc"][0], (3, 4), path)


def test_other_files_are_refused(tmp_path):
    (tmp_path / "a.h5").write_bytes(b"version https://git-lfs.github.com/spec/v1")
    refuse(tmp_path / "a.h5", "not an HDF5 file")
    with h5py.File(tmp_path / "b.h5", "w") as file:
        file["x"] = KERNEL
    refuse(tmp_path / "b.h5", "not written by Keras 2")


def replace(path, make):
    with h5py.File(path, "a") as file:
        group = file["fc/fc"]
        del group["kernel:0"]
        make(group)


def test_links_and_references_out_of_the_file_are_refused(plain, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(KERNEL.tobytes())
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["secret"] = KERNEL
    outside = str(tmp_path / "other.h5")

    def external(group):
        group["kernel:0"] = h5py.ExternalLink(outside, "/secret")

    def soft(group):
        group["kernel:0"] = h5py.SoftLink("/out/out/b:0")

    def storage(group):
        group.create_dataset("kernel:0", (3, 4), "f4", external=[(str(secret), 0, 48)])

    def virtual(group):
        layout = h5py.VirtualLayout((3, 4), "f4")
        layout[:] = h5py.VirtualSource(outside, "secret", (3, 4))
        group.create_virtual_dataset("kernel:0", layout)

    def reference(group):
        group.create_dataset("kernel:0", (3, 4), h5py.ref_dtype)

    def folder(group):
        group.create_group("kernel:0")

    def chunk(group):
        group.create_dataset(
            "kernel:0", (3, 4), "f4", maxshape=(None, None), chunks=(1 << 14, 1 << 14),
            compression="gzip",
        )  # fmt: skip

    for make, match in (
        (external, "is a ExternalLink"),
        (soft, "is a SoftLink"),
        (storage, "other files"),
        (virtual, "other files"),
        (reference, "has type object"),
        (folder, "is no array"),
        (chunk, "packed in a way"),
    ):
        replace(plain, make)
        refuse(plain, match)


def test_a_layer_that_is_a_link_is_refused(plain, tmp_path):
    with h5py.File(plain, "a") as file:
        del file["fc"]
        file["fc"] = h5py.ExternalLink("/etc/passwd", "/")
    refuse(plain, "ExternalLink")


def test_compressed_files_are_read(plain):
    replace(plain, lambda group: group.create_dataset("kernel:0", data=KERNEL, compression="gzip"))
    with open_layers(plain) as layers:
        assert np.array_equal(read_array(layers["fc"][0], (3, 4), plain), KERNEL)


def test_a_file_that_the_library_never_finishes_is_refused(plain, monkeypatch):
    monkeypatch.setattr(weight_files_module, "_PATIENCE", 0.01)
    weight_files_module._try_apart.cache_clear()
    refuse(plain, r"no answer for 0.01 s. Get it again")


def test_damage_is_told_in_words(plain):
    data = bytearray(plain.read_bytes())
    for position in range(0, len(data), 97):
        data[position] ^= 0xFF
    plain.write_bytes(data)
    refuse(plain, "damaged|not an HDF5 file|not written by Keras|is missing|cannot be read")
