"""OpenVINO and NNCF behind one JSON document a line.

Each line of standard input is a request {"id", "op", ...}; each line of standard output {"id", "type"}: any number of "progress" (fraction), then one
"result" (value) or "error" (problem). Models and calibration rows are files; their paths are given by Grove. It ends when standard input does.
"""

import json
import math
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

import confined

MAX_REQUEST_CHARS = 1_000_000


class Rows:
    """Calibration rows: an index of tensors in one file of raw little-endian bytes."""

    def __init__(self, index, names, on_row=None):
        import numpy as np

        with open(index, encoding="utf-8") as file:
            document = json.load(file)
        self._bytes = np.memmap(document["data"], dtype=np.uint8, mode="r")
        self._rows = document["rows"]
        self._names = names
        self._on_row = on_row

    def __len__(self):
        return len(self._rows)

    def __iter__(self):
        for row in self._rows:
            yield {name: self._tensor(row[name]) for name in self._names}
            if self._on_row is not None:
                self._on_row()

    def _tensor(self, entry):
        import numpy as np

        dtype = np.dtype(entry["dtype"])
        size = math.prod(entry["dims"]) * dtype.itemsize
        raw = self._bytes[entry["offset"] : entry["offset"] + size]
        return np.frombuffer(raw.tobytes(), dtype=dtype).reshape(entry["dims"])


def read_model(path):
    import openvino as ov

    return ov.Core().read_model(path)


def save(model, path, compress):
    import openvino as ov

    ov.save_model(model, path, compress_to_fp16=compress)
    return describe(model)


def describe(model):
    """Inputs and outputs in order, and what reports count."""
    import openvino as ov

    return {
        "version": ov.get_version(),
        "inputs": [port(value) for value in model.inputs],
        "outputs": [port(value) for value in model.outputs],
        "operations": len(model.get_ops()),
        "quantizers": sum(op.get_type_name() == "FakeQuantize" for op in model.get_ops()),
    }


def port(value):
    return {
        "name": sorted(value.get_names())[0] if value.get_names() else "",
        "type": value.get_element_type().get_type_name(),
        "dims": [dim.get_length() if dim.is_static else -1 for dim in value.get_partial_shape()],
    }


def convert(request, _progress):
    import openvino as ov

    shapes = request["shapes"]
    given = {} if shapes is None else {"input": [ov.PartialShape(shape) for shape in shapes]}
    return save(ov.convert_model(request["model"], **given), request["out"], request["compress"])


def update_io(request, _progress):
    import openvino as ov

    model = read_model(request["model"])
    names, shapes = request["names"], request["shapes"]
    for label, wanted in (("names", names), ("shapes", shapes)):
        if wanted is not None and len(wanted) != len(model.inputs):
            raise ValueError(f"the model has {len(model.inputs)} inputs and the pass gives {len(wanted)} {label}")
    for index, value in enumerate(model.inputs):
        if names is not None:
            value.set_names({names[index]})
        elif not value.get_names():
            value.set_names({f"input_{index}"})
    for index, value in enumerate(model.outputs):
        if not value.get_names():
            value.set_names({f"output_{index}"})
    if shapes is not None:
        model.reshape({value: ov.PartialShape(shapes[index]) for index, value in enumerate(model.inputs)})
    return save(model, request["out"], True)


def quantize(request, progress):
    import nncf

    model = read_model(request["model"])
    seen = [0]
    # SmoothQuant reads the rows once and the ranges once more.
    passes = 2 if request["model_type"] == "TRANSFORMER" else 1

    def on_row():
        seen[0] += 1
        progress(min(0.95, 0.95 * seen[0] / (passes * total)))

    rows = Rows(request["rows"], request["names"], on_row)
    total = max(1, min(len(rows), 300))
    scope = request["ignored"]
    advanced = request["advanced"]
    quantized = nncf.quantize(
        model,
        nncf.Dataset(rows),
        model_type=nncf.ModelType.TRANSFORMER if request["model_type"] == "TRANSFORMER" else None,
        preset=nncf.QuantizationPreset[request["preset"]],
        target_device=nncf.TargetDevice[request["device"].upper()],
        ignored_scope=nncf.IgnoredScope(**scope) if scope else None,
        advanced_parameters=nncf.AdvancedQuantizationParameters(**advanced) if advanced else None,
    )
    return save(quantized, request["out"], True)


def compare(request, progress):
    """Compiles a model for the CPU and runs rows through it; with a second model, says how far their outputs are apart."""
    import numpy as np
    import openvino as ov

    core = ov.Core()
    compiled = core.compile_model(request["model"], "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    other = None if request["reference"] is None else core.compile_model(request["reference"], "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    names = [sorted(value.get_names())[0] for value in compiled.inputs]
    rows = [blank(compiled)] if request["rows"] is None else list(Rows(request["rows"], names))[: request["count"]]
    cosines = []
    for index, row in enumerate(rows):
        results = [np.asarray(value) for value in compiled(row).values()]
        if not all(np.isfinite(value).all() for value in results):
            raise ValueError("its outputs are not finite")
        if other is not None:
            cosines.append(cosine(results[0], np.asarray(next(iter(other(row).values())))))
        progress((index + 1) / len(rows))
    return {"rows": len(rows), "cosine": min(cosines) if cosines else None}


def blank(compiled):
    import numpy as np

    return {value.get_any_name(): np.ones([dim.get_length() if dim.is_static else 1 for dim in value.get_partial_shape()], value.get_element_type().to_dtype()) for value in compiled.inputs}


def cosine(a, b):
    import numpy as np

    a, b = a.astype(np.float64).ravel(), b.astype(np.float64).ravel()
    norm = np.linalg.norm(a) * np.linalg.norm(b)
    return float(a @ b / norm) if norm > 0 else 1.0 if not a.any() and not b.any() else 0.0


OPERATIONS = {"convert": convert, "update-io": update_io, "quantize": quantize, "compare": compare}


def serve(answer):
    for line in sys.stdin:
        if len(line) > MAX_REQUEST_CHARS:
            raise SystemExit("a request is too long")
        request = json.loads(line)
        identity = request["id"]
        try:
            progress = lambda fraction: answer({"id": identity, "type": "progress", "fraction": fraction})
            answer({"id": identity, "type": "result", "value": OPERATIONS[request["op"]](request, progress)})
        except Exception as error:  # Every failure of a library is an answer; the process stays.
            answer({"id": identity, "type": "error", "problem": f"{type(error).__name__}: {error}"[:2000]})


if __name__ == "__main__":
    confined.confine(int(sys.argv[1]))
    serve(confined.private_output())
