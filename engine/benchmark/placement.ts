import type { Placement } from '../../domain/report.ts';
import { isHeavyOp } from './heavy-nodes.ts';
import type { NodeExecution, Profile } from './profile.ts';

const MAX_LISTED = 50;
/** Longest node name shown. */
const MAX_NAME_LENGTH = 300;

/**
 * Where the nodes of a model ran. `heavyNodes` is their number on the graph as converted: a provider fuses what it takes, so only what it left
 * to others still shows under its own name in the profile. `fellBack`: a heavy node ran elsewhere. `partial`: only others did (QNN by default leaves
 * the graph's own Quantize and Dequantize nodes to the CPU).
 */
export function placementOf(profile: Profile, ep: string, heavyNodes: number): Placement {
  const elsewhere = distinctNodes(profile.executions.filter((execution) => execution.ep !== ep));
  const heavyNodesElsewhere = elsewhere.filter((execution) => isHeavyOp(execution.opType)).length;
  return {
    byEp: shares(profile),
    heavyNodes,
    heavyNodesElsewhere,
    fellBack: heavyNodesElsewhere > 0,
    partial: heavyNodesElsewhere === 0 && elsewhere.length > 0,
    elsewhere: elsewhere
      .slice(0, MAX_LISTED)
      .map(({ node, opType, ep: where }) => `${node.slice(0, MAX_NAME_LENGTH)} (${opType}) on ${where}`),
  };
}

function distinctNodes(executions: readonly NodeExecution[]): NodeExecution[] {
  return [...new Map(executions.map((execution) => [`${execution.nodeIndex} ${execution.node}`, execution])).values()];
}

function shares({ executions, inferences }: Profile): Placement['byEp'] {
  const totalUs = executions.reduce((sum, execution) => sum + execution.durationUs, 0);
  const byEp: Placement['byEp'] = {};
  for (const ep of new Set(executions.map((execution) => execution.ep))) {
    const own = executions.filter((execution) => execution.ep === ep);
    const ownUs = own.reduce((sum, execution) => sum + execution.durationUs, 0);
    byEp[ep] = { nodes: Math.round(own.length / inferences), timeShare: totalUs > 0 ? ownUs / totalUs : own.length / executions.length };
  }
  return byEp;
}
