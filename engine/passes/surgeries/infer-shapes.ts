import type { SurgeonArguments } from '../../../domain/passes/native-surgeons.ts';
import type { Dim, TensorType, ValueType } from '../../graph/value.ts';
import { inferTypes } from '../../runtime/type-oracle.ts';
import type { Surgery } from './surgery.ts';

/** Records what ONNX Runtime infers of every value that a node of the main graph computes. */
export const inferShapes: Surgery<SurgeonArguments<'InferShapes'>> = {
  async operate(model, _args, { runtime }) {
    const { graph } = model;
    if (graph.nodes.size === 0) return { changes: 0 };
    let changes = 0;
    for (const [value, inferred] of await inferTypes(model, runtime)) {
      const known = graph.typeOf(value);
      const merged = merge(known, inferred);
      if (known !== undefined && sameType(known, merged)) continue;
      graph.setType(value, merged);
      changes++;
    }
    return { changes };
  },
};

/** What was recorded, completed by what is inferred; the inferred type alone where they contradict each other. */
function merge(known: ValueType | undefined, inferred: TensorType): TensorType {
  if (known?.kind !== 'tensor' || known.dataType !== inferred.dataType) return inferred;
  const { dims } = inferred;
  if (dims === undefined) return known;
  if (known.dims === undefined) return { ...known, dims };
  if (known.dims.length !== dims.length) return inferred;
  return { ...known, dims: known.dims.map((dim, axis) => mergeDim(dim, dims[axis] ?? null)) };
}

/** An inferred number is certain; a recorded name says more than an inferred one. */
function mergeDim(known: Dim, inferred: Dim): Dim {
  return typeof inferred === 'number' ? inferred : (known ?? inferred);
}

function sameType(a: ValueType, b: TensorType): boolean {
  return (
    a.kind === 'tensor' &&
    a.dataType === b.dataType &&
    a.dims?.length === b.dims?.length &&
    (a.dims ?? []).every((dim, axis) => dim === b.dims?.[axis])
  );
}
