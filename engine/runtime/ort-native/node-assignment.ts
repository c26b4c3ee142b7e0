import { type OrtApi, type OrtFunction, type Pointer, pointersAt, textAt } from './ort-api.ts';

/** One node of the model as it was when providers were asked, and the provider that took it. */
export interface NodeAssignment {
  readonly node: string;
  readonly opType: string;
  /** Full provider name. */
  readonly ep: string;
}

/** Session configuration that makes ONNX Runtime remember the assignment. */
export const RECORD_ASSIGNMENT = 'session.record_ep_graph_assignment_info';

/** Reads what a session made with {@link RECORD_ASSIGNMENT} remembers. The objects belong to the session. Throws OrtError. */
export function readAssignment(api: OrtApi, session: Pointer): readonly NodeAssignment[] {
  return listOf(api, 'Session_GetEpGraphAssignmentInfo', session).flatMap((subgraph) => {
    const ep = textAt(api.create('EpAssignedSubgraph_GetEpName', subgraph));
    return listOf(api, 'EpAssignedSubgraph_GetNodes', subgraph).map((node) => ({
      node: textAt(api.create('EpAssignedNode_GetName', node)),
      opType: textAt(api.create('EpAssignedNode_GetOperatorType', node)),
      ep,
    }));
  });
}

function listOf(api: OrtApi, name: OrtFunction, owner: Pointer): readonly Pointer[] {
  const [table, count]: [unknown[], unknown[]] = [[null], [0]];
  api.call(name, owner, table, count);
  return typeof table[0] === 'bigint' ? pointersAt(table[0], Number(count[0])) : [];
}
