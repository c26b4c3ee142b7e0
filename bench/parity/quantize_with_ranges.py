"""Quantizes models with given ranges of activations: python quantize_with_ranges.py CONFIG RANGES [CONFIG RANGES...]

CONFIG is an Olive workflow whose quantizer calibrates; RANGES is a JSON file {TENSOR: [MIN, MAX]} that stands in for what calibrating would find. Two quantizers
that are given the same ranges have to agree to the last bit; two calibrations on different versions of ONNX Runtime cannot.
"""

import json
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
from olive.workflows import run
from onnxruntime.quantization.calibrate import CalibrationMethod, TensorsData


# The package's attribute of that name is a function.
QUANTIZE = import_module("onnxruntime.quantization.quantize")


class GivenRanges:
    """In the place of a calibrator."""

    def __init__(self, ranges: dict):
        self.ranges = ranges
        self.is_used = False

    def collect_data(self, reader) -> None:
        pass

    def compute_data(self) -> TensorsData:
        self.is_used = True
        ends = {name: tuple(np.array(end, dtype=np.float32) for end in pair) for name, pair in self.ranges.items()}
        return TensorsData(CalibrationMethod.MinMax, ends)


def main() -> None:
    for config, ranges in zip(sys.argv[1::2], sys.argv[2::2]):
        given = GivenRanges(json.loads(Path(ranges).read_text(encoding="utf-8")))
        QUANTIZE.create_calibrator = lambda *_, given=given, **__: given
        run(config)
        if not (Path(json.loads(Path(config).read_text(encoding="utf-8"))["output_dir"]) / "model.onnx").exists():
            sys.exit(f"{config}: Olive wrote no model")
        if not given.is_used:
            sys.exit(f"{config}: Olive calibrated by itself")


if __name__ == "__main__":
    main()
