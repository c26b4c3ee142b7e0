import { powershell } from '../../platform/powershell.ts';
import { runTool } from '../../platform/run-tool.ts';
import { QUERIES, type QueryName } from './queries.ts';
import { RootedSysfs, type Sysfs } from './sysfs.ts';

/** Everything the probe, the gates and the doctor look at: this machine, or a fixture that stands for one. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  /** As Node names it: `x64`, `arm64`. */
  readonly arch: string;
  readonly sysfs: Sysfs;
  /** What a vendor's or the system's tool answers; undefined when it is absent, fails or takes too long. */
  query(name: QueryName): Promise<string | undefined>;
}

/** @param root prefix of the file system, for tests. */
export function thisMachine(root = '/'): Machine {
  const { platform, arch } = process;
  return { platform, arch, sysfs: new RootedSysfs(root), query };
}

function query(name: QueryName): Promise<string | undefined> {
  const { tool, args } = QUERIES[name];
  return tool === 'powershell' ? powershell(args.join(' ')) : runTool(tool, args);
}
