import { registerAgentDoctor } from './agent-doctor.ts';
import { registerAgentDrain } from './agent-drain.ts';
import { registerAgentList } from './agent-list.ts';
import { registerAgentPause } from './agent-pause.ts';
import { registerAgentRecover } from './agent-recover.ts';
import { registerAgentResume } from './agent-resume.ts';
import { registerAgentRevoke } from './agent-revoke.ts';
import { registerAgentRun } from './agent-run.ts';
import { registerAgentShow } from './agent-show.ts';
import { registerAgentToken } from './agent-token.ts';
import { registerArtifactGc } from './artifact-gc.ts';
import { registerAudit } from './audit.ts';
import { registerBench } from './bench.ts';
import { registerBundleCreate } from './bundle-create.ts';
import { registerBundleKey } from './bundle-key.ts';
import { registerBundleVerify } from './bundle-verify.ts';
import { registerCellAck } from './cell-ack.ts';
import { registerCellNote } from './cell-note.ts';
import { registerCellPin } from './cell-pin.ts';
import { registerCellShow } from './cell-show.ts';
import type { RegisterCommand } from './command.ts';
import { registerCompare } from './compare.ts';
import { registerContextList } from './context-list.ts';
import { registerContextRemove } from './context-remove.ts';
import { registerContextUse } from './context-use.ts';
import { registerConvert } from './convert.ts';
import { registerDataImport } from './data-import.ts';
import { registerDataList } from './data-list.ts';
import { registerDemo } from './demo.ts';
import { registerDiff } from './diff.ts';
import { registerDoctor } from './doctor.ts';
import { registerDown } from './down.ts';
import { registerEpAdd } from './ep-add.ts';
import { registerEpList } from './ep-list.ts';
import { registerEpRemove } from './ep-remove.ts';
import { registerGate } from './gate.ts';
import { registerInspect } from './inspect.ts';
import { registerJobCancel } from './job-cancel.ts';
import { registerJobExplain } from './job-explain.ts';
import { registerJobList } from './job-list.ts';
import { registerJobLogs } from './job-logs.ts';
import { registerJobRecover } from './job-recover.ts';
import { registerJobView } from './job-view.ts';
import { registerJobWatch } from './job-watch.ts';
import { registerLint } from './lint.ts';
import { registerLogin } from './login.ts';
import { registerMatrix } from './matrix.ts';
import { registerModelImport } from './model-import.ts';
import { registerModelList } from './model-list.ts';
import { registerModelShow } from './model-show.ts';
import { registerNotificationList } from './notification-list.ts';
import { registerNotificationTest } from './notification-test.ts';
import { registerPolicySet } from './policy-set.ts';
import { registerPolicyShow } from './policy-show.ts';
import { registerPull } from './pull.ts';
import { registerRecipeExport } from './recipe-export.ts';
import { registerRecipeList } from './recipe-list.ts';
import { registerRecipeShow } from './recipe-show.ts';
import { registerReplay } from './replay.ts';
import { registerRerun } from './rerun.ts';
import { registerResultImport } from './result-import.ts';
import { registerResultList } from './result-list.ts';
import { registerResultRemove } from './result-remove.ts';
import { registerSubmit } from './submit.ts';
import { registerSuiteList } from './suite-list.ts';
import { registerSuitePin } from './suite-pin.ts';
import { registerSuiteRun } from './suite-run.ts';
import { registerSuiteShow } from './suite-show.ts';
import { registerSuiteUnpin } from './suite-unpin.ts';
import { registerTokenCreate } from './token-create.ts';
import { registerTokenList } from './token-list.ts';
import { registerTokenRevoke } from './token-revoke.ts';
import { registerToolchainInstall } from './toolchain-install.ts';
import { registerToolchainList } from './toolchain-list.ts';
import { registerToolchainRemove } from './toolchain-remove.ts';
import { registerUp } from './up.ts';

/** Every command, in the order of `grove --help`. A test compares this list with the folder. */
export const COMMANDS: readonly RegisterCommand[] = [
  registerUp,
  registerDown,
  registerLogin,
  registerContextList,
  registerContextUse,
  registerContextRemove,
  registerTokenCreate,
  registerTokenList,
  registerTokenRevoke,
  registerAudit,
  registerDoctor,
  registerDemo,
  registerResultImport,
  registerResultList,
  registerResultRemove,
  registerSubmit,
  registerRerun,
  registerMatrix,
  registerGate,
  registerCellShow,
  registerCellPin,
  registerCellAck,
  registerCellNote,
  registerPull,
  registerBundleCreate,
  registerBundleVerify,
  registerBundleKey,
  registerReplay,
  registerJobList,
  registerJobView,
  registerJobWatch,
  registerJobLogs,
  registerJobCancel,
  registerJobExplain,
  registerJobRecover,
  registerAgentRun,
  registerAgentList,
  registerAgentShow,
  registerAgentPause,
  registerAgentResume,
  registerAgentDrain,
  registerAgentRecover,
  registerAgentToken,
  registerAgentRevoke,
  registerAgentDoctor,
  registerArtifactGc,
  registerEpAdd,
  registerEpList,
  registerEpRemove,
  registerToolchainInstall,
  registerToolchainList,
  registerToolchainRemove,
  registerPolicyShow,
  registerNotificationList,
  registerNotificationTest,
  registerPolicySet,
  registerModelImport,
  registerModelList,
  registerModelShow,
  registerDataImport,
  registerDataList,
  registerRecipeList,
  registerRecipeShow,
  registerSuiteList,
  registerSuiteShow,
  registerSuiteRun,
  registerSuitePin,
  registerSuiteUnpin,
  registerRecipeExport,
  registerCompare,
  registerConvert,
  registerBench,
  registerInspect,
  registerDiff,
  registerLint,
];
