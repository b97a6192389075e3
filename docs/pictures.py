"""The pictures of the gallery: ``python docs/pictures.py [NAME ...]`` runs the examples that have changed, or these.

They lie in ``docs/pictures``, with a record of the sources that they were made from, so that a test sees which is old.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
RECORD = PICTURES / "sources.json"
EXAMPLES = sorted(path.stem for path in (ROOT / "examples").glob("*.py") if not path.stem.startswith("_"))


def source(name: str) -> str:
    """A short hash of the example's text, whatever its line endings."""
    text = (ROOT / "examples" / f"{name}.py").read_text(encoding="utf-8")
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def old() -> list[str]:
    """The examples without a picture of their present source."""
    made = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    return [name for name in EXAMPLES if made.get(name) != source(name) or not (PICTURES / f"{name}.png").exists()]


def make(name: str) -> None:
    """Run an example, which draws its picture, and put down what it was made from."""
    from PIL import Image  # matplotlib, which draws, needs it as well

    file = PICTURES / f"{name}.png"
    subprocess.run([sys.executable, ROOT / "examples" / f"{name}.py", "--plot", file], check=True, cwd=ROOT)
    Image.open(file).convert("RGB").quantize(256).save(file, optimize=True)  # a third of the size
    made = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    made = {each: hash for each, hash in {**made, name: source(name)}.items() if each in EXAMPLES}
    RECORD.write_text(json.dumps(made, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    chosen = sys.argv[1:] or old()
    if unknown := sorted(set(chosen) - set(EXAMPLES)):
        sys.exit(f"no such example: {', '.join(unknown)}; there are {', '.join(EXAMPLES)}")
    PICTURES.mkdir(exist_ok=True)
    for name in chosen:
        print(f"{name}:", flush=True)
        make(name)
