import type { SurgeonArguments } from '../../../domain/passes/native-surgeons.ts';
import { inferTypes } from '../../runtime/type-oracle.ts';
import type { Surgery } from './surgery.ts';

/** Makes the first output of named nodes of the main graph a graph output, typed as ONNX Runtime infers it. */
export const exposeOutputs: Surgery<SurgeonArguments<'ExposeOutputs'>> = {
  async operate(model, args, { runtime }) {
    const { graph } = model;
    const wanted = new Set(args.names);
    const nodes = [...graph.nodes].filter(({ name }) => wanted.has(name));
    const values = [...new Set(nodes.map(({ outputs }) => outputs[0] ?? ''))].filter((value) => value !== '' && !graph.isOutput(value));
    const types = values.length === 0 ? undefined : await inferTypes(model, runtime, { values });
    for (const value of values) {
      graph.addOutput(value, types?.get(value) ?? graph.typeOf(value));
      graph.valueInfo.delete(value);
    }
    const met = new Set(nodes.map(({ name }) => name));
    const leftOut = [...wanted].filter((name) => !met.has(name)).map((name) => `the main graph has no node "${name}"`);
    return { changes: values.length, leftOut };
  },
};
