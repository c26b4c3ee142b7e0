import { describe, expect, it } from 'vitest';
import { isHeavyOp } from './heavy-nodes.ts';
import { placementOf } from './placement.ts';
import type { NodeExecution } from './profile.ts';

const QNN = 'QNNExecutionProvider';
const CPU = 'CPUExecutionProvider';
const node = (name: string, opType: string, ep: string): NodeExecution => ({ node: name, nodeIndex: name, opType, ep, durationUs: 10 });
const lasting = (execution: NodeExecution, durationUs: number): NodeExecution => ({ ...execution, durationUs });
const twice = (executions: NodeExecution[]) => ({ inferences: 2, executions: [...executions, ...executions] });

describe('placementOf', () => {
  it('is clean when everything ran where it was asked to', () => {
    expect(placementOf(twice([node('fused', 'QNN_1', QNN)]), QNN, 36)).toEqual({
      byEp: { [QNN]: { nodes: 1, timeShare: 1 } },
      heavyNodes: 36,
      heavyNodesElsewhere: 0,
      fellBack: false,
      partial: false,
      elsewhere: [],
    });
  });

  it('is partial when only light nodes ran elsewhere, and lowers the share of time', () => {
    const placement = placementOf(
      twice([
        lasting(node('fused', 'QNN_1', QNN), 90),
        lasting(node('in', 'QuantizeLinear', CPU), 4),
        lasting(node('out', 'DequantizeLinear', CPU), 6),
      ]),
      QNN,
      36,
    );
    expect(placement).toMatchObject({ fellBack: false, partial: true, heavyNodesElsewhere: 0 });
    expect(placement.byEp).toEqual({ [QNN]: { nodes: 1, timeShare: 0.9 }, [CPU]: { nodes: 2, timeShare: 0.1 } });
    expect(placement.elsewhere).toEqual(['in (QuantizeLinear) on CPUExecutionProvider', 'out (DequantizeLinear) on CPUExecutionProvider']);
  });

  it('fell back as soon as one matrix product ran elsewhere, counted once', () => {
    const placement = placementOf(twice([node('fused', 'QNN_1', QNN), node('mm', 'QLinearMatMul', CPU)]), QNN, 36);
    expect(placement).toMatchObject({ fellBack: true, partial: false, heavyNodesElsewhere: 1 });
  });

  it('never lists more than fifty nodes', () => {
    const many = Array.from({ length: 80 }, (_, i) => node(`n${i}`, 'Cast', CPU));
    expect(placementOf(twice(many), QNN, 0).elsewhere).toHaveLength(50);
  });
});

describe('isHeavyOp', () => {
  it.each([
    'MatMul',
    'Gemm',
    'Conv',
    'FusedMatMul',
    'FusedConv',
    'QLinearMatMul',
    'QLinearConv',
    'MatMulIntegerToFloat',
    'DynamicQuantizeMatMul',
    'Attention',
    'QAttention',
    'MultiHeadAttention',
    'MatMulNBits',
    'QGemm',
    'DeformConv',
    'GroupQueryAttention',
    'SparseAttention',
    'QOrderedMatMul',
    'QMoE',
    'Einsum',
  ])('holds %s', (opType) => {
    expect(isHeavyOp(opType)).toBe(true);
  });

  it.each(['Add', 'QuantizeLinear', 'LayerNormalization', 'Softmax', 'Gelu', 'Gather', 'MemcpyToHost'])('leaves out %s', (opType) => {
    expect(isHeavyOp(opType)).toBe(false);
  });
});
