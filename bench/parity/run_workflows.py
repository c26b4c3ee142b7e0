"""Runs Olive workflows one after another in one process: python run_workflows.py CONFIG...

Prints one JSON line a workflow: {"config": PATH, "error": TEXT or null}. Importing Olive takes longer than a small conversion, so workflows whose
time is not measured share the process.
"""

import json
import sys
from pathlib import Path

from olive.workflows import run


def main() -> None:
    for config in sys.argv[1:]:
        error = None
        try:
            run(config)
            # Olive swallows most errors: only the file tells.
            output = Path(json.loads(Path(config).read_text(encoding="utf-8"))["output_dir"])
            if not (output / "model.onnx").exists():
                error = "Olive wrote no model"
        except Exception as problem:  # the other workflows still run
            error = f"{type(problem).__name__}: {problem}"
        print(json.dumps({"config": config, "error": error}), flush=True)


if __name__ == "__main__":
    main()
