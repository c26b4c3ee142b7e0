import { availableParallelism, homedir, hostname, tmpdir } from 'node:os';
import { resolve } from 'node:path';
import { z } from 'zod';
import { GroveError } from '../domain/errors.ts';
import { idSchema, nameSchema } from '../domain/names.ts';
import { EXECUTION_PROVIDERS, type ExecutionProvider } from '../engine/runtime/execution-providers.ts';
import { TELEMETRY_OFF } from '../engine/runtime/telemetry.ts';
import { readMachineConfig } from '../platform/config-file.ts';
import { defaultDataFolder } from '../platform/data-folder.ts';
import { readSecret } from '../platform/read-secret.ts';
import type { GateSettings } from './gates/gate-keeper.ts';
import type { RecoverySettings } from './health/recovery.ts';

/** The agent's settings with every default filled in; the rest of the agent reads no environment. */
export interface AgentConfig {
  /** Where the coordinator listens for agents: `grpc://127.0.0.1:4701`; several coordinators of one farm separated by commas. Null: where its farm said
   * when it joined, else {@link DEFAULT_AGENT_URL}. */
  readonly agentUrl: string | null;
  /** The string by which it joins a farm; null for an agent that has joined, or need not. */
  readonly join: string | null;
  /** Connects without TLS to addresses beyond this machine. */
  readonly insecure: boolean;
  /** PEM of its farm's authority, which it trusts beside the public ones; null before it has joined. */
  readonly farmAuthority: string | null;
  /** Absolute. The agent keeps everything below it: cache, results, children, identity. */
  readonly dataFolder: string;
  /** Unique in the farm. */
  readonly name: string;
  /** First part of device names. */
  readonly hostName: string;
  /** Replaces the id derived from the operating system's machine id; null derives it. */
  readonly hostId: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** `hub`: may resolve models and data sets from the hub. */
  readonly capabilities: readonly string[];
  readonly cache: {
    readonly maxBytes: number;
    /** The agent is not ready while the data folder's file system has less free. */
    readonly minFreeBytes: number;
  };
  readonly hub: {
    /** Nothing is ever asked of a hub: models and data sets come from folders, files and imports. */
    readonly isOff: boolean;
    readonly endpoint: string;
    readonly token: string | null;
    /** Proxy URLs for a hub reached by http and https, and the hosts (comma-separated) reached without. */
    readonly proxy: { readonly http: string | null; readonly https: string | null; readonly exceptFor: string | null };
  };
  /** What measures: the adapter, and the ONNX Runtime library for providers without a package; null is the one that ships. */
  readonly runtime: { readonly adapter: 'ort-native' | 'ort-node'; readonly ort: string | null };
  /** What this machine says of execution providers. */
  readonly eps: Readonly<Partial<Record<ExecutionProvider, EpSettings>>>;
  /** When this machine waits, and when its results are labelled. */
  readonly gates: GateSettings;
  /** What is tried when a device stops working, before the agent asks for its quarantine. */
  readonly recovery: RecoverySettings;
  /** Longest a stage process may take. */
  readonly timeoutMs: { readonly convert: number; readonly measure: number };
  /** How long a running task may go on after SIGTERM before it is handed back. */
  readonly stopGraceMs: number;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** The complete environment of stage processes. */
  readonly childEnv: Readonly<Record<string, string>>;
}

const epSettingsSchema = z.strictObject({
  /** Installed package to use, where several are: `qnn@2.7.0`. */
  package: z.string().max(100).exactOptional(),
  /** Library of an ONNX Runtime build that has the provider compiled in. */
  ort: z.string().min(1).exactOptional(),
  /** Provider options that belong to this machine; they win over a recipe's. */
  options: z.record(z.string().max(120), z.string().max(4_000)).exactOptional(),
});
type EpSettings = z.infer<typeof epSettingsSchema>;

const actionSchema = z.enum(['wait', 'label']);
const shareSchema = z.number().min(0).max(1);

const gatesSchema = z.strictObject({
  battery: actionSchema.exactOptional(),
  powerSave: actionSchema.exactOptional(),
  throttled: actionSchema.exactOptional(),
  busy: actionSchema.exactOptional(),
  lowMemory: actionSchema.exactOptional(),
  temperatureC: z.number().min(20).max(150).exactOptional(),
  foreignShare: shareSchema.exactOptional(),
  stealShare: shareSchema.exactOptional(),
  cpuPressure: shareSchema.exactOptional(),
  freeMemoryBytes: z.int().min(0).exactOptional(),
  settleMs: z.int().min(0).max(3_600_000).exactOptional(),
});

const recoverySchema = z.strictObject({
  command: z.array(z.string().min(1).max(4_000)).min(1).max(64).exactOptional(),
  timeoutMs: z.int().min(1_000).max(3_600_000).exactOptional(),
});

const webUrl = z.url({ protocol: /^https?$/ });
/** A password in it would stand in every error about the hub; HF_TOKEN is the place for secrets. */
const hubUrl = webUrl.refine((url) => !/^https?:\/\/[^/?#]*@/.test(url), 'must not hold a user name or password: use HF_TOKEN');

/** The `agent` section of the configuration file; every entry is optional. */
export const agentFileSchema = z.strictObject({
  agentUrl: z.string().exactOptional(),
  join: z.string().max(1_000).exactOptional(),
  insecure: z.boolean().exactOptional(),
  dataFolder: z.string().exactOptional(),
  name: nameSchema.exactOptional(),
  hostName: nameSchema.exactOptional(),
  hostId: idSchema.exactOptional(),
  labels: z.record(nameSchema, z.string().max(300)).exactOptional(),
  capabilities: z.array(nameSchema).max(64).exactOptional(),
  cache: z.strictObject({ maxBytes: z.int().min(0).exactOptional(), minFreeBytes: z.int().min(0).exactOptional() }).exactOptional(),
  hub: z
    .union([
      z.literal('off'),
      z.strictObject({ endpoint: hubUrl.exactOptional(), proxy: webUrl.exactOptional(), noProxy: z.string().max(4_000).exactOptional() }),
    ])
    .exactOptional(),
  runtime: z
    .strictObject({ adapter: z.enum(['ort-native', 'ort-node']).exactOptional(), ort: z.string().min(1).exactOptional() })
    .exactOptional(),
  eps: z.partialRecord(z.enum(EXECUTION_PROVIDERS), epSettingsSchema).exactOptional(),
  gates: gatesSchema.exactOptional(),
  recovery: recoverySchema.exactOptional(),
  timeoutMs: z.strictObject({ convert: z.int().min(1_000).exactOptional(), measure: z.int().min(1_000).exactOptional() }).exactOptional(),
  stopGraceMs: z.int().min(0).max(600_000).exactOptional(),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).exactOptional(),
});
export type AgentFile = z.infer<typeof agentFileSchema>;

/** Where a coordinator of this machine listens for agents unless told otherwise. */
export const DEFAULT_AGENT_URL = 'grpc://127.0.0.1:4701';

/** What the environment may set. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Variables a stage process keeps: where programs, libraries and scratch space are, and the language of messages. Never a secret. */
const CHILD_VARIABLES = [
  'PATH',
  'LANG',
  'LC_ALL',
  'TZ',
  'TMPDIR',
  'TEMP',
  'TMP',
  'SystemRoot',
  'SystemDrive',
  'windir',
  'LD_LIBRARY_PATH',
  'VK_DRIVER_FILES',
  'VK_ICD_FILENAMES',
];

const GIBIBYTE = 1_073_741_824;

/**
 * Settings from flags, then the environment (`GROVE_AGENT_URL`, `GROVE_JOIN`, `GROVE_JOIN_FILE`, `GROVE_DATA`, `GROVE_CONFIG`, `HF_TOKEN`, `HF_TOKEN_FILE`, `HF_ENDPOINT`,
 * `HF_HUB_OFFLINE`, `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`), then the
 * `agent` section of the YAML file, then defaults. Throws `invalid-config` naming the file and line, or the variable.
 */
export async function loadAgentConfig(
  flags: AgentFile & { readonly configFile?: string } = {},
  env: Environment = process.env,
): Promise<AgentConfig> {
  const { configFile, ...given } = flags;
  const file = await readSection(configFile ?? env['GROVE_CONFIG']);
  const fromEnv = environmentSettings(env);
  const settings = { ...file, ...fromEnv, ...given };
  const hub = given.hub ?? mergedHub(file.hub, fromEnv.hub);
  const join = given.join ?? (await readSecret('GROVE_JOIN', env)) ?? file.join;
  const complete = { ...settings, ...(hub !== undefined && { hub }), ...(join !== undefined && { join }) };
  return completeAgentConfig(complete, { env, token: await readSecret('HF_TOKEN', env) });
}

/** Fills the defaults. Exported for programs that embed an agent and have no file. */
export function completeAgentConfig(
  settings: AgentFile,
  { env, token }: { readonly env: Environment; readonly token: string | null },
): AgentConfig {
  const hostName = settings.hostName ?? plainName(hostname());
  const data = settings.dataFolder ?? resolve(defaultDataFolder({ platform: process.platform, home: homedir(), env }), 'agent');
  return {
    agentUrl: settings.agentUrl ?? null,
    join: settings.join ?? null,
    insecure: settings.insecure ?? false,
    farmAuthority: null,
    dataFolder: resolve(data),
    name: settings.name ?? hostName,
    hostName,
    hostId: settings.hostId ?? null,
    labels: settings.labels ?? {},
    capabilities: (settings.capabilities ?? []).filter((capability) => capability !== 'hub' || !isHubOff(settings.hub, env)),
    cache: { maxBytes: settings.cache?.maxBytes ?? 50 * GIBIBYTE, minFreeBytes: settings.cache?.minFreeBytes ?? GIBIBYTE },
    hub: hubSettings(settings.hub, { env, token }),
    runtime: { adapter: settings.runtime?.adapter ?? 'ort-native', ort: settings.runtime?.ort ?? null },
    eps: settings.eps ?? {},
    gates: gateSettings(settings.gates ?? {}),
    recovery: { command: settings.recovery?.command ?? null, timeoutMs: settings.recovery?.timeoutMs ?? 60_000 },
    timeoutMs: { convert: settings.timeoutMs?.convert ?? 3_600_000, measure: settings.timeoutMs?.measure ?? 1_800_000 },
    stopGraceMs: settings.stopGraceMs ?? 2_000,
    logLevel: settings.logLevel ?? 'info',
    childEnv: childEnvironment(env),
  };
}

/** A machine that is too hot or out of memory measures nothing worth having; on battery or beside other work it does, with the label. */
function gateSettings(given: z.infer<typeof gatesSchema>): GateSettings {
  return {
    actions: {
      battery: given.battery ?? 'label',
      'power-save': given.powerSave ?? 'label',
      throttled: given.throttled ?? 'wait',
      busy: given.busy ?? 'label',
      'low-memory': given.lowMemory ?? 'wait',
    },
    limits: {
      temperatureC: given.temperatureC ?? 95,
      foreignShare: given.foreignShare ?? 0.25,
      stealShare: given.stealShare ?? 0.1,
      cpuPressure: given.cpuPressure ?? 0.5,
      freeMemoryBytes: given.freeMemoryBytes ?? GIBIBYTE / 4,
    },
    settleMs: given.settleMs ?? 15_000,
  };
}

/** An endpoint in the environment replaces the file's alone, and does not switch on what the file switched off. */
function mergedHub(file: AgentFile['hub'], env: AgentFile['hub']): AgentFile['hub'] {
  if (file === 'off' || env === 'off') return 'off';
  return file === undefined && env === undefined ? undefined : { ...file, ...env };
}

/** The variables that Hugging Face's own libraries and other programs read. A proxy of the file stands for both protocols. */
function hubSettings(
  hub: AgentFile['hub'],
  { env, token }: { readonly env: Environment; readonly token: string | null },
): AgentConfig['hub'] {
  const file = hub === 'off' ? {} : (hub ?? {});
  const fromEnv = (name: string) => env[name.toLowerCase()] || env[name] || null;
  return {
    isOff: isHubOff(hub, env),
    endpoint: (file.endpoint ?? 'https://huggingface.co').replace(/\/+$/, ''),
    token,
    proxy: {
      http: file.proxy ?? proxyOf('HTTP_PROXY', fromEnv('HTTP_PROXY')),
      https: file.proxy ?? proxyOf('HTTPS_PROXY', fromEnv('HTTPS_PROXY')),
      exceptFor: file.noProxy ?? fromEnv('NO_PROXY'),
    },
  };
}

/** Programs take `host:port` for a proxy too. The value is not repeated in errors: it may hold a password. */
function proxyOf(name: string, value: string | null): string | null {
  if (value === null) return null;
  const url = value.includes('://') ? value : `http://${value}`;
  if (webUrl.safeParse(url).success) return url;
  throw new GroveError('invalid-config', { where: name, problem: 'it is no http or https address' });
}

function isHubOff(hub: AgentFile['hub'], env: Environment): boolean {
  return hub === 'off' || /^(?:1|true|yes|on)$/i.test(env['HF_HUB_OFFLINE'] ?? '');
}

async function readSection(path: string | undefined): Promise<AgentFile> {
  const { data, section } = await readMachineConfig(path, { name: 'agent', schema: agentFileSchema });
  return { ...(data !== undefined && { dataFolder: resolve(data, 'agent') }), ...section };
}

/** Variable -> the entry it sets. */
function environmentSettings(env: Environment): AgentFile {
  const settings = {
    GROVE_AGENT_URL: (value: string) => ({ agentUrl: value }),
    GROVE_DATA: (value: string) => ({ dataFolder: resolve(value, 'agent') }),
    HF_ENDPOINT: (value: string) => ({ hub: { endpoint: value } }),
  };
  const given = Object.entries(settings).map(([name, entry]) => {
    const value = env[name];
    const parsed = agentFileSchema.safeParse(value ? entry(value) : {});
    if (parsed.success) return parsed.data;
    throw new GroveError('invalid-config', { where: name, problem: parsed.error.issues[0]?.message ?? 'it is not valid' });
  });
  return Object.assign({}, ...given);
}

function childEnvironment(env: Environment): Record<string, string> {
  const kept = CHILD_VARIABLES.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const]));
  // Thread pools of native libraries size themselves by it, and Node's own pool only reads files here.
  return { ...Object.fromEntries(kept), ...TELEMETRY_OFF, HOME: tmpdir(), UV_THREADPOOL_SIZE: String(Math.min(4, availableParallelism())) };
}

/** A host name as a plain name; what does not fit becomes `-`. */
function plainName(text: string): string {
  const name = text
    .replace(/[^A-Za-z0-9._-]/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 100);
  return name === '' ? 'host' : name;
}
