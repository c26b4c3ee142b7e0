import { Option } from 'commander';
import { CPU_EP } from '../../domain/names.ts';
import type { BenchOptions } from '../bench/run-bench.ts';
import { collect, cosine, launchCount, positiveInteger } from '../option-parsers.ts';
import { type RegisterCommand, withOutput } from './command.ts';

/** `grove bench MODEL.onnx`: several fresh processes, an interval, and where the nodes ran; on this machine, without a farm. */
export const registerBench: RegisterCommand = (program, context) => {
  const command = program.command('bench <model>').description('measure an ONNX model on this machine');
  withOutput(command)
    .addOption(new Option('--ep <name>', 'execution provider').default(CPU_EP))
    .addOption(new Option('--device <class>', 'kind of device, where the provider has several').choices(['cpu', 'gpu', 'npu']))
    .option('--ep-package <id>', 'package of the provider, such as qnn@2.7.0 (default: its newest)')
    .option('--ep-option <key=value>', "option of the provider, by the provider's own name (repeatable)", collect, [])
    .option('--ort <file>', 'another ONNX Runtime library')
    .option('--threads <count>', 'threads of one operator', positiveInteger)
    .addOption(new Option('--tier <tier>', 'how much is measured').choices(['smoke', 'standard', 'ranked']).default('smoke'))
    .option('--launches <count>', 'fresh processes that measure, at most 64', launchCount)
    .option('--streams <count>', 'measure throughput too, with so many requests in flight: at most 4', positiveInteger)
    .option('--reference <model.onnx>', 'compare the outputs with those of this model on the CPU, for the same inputs')
    .option('--min-cosine <number>', 'least cosine that counts as good (default 0.99)', cosine)
    .option('--dim <name=size>', 'size of a symbolic dimension (repeatable; default 1 for the first axis, 128 for others)', collect, [])
    .option('--ids-below <count>', 'generated token ids are below this: at most the vocabulary size', positiveInteger, 1_000)
    .action(async (model: string, options: BenchOptions) => (await import('../bench/run-bench.ts')).runBench(model, options, context));
};
