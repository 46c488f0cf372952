"""Make the small folder of recorded curves that comes with the repository, from a large one in the same layout.

    python benchmarks/extract_curves.py --curves DIR

Takes three tasks of three families whose licences allow redistribution, and of each what a replay reads: the run, the
step and the objective. Their provenance is in the folder's README.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from pyarrow import parquet

TASKS = ("bert_ft__rte", "brax_ppo__fetch_10M", "stepback__mnist_mlp")
KEPT = ("name", "benchmark", "task", "role", "objective", "mode", "step_unit", "n_configs", "n_rows", "source")
TO = Path(__file__).resolve().parent / "data" / "recorded"


def main() -> None:
    """Read the arguments and write the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--curves", type=Path, required=True, help="folder with index.json and one Parquet file a task")
    folder: Path = parser.parse_args().curves
    entries = [entry for entry in json.loads((folder / "index.json").read_text()) if entry["name"] in TASKS]
    TO.mkdir(parents=True, exist_ok=True)
    for entry in entries:
        columns = ["config_id", "step", entry["objective"]]
        table = parquet.read_table(folder / f"{entry['name']}.parquet", columns=columns)
        parquet.write_table(table.replace_schema_metadata(None), TO / f"{entry['name']}.parquet", compression="zstd")
    kept = [{name: entry[name] for name in KEPT} for entry in sorted(entries, key=lambda entry: entry["name"])]
    (TO / "index.json").write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
