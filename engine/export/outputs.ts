import type { Dim } from '../graph/value.ts';
import type { EmittedOutput, OutputSize } from './architecture.ts';
import type { Emission } from './emission.ts';
import type { ExportIo } from './io-config.ts';

/**
 * Declares a model's results as outputs. Their dimensions have the names that `io` gives them; PyTorch's exporter makes up others: of the operator, the
 * output and the axis where a size shows first, the same for the same size in further outputs.
 */
export function addOutputs(emission: Emission, io: ExportIo, outputs: readonly EmittedOutput[]): void {
  const { trace, options } = emission;
  const sizes = inputSizes(emission, io);
  outputs.forEach(({ value, sizes: axes }, index) => {
    const name = io.outputNames[index];
    const opType = trace.nodes.find((node) => node.outputs.includes(value))?.opType ?? '';
    const dims = axes.map((size, axis) => {
      const given = io.outputAxes.get(name ?? '')?.get(axis);
      const dim = typeof size === 'number' ? size : (sizes.get(size) ?? given ?? `${opType}${name}_dim_${axis}`);
      if (typeof size !== 'number') sizes.set(size, dim);
      return given === undefined ? dim : numeric(given, io);
    });
    trace.outputs.push({ value, name, dataType: options.floatType, dims });
  });
}

/** Batch and sequence length of the hidden states, as far as they are fixed. */
function inputSizes({ hiddenDims }: Emission, { inputs }: ExportIo): Map<OutputSize, Dim> {
  const batches = inputs.filter(({ argument }) => argument !== 'attention_mask').map(({ dims }) => dims[0]);
  const [batch] = batches;
  const sizes = new Map<OutputSize, Dim>();
  if (typeof batch === 'number' && batches.every((size) => size === batch)) sizes.set('batch', batch);
  const sequence = hiddenDims?.[1];
  if (sequence !== undefined) sizes.set('sequence', sequence);
  return sizes;
}

function numeric(name: string, { numericNames }: ExportIo): Dim {
  return numericNames.has(name) ? Number(name) : name;
}
