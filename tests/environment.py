"""Set the stage before Django reads its settings: a fresh data directory, one thread per library, no network."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path


def _fresh_data_dir() -> Path:
    path = Path(tempfile.mkdtemp(prefix="espalier-test-"))
    owner = os.getpid()

    def remove() -> None:
        # A forked child runs the same handler at its exit and must leave its parent's folder alone.
        if os.getpid() == owner:
            shutil.rmtree(path, ignore_errors=True)

    atexit.register(remove)
    return path


os.environ["ESPALIER_DATA_DIR"] = str(_fresh_data_dir())
os.environ["ESPALIER_HASHED_STATIC"] = "0"
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
