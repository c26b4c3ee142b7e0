"""What Python says of the reference stack and of models: python describe.py [MODEL.onnx...]

Prints one JSON document: {"versions": {PACKAGE: VERSION}, "operators": {MODEL: {OPERATOR: COUNT}}}. The operators are counted by the onnx package, so that a
fault of Grove's own reader cannot hide a difference.
"""

import json
import platform
import sys
from collections import Counter
from importlib.metadata import PackageNotFoundError, version

import onnx

PACKAGES = ["olive-ai", "onnxruntime", "onnx", "transformers", "torch", "datasets", "numpy"]


def version_of(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def operators(path: str) -> dict:
    graph = onnx.load(path, load_external_data=False).graph
    names = (node.op_type if node.domain in ("", "ai.onnx") else f"{node.domain}::{node.op_type}" for node in graph.node)
    return dict(sorted(Counter(names).items()))


versions = {"python": platform.python_version()} | {package: version_of(package) for package in PACKAGES}
print(json.dumps({"versions": versions, "operators": {path: operators(path) for path in sys.argv[1:]}}))
