// Adds up the suites of one run: `node totals.mjs REPORT_FOLDER FAILED_STEPS` prints the closing line and exits 0 only when every test that exists ran and passed.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, failedSteps] = process.argv.slice(2);
const files = readdirSync(folder);

/** Counts of one vitest JSON report; one that was never or only half written counts nothing. */
function countsOf(suite) {
  const report = readReport(join(folder, `${suite}.json`));
  if (report === undefined) return { passed: 0, failed: 0, skipped: 0 };
  return { passed: report.numPassedTests, failed: report.numFailedTests, skipped: report.numPendingTests + report.numTodoTests };
}

function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

const suites = [...new Set(files.map((file) => file.replace(/\.(json|failed)$/, '')))];
const total = { passed: 0, failed: Number(failedSteps), skipped: 0 };
for (const suite of suites) {
  const counts = countsOf(suite);
  const brokeOtherwise = counts.failed === 0 && files.includes(`${suite}.failed`);
  total.passed += counts.passed;
  total.failed += counts.failed + (brokeOtherwise ? 1 : 0);
  total.skipped += counts.skipped;
}

console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
process.exitCode = total.failed === 0 && total.skipped === 0 && total.passed > 0 ? 0 : 1;
