"""Writes operator-history.ts: what changed in each standard operator from operator set 13 to 21. Needs onnx; run by hand, then format."""

import json
from collections import defaultdict
from pathlib import Path

import onnx
from onnx import AttributeProto, helper

FIRST, LAST = 13, 21

PLAIN_TYPES = {
    f"tensor({name.lower()})": number for name, number in onnx.TensorProto.DataType.items() if name not in ("UNDEFINED", "FLOAT")
} | {"tensor(float)": onnx.TensorProto.FLOAT}


def types_of(schema):
    """Of all inputs and outputs together, those of one fixed type included."""
    return {PLAIN_TYPES[text] for formal in [*schema.inputs, *schema.outputs] for text in formal.types if text in PLAIN_TYPES}


def default_of(attribute):
    if attribute.default_value.type == AttributeProto.UNDEFINED:
        return None
    value = helper.get_attribute_value(attribute.default_value)
    return value.decode() if isinstance(value, bytes) else value


def change(old, new):
    added = {name: default_of(attribute) for name, attribute in new.attributes.items() if name not in old.attributes}
    return {
        "types": sorted(types_of(new) - types_of(old)),
        "attributes": added,
        "inputs": len(old.inputs) if len(new.inputs) > len(old.inputs) else None,
    }


history = defaultdict(list)
for schema in onnx.defs.get_all_schemas_with_history():
    if schema.domain == "" and schema.since_version <= LAST:
        history[schema.name].append(schema)

unchanged, table = [], {}
for name, schemas in sorted(history.items()):
    schemas.sort(key=lambda schema: schema.since_version)
    if schemas[-1].deprecated:
        continue
    changes = {b.since_version: change(a, b) for a, b in zip(schemas, schemas[1:]) if b.since_version > FIRST}
    since = schemas[0].since_version
    if since <= FIRST and not changes:
        unchanged.append(name)
    else:
        table[name] = {"since": max(since, FIRST), "changes": changes}

text = f"""import type {{ DataType }} from '../../graph/data-type.ts';

/** What a new version of an operator brought. */
export interface OperatorChange {{
  /** Element types it takes since, for any of its values. */
  readonly types: readonly DataType[];
  /** New attributes with their defaults; null where there is none. */
  readonly attributes: Readonly<Record<string, string | number | null>>;
  /** How many inputs it took before, where it takes more since; else null. */
  readonly inputs: number | null;
}}

/** Standard operators that are one and the same from operator set {FIRST} to {LAST}. Written by make_operator_history.py from onnx {onnx.__version__}. */
export const UNCHANGED_OPERATORS: readonly string[] = {json.dumps(unchanged)};

/** The others: the operator set that brought them ({FIRST} for older ones) and what changed since, by operator set. */
export const CHANGED_OPERATORS: Readonly<
  Record<string, {{ readonly since: number; readonly changes: Readonly<Record<number, OperatorChange>> }}>
> = {json.dumps(table)};
"""
Path(__file__).with_name("operator-history.ts").write_text(text)
