"""Disks that a test can lose: ext4 file systems in files, each mounted on a folder of its own.

One is shut down as the kernel does it after an error of the device (EXT4_IOC_SHUTDOWN): it stays mounted,
and every call on it fails with EIO.
"""

import fcntl
import os
import struct
import subprocess

import pytest

EXT4_IOC_SHUTDOWN, WITHOUT_LOG_FLUSH = 0x8004587D, 2


def run(*command):
    """Runs a command of the system; the test is skipped where it is missing or not allowed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip(f"there is no {command[0]} here")
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr}")


class Disk:
    """A file system of its own; `folder` is where it is mounted."""

    def __init__(self, folder, size_mebibytes):
        self.folder = folder
        folder.mkdir()
        self.image = folder.with_suffix(".image")
        run("truncate", "-s", f"{size_mebibytes}M", self.image)
        run("mkfs.ext4", "-q", "-F", self.image)
        self.mount()

    def mount(self):
        run("mount", "-o", "loop", self.image, self.folder)

    def unmount(self):
        subprocess.run(["umount", self.folder], check=True)

    def remount(self, option):
        subprocess.run(["mount", "-o", f"remount,{option}", self.folder], check=True)

    def die(self):
        descriptor = os.open(self.folder, os.O_RDONLY)
        fcntl.ioctl(descriptor, EXT4_IOC_SHUTDOWN, struct.pack("I", WITHOUT_LOG_FLUSH))
        os.close(descriptor)
        with pytest.raises(OSError):
            (self.folder / "volume.json").read_bytes()


class Disks:
    """Makes disks below a folder, and unmounts them in the end."""

    def __init__(self, place):
        self.place, self.made = place, []

    def make(self, *sizes_mebibytes, at=None):
        """Makes disks of some sizes, or the one disk that is mounted at a place, which it gives."""
        if at is not None:
            self.made.append(Disk(at, *sizes_mebibytes))
            return self.made[-1]
        first = len(self.made)
        for size in sizes_mebibytes:
            self.made.append(Disk(self.place / f"disk{len(self.made)}", size))
        return self.made[first:]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for disk in self.made:
            if os.path.ismount(disk.folder):
                disk.unmount()
