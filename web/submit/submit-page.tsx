import { useMemo, useState } from 'preact/hooks';
import type { SubmitAnswer } from '../../api/submit.ts';
import { recipeLabel } from '../../api/words.ts';
import { PageHead } from '../elements/page-head.tsx';
import { Problem } from '../elements/problem.tsx';
import { FarmProblem, farm } from '../farm/farm.ts';
import { useAnswer } from '../farm/use-answer.ts';
import { navigate, useLocation } from '../router/location.ts';
import { PlanView } from './plan-view.tsx';
import { COVERAGES, EMPTY_FORM, PRIORITIES, requestOf, type SubmitForm, TIERS } from './request.ts';

/** What the farm said of a form. */
interface Said {
  /** Of the form it was asked about. */
  readonly form: SubmitForm;
  readonly plan?: SubmitAnswer['plan'];
  readonly problem?: FarmProblem;
}

/** Submits recipes of the catalogue, after showing what that would do. */
export function SubmitPage() {
  const { search } = useLocation();
  const [form, setForm] = useState<SubmitForm>(() => ({ ...EMPTY_FORM, recipes: new URLSearchParams(search).getAll('recipe') }));
  const [said, setSaid] = useState<Said>();
  const [isAsking, setAsking] = useState(false);
  // Submitted again because no answer came, a form makes no second job.
  const submitKey = useMemo(() => crypto.randomUUID(), [form]);
  const change = (part: Partial<SubmitForm>) => setForm((before) => ({ ...before, ...part }));
  const ask = async (dryRun: boolean) => {
    setAsking(true);
    try {
      const { jobId, plan } = await farm.submit(
        { ...requestOf(form), ...(dryRun && { dryRun }) },
        dryRun ? crypto.randomUUID() : submitKey,
      );
      if (jobId === null) setSaid({ form, plan });
      else navigate(`/jobs/${jobId}`);
    } catch (error) {
      if (!(error instanceof FarmProblem)) throw error;
      setSaid({ form, problem: error });
    } finally {
      setAsking(false);
    }
  };
  const isReady = form.recipes.length > 0 && !isAsking;
  return (
    <>
      <PageHead title="Submit" detail="recipes of the catalogue; models and recipes in your own files: grove submit" />
      <form
        class="submit"
        onSubmit={(event) => {
          event.preventDefault();
          void ask(true);
        }}
      >
        <RecipeChoice chosen={form.recipes} onChoose={(recipes) => change({ recipes })} />
        <Settings form={form} change={change} />
        <p class="buttons">
          <button type="submit" class="plain" disabled={!isReady}>
            Dry run
          </button>
          <button type="button" class="plain primary" disabled={!isReady} onClick={() => void ask(false)}>
            Submit
          </button>
          {form.recipes.length === 0 && <span class="muted">Choose a recipe first.</span>}
        </p>
      </form>
      {said?.problem !== undefined && <Problem problem={said.problem} />}
      {said?.plan !== undefined && <PlanView plan={said.plan} isOld={said.form !== form} />}
    </>
  );
}

function RecipeChoice({
  chosen,
  onChoose,
}: {
  readonly chosen: readonly string[];
  readonly onChoose: (recipes: readonly string[]) => void;
}) {
  const { value, problem } = useAnswer({ ask: (signal) => farm.recipes({ signal }), key: 'recipes to submit' });
  const toggle = (id: string) => onChoose(chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id]);
  return (
    <fieldset>
      <legend>Recipes</legend>
      {problem !== undefined && <Problem problem={problem} />}
      {value?.recipes.map(({ recipeId, title, target }) => (
        <label key={recipeId} class="check">
          <input type="checkbox" checked={chosen.includes(recipeId)} onChange={() => toggle(recipeId)} />
          <span>
            <strong>{recipeLabel(recipeId)}</strong>{' '}
            <span class="muted">{[title, target.replace(/ExecutionProvider\b/, '')].join(' · ')}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

interface SettingsProps {
  readonly form: SubmitForm;
  readonly change: (part: Partial<SubmitForm>) => void;
}

function Settings({ form, change }: SettingsProps) {
  const models = useAnswer({ ask: (signal) => farm.models({ signal }), key: 'models' });
  const agents = useAnswer({
    ask: (signal) => farm.agents({ signal }),
    key: 'agents to submit to',
    changedBy: ({ type }) => type === 'agent',
  });
  const devices = agents.value?.agents.flatMap((agent) => agent.devices) ?? [];
  return (
    <fieldset class="settings">
      <legend>How</legend>
      <label>
        Model
        <input
          list="models"
          value={form.modelId}
          placeholder="the one that the recipes name"
          onInput={({ currentTarget }) => change({ modelId: currentTarget.value })}
        />
        <datalist id="models">
          {models.value?.models.map(({ modelId }) => (
            <option key={modelId} value={modelId} />
          ))}
        </datalist>
      </label>
      <label>
        Runs on
        <select
          value={form.device === '' ? form.on : form.device}
          onChange={({ currentTarget: { value } }) => {
            const on = COVERAGES.find(([name]) => name === value)?.[0];
            change(on === undefined ? { device: value } : { on, device: '' });
          }}
        >
          {COVERAGES.map(([name, label]) => (
            <option key={name} value={name}>
              {label}
            </option>
          ))}
          {devices.map(({ name, profile }) => (
            <option key={name} value={name}>
              {name} ({profile.model})
            </option>
          ))}
        </select>
      </label>
      <Select label="Tier" options={TIERS} value={form.tier} onChoose={(tier) => change({ tier })} />
      <Select label="Priority" options={PRIORITIES} value={form.priority} onChoose={(priority) => change({ priority })} />
      <label class="wide">
        Only devices where, one condition a line
        <textarea
          rows={2}
          value={form.where}
          placeholder={'driver>=32.0\nmemory>=16GiB'}
          onInput={({ currentTarget }) => change({ where: currentTarget.value })}
        />
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={form.substituteCpu}
          onChange={({ currentTarget }) => change({ substituteCpu: currentTarget.checked })}
        />
        Run on the CPU in place of the recipe's execution provider
      </label>
      <label class="check">
        <input
          type="checkbox"
          checked={form.waitForDevice}
          onChange={({ currentTarget }) => change({ waitForDevice: currentTarget.checked })}
        />
        Queue it although no device can run it now
      </label>
    </fieldset>
  );
}

interface SelectProps<T extends string> {
  readonly label: string;
  readonly options: readonly T[];
  readonly value: T;
  readonly onChoose: (value: T) => void;
}

function Select<T extends string>({ label, options, value, onChoose }: SelectProps<T>) {
  return (
    <label>
      {label}
      <select
        value={value}
        onChange={({ currentTarget }) => {
          const chosen = options.find((option) => option === currentTarget.value);
          if (chosen !== undefined) onChoose(chosen);
        }}
      >
        {options.map((option) => (
          <option key={option} value={option}>
            {option}
          </option>
        ))}
      </select>
    </label>
  );
}
