import type { Role } from '../domain/access.ts';
import type { RouteName } from './routes.ts';

/**
 * Who may use a route: `anyone`, also who has shown nothing; `grant`, who has a signed URL; else who has at least this role. Of a farm that listens on
 * loopback without enrolment everybody is `admin`.
 */
export type AccessRule = 'anyone' | 'grant' | Role;

/** Every route of the API: a new one does not compile without its line. */
export const ACCESS_RULES: Readonly<Record<RouteName, AccessRule>> = {
  // What a machine or person needs before there is anything to show.
  authority: 'anyone',
  enrol: 'anyone',
  openSession: 'anyone',
  closeSession: 'anyone',
  ready: 'anyone',
  readyz: 'anyone',
  healthz: 'anyone',
  putBlob: 'grant',
  getBlob: 'grant',
  // Looking
  caller: 'viewer',
  health: 'viewer',
  metrics: 'viewer',
  garbage: 'viewer',
  lostJobs: 'viewer',
  jobs: 'viewer',
  job: 'viewer',
  explainJob: 'viewer',
  task: 'viewer',
  taskLog: 'viewer',
  agents: 'viewer',
  agent: 'viewer',
  policy: 'viewer',
  recipes: 'viewer',
  recipe: 'viewer',
  models: 'viewer',
  data: 'viewer',
  results: 'viewer',
  suites: 'viewer',
  suite: 'viewer',
  matrix: 'viewer',
  matrixList: 'viewer',
  cell: 'viewer',
  cellHistory: 'viewer',
  cellSheet: 'viewer',
  cellSamples: 'viewer',
  artifact: 'viewer',
  farmKey: 'viewer',
  taskBundle: 'viewer',
  events: 'viewer',
  openApi: 'viewer',
  // Working
  createUploads: 'submitter',
  submit: 'submitter',
  rerun: 'submitter',
  cancelJob: 'submitter',
  runSuite: 'submitter',
  curateCell: 'submitter',
  // Running the lab
  collectGarbage: 'operator',
  recoverJob: 'operator',
  markAgent: 'operator',
  unmarkAgent: 'operator',
  setPolicy: 'operator',
  importModel: 'operator',
  importData: 'operator',
  importResults: 'operator',
  removeResults: 'operator',
  pinSuite: 'operator',
  unpinSuite: 'operator',
  notifications: 'operator',
  testNotifications: 'operator',
  createJoin: 'operator',
  revokeAgent: 'operator',
  // Deciding who may
  tokens: 'admin',
  createToken: 'admin',
  revokeToken: 'admin',
  audit: 'admin',
  shutdown: 'admin',
};
