import type { RecipeView } from '../../api/recipes.ts';
import type { TaskView } from '../../api/tasks.ts';
import { type ConversionReport, formatMs, listedCells, type Matrix, publishedText, recipeLabel } from '../../api/words.ts';
import { StateChip } from '../elements/chips.tsx';
import { Facts } from '../elements/facts.tsx';
import { Lint } from '../elements/lint.tsx';
import { PageHead } from '../elements/page-head.tsx';
import { Loading, Problem } from '../elements/problem.tsx';
import { Table } from '../elements/table.tsx';
import { bytesText, durationText, Instant } from '../elements/time.tsx';
import { farm } from '../farm/farm.ts';
import { useAnswer } from '../farm/use-answer.ts';
import { newestConversions } from './newest-conversions.ts';

/** One recipe of the catalogue: what it does, what lint says, what became of its newest conversions, and where it was measured. */
export function RecipePage({ recipeId }: { readonly recipeId: string }) {
  const { value: recipe, problem } = useAnswer({ ask: (signal) => farm.recipe(recipeId, { signal }), key: recipeId });
  const matrix = useAnswer({ ask: (signal) => farm.matrix({ signal }), key: `matrix of ${recipeId}` });
  if (recipe === undefined) return problem === undefined ? <Loading what="the recipe" /> : <Problem problem={problem} />;
  const { label, file } = { label: recipeLabel(recipeId), file: recipeId.split('/').at(-1) ?? 'recipe.json' };
  return (
    <>
      <p class="crumbs">
        <a href="/recipes">Recipes</a> / {recipeId}
      </p>
      <PageHead
        title={label}
        heading={
          <>
            {label} <code>@{recipe.digest.slice(0, 8)}</code>
          </>
        }
        detail={recipe.title}
        tools={
          <>
            <a href={`/submit?recipe=${encodeURIComponent(recipeId)}`}>Submit</a>
            <a href={`/?q=${encodeURIComponent(label)}`}>In the matrix</a>
            <a href={`data:application/json;charset=utf-8,${encodeURIComponent(recipe.text)}`} download={file}>
              Download
            </a>
          </>
        }
      />
      <Facts
        facts={[
          ['Model', recipe.modelId],
          ['Target', recipe.target],
          ['Conversion', recipe.supported ? 'native' : recipe.unsupported.join('; ')],
          ['Published', publishedText(recipe.published).figure],
          ['Published on', recipe.published !== null && publishedText(recipe.published).hardware],
        ]}
      />
      <Passes recipe={recipe} />
      <Lint findings={recipe.lint} />
      {matrix.value !== undefined && <Conversions matrix={matrix.value} recipeId={recipeId} />}
      {matrix.value !== undefined && <Cells matrix={matrix.value} recipeId={recipeId} />}
      <details>
        <summary>File</summary>
        <pre>{recipe.text}</pre>
      </details>
    </>
  );
}

function Passes({ recipe }: { readonly recipe: RecipeView }) {
  return (
    <section>
      <h2>Passes</h2>
      <Table
        label="Passes"
        heads={[{ text: 'Pass' }, { text: 'Type' }, { text: 'Runs' }, { text: 'Parameters', kind: 'wrap' }]}
        rows={recipe.passes.map(({ name, type, side, native, params }) => ({
          key: name,
          cells: [name, type, `${side}${native ? '' : ', needs a toolchain'}`, <code key="params">{JSON.stringify(params)}</code>],
        }))}
      />
    </section>
  );
}

function Conversions({ matrix, recipeId }: { readonly matrix: Matrix; readonly recipeId: string }) {
  const keys = newestConversions(matrix, recipeId);
  const { value } = useAnswer({
    ask: (signal) => Promise.allSettled(keys.map((key) => farm.task(`c-${key}`, { signal }))),
    key: keys.join() || recipeId,
  });
  const tasks = (value ?? []).flatMap((settled) => (settled.status === 'fulfilled' ? [settled.value] : []));
  return (
    <>
      {tasks.map((task) => (
        <Conversion key={task.taskId} task={task} />
      ))}
    </>
  );
}

function Conversion({ task }: { readonly task: TaskView }) {
  if (task.result?.kind !== 'convert') return null;
  const { report, artifact } = task.result;
  const files = Object.entries(artifact.files);
  return (
    <section>
      <h2>
        Conversion <code>{task.taskId.slice(2, 14)}</code>
      </h2>
      <Facts
        facts={[
          [
            'Size',
            `${bytesText(report.sourceBytes)} became ${bytesText(report.resultBytes)} (${((100 * report.resultBytes) / Math.max(1, report.sourceBytes)).toFixed(0)} %)`,
          ],
          ['Took', `${durationText(report.durationMs)}, ${bytesText(report.rssPeakBytes)} at most`],
          ['Made', task.endedAt !== null && <Instant at={task.endedAt} />],
          ['By', `${report.producer.agentId}, engine ${report.engineVersion}`],
          [
            'Files',
            files.map(([path, { sha256, sizeBytes }]) => (
              <span key={path} class="sibling">
                <a href={`/api/v1/artifacts/${sha256}`} download={path.split('/').at(-1)}>
                  {path}
                </a>{' '}
                <span class="muted">{bytesText(sizeBytes)}</span>
              </span>
            )),
          ],
        ]}
      />
      <Table
        label={`Passes of conversion ${task.taskId.slice(2, 14)}`}
        heads={[
          { text: 'Pass' },
          { text: 'time', kind: 'figure' },
          { text: 'nodes before', kind: 'figure' },
          { text: 'after', kind: 'figure' },
          { text: 'weights before', kind: 'figure' },
          { text: 'weights after', kind: 'figure' },
        ]}
        rows={report.passes.map(passRow)}
      />
    </section>
  );
}

function passRow({ name, durationMs, nodesBefore, nodesAfter, bytesBefore, bytesAfter }: ConversionReport['passes'][number]) {
  const bytes = (value: number | undefined) => (value === undefined || value === 0 ? '–' : bytesText(value));
  return {
    key: name,
    cells: [name, formatMs(durationMs), nodesBefore === 0 ? '–' : nodesBefore, nodesAfter, bytes(bytesBefore), bytes(bytesAfter)],
  };
}

function Cells({ matrix, recipeId }: { readonly matrix: Matrix; readonly recipeId: string }) {
  const cells = listedCells(matrix).filter(({ cell }) => cell.key.recipeId.split(' ')[0] === recipeId);
  if (cells.length === 0) return null;
  return (
    <section>
      <h2>Measured on</h2>
      <Table
        label="Measured on"
        heads={[{ text: 'Device' }, { text: 'State' }, { text: 'p50', kind: 'figure' }, { text: 'Tier' }]}
        rows={cells.slice(0, 200).map(({ cell, column }) => ({
          key: cell.id,
          cells: [
            <a key="device" href={`/cells/${cell.id}`}>
              {column.deviceModel}
            </a>,
            <StateChip key="state" state={cell.state} />,
            cell.p50Ms === null ? '–' : formatMs(cell.p50Ms.value),
            column.tier,
          ],
        }))}
      />
    </section>
  );
}
