"""Calibrates models with the package's own calibrator and compares ranges: python compare_calibration.py TASK.json...

TASK is {"model": PATH, "rows": [{INPUT: [INTEGERS]}], "ranges": {TENSOR: [MIN, MAX]}}, each row a batch of one. Prints one JSON line a task: the version
of ONNX Runtime, how many ranges both have, how many are equal to the last bit, and the largest difference relative to the wider of the two.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime
from onnxruntime.quantization.calibrate import CalibrationDataReader, CalibrationMethod, create_calibrator


class Rows(CalibrationDataReader):
    def __init__(self, rows: list) -> None:
        self.rows = iter(rows)

    def get_next(self):
        row = next(self.rows, None)
        return None if row is None else {name: np.array([values], dtype=np.int64) for name, values in row.items()}


def ranges_of(model: str, rows: list) -> dict:
    with tempfile.TemporaryDirectory() as folder:
        calibrator = create_calibrator(
            Path(model),
            augmented_model_path=str(Path(folder) / "augmented.onnx"),
            calibrate_method=CalibrationMethod.MinMax,
            use_external_data_format=True,
        )
        calibrator.collect_data(Rows(rows))
        data = calibrator.compute_data()
        del calibrator
    return {name: [np.float32(end).item() for end in data[name].range_value] for name in data.keys()}


def main() -> None:
    for path in sys.argv[1:]:
        task = json.loads(Path(path).read_text(encoding="utf-8"))
        found = ranges_of(task["model"], task["rows"])
        names = [name for name in task["ranges"] if name in found]
        differences = []
        for name in names:
            (low, high), (other_low, other_high) = task["ranges"][name], found[name]
            width = max(high - low, other_high - other_low)
            gap = max(abs(low - other_low), abs(high - other_high))
            differences.append(0 if gap == 0 else gap / width)
        equal = sum(1 for difference in differences if difference == 0)
        report = {"version": onnxruntime.__version__, "tensors": len(names), "equal": equal, "largest": max(differences, default=0)}
        print(json.dumps(report), flush=True)


if __name__ == "__main__":
    main()
