"""Makes files cold again: what was read or written of them is forgotten by the system."""

import os
import pathlib

DROP = pathlib.Path("/proc/sys/vm/drop_caches")


def forget(folders):
    """Has the next reader of the files in folders wait for the disk.

    Returns how: the whole page cache was dropped, or the files were advised about, if this process may
    not do that.
    """
    os.sync()
    try:
        DROP.write_text("3")
        return "the page cache was dropped"
    except OSError:
        pass
    for folder in folders:
        for path in pathlib.Path(folder).rglob("*"):
            if path.is_file() and not path.is_symlink():
                with open(path, "rb") as file:
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return "the files were dropped from the page cache"


def empty_files(folder):
    """Gives back the room of a folder's files without removing them.

    ext4 passes over the inodes of files that were removed in the last minutes, one by one, for each new
    file: what is measured next would pay for it.
    """
    for path in pathlib.Path(folder).rglob("*"):
        if path.is_file() and not path.is_symlink():
            os.truncate(path, 0)
