import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mean, studentQuantile, variance } from '../../domain/statistics.ts';
import type { EncodedBatch } from '../../engine/data/tokenizer.ts';
import { rankCandidates, reciprocalRank } from '../../engine/quality/rank-metrics.ts';
import { OutputSimilarity, type Similarity } from '../../engine/quality/similarity.ts';
import { encodeRows, infer, type RowOutput } from './inference.ts';
import { groveModel, oliveIntermediate, oliveModel, type Subject } from './subjects.ts';

/** Distinct premises of XNLI beyond those that calibrate. */
const PREMISES = { from: 100, count: 32 };

/** Outputs of both results beside the float32 export, and beside each other. */
export interface SimilarityResult {
  readonly subject: Subject;
  readonly olive: Similarity;
  readonly grove: Similarity;
  /** Grove's result against Olive's own. */
  readonly between: Similarity;
}

/** Hidden states of a feature extractor, as the recipes are. */
export async function compareSimilarity(subject: Subject, data: string): Promise<SimilarityResult> {
  const lines = (await readFile(join(data, 'xnli-en-validation', 'premises.en.txt'), 'utf8')).split('\n');
  const texts = lines.slice(PREMISES.from, PREMISES.from + PREMISES.count).map((text) => ({ text }));
  const batches = await encodeRows(subject.model, texts);
  const [reference, olive, grove] = await outputsOf(subject, batches);
  return {
    subject,
    olive: comparison(olive, reference, batches),
    grove: comparison(grove, reference, batches),
    between: comparison(grove, olive, batches),
  };
}

/** Outputs of the float32 export, of Olive's result and of Grove's. */
async function outputsOf(subject: Subject, batches: readonly EncodedBatch[]): Promise<readonly [Outputs, Outputs, Outputs]> {
  const reference = await infer(oliveIntermediate(subject, 'onnxconversion'), batches);
  return [reference, await infer(oliveModel(subject), batches), await infer(groveModel(subject), batches)];
}

type Outputs = readonly RowOutput[];

function comparison(actual: Outputs, expected: Outputs, batches: readonly EncodedBatch[]): Similarity {
  const collected = new OutputSimilarity();
  for (const [row, { dims, values }] of actual.entries()) {
    const mask = batches[row]?.attention_mask.data;
    collected.add({ dims, actual: values, expected: expected[row]?.values ?? new Float32Array(values.length), mask });
  }
  return collected.finish();
}

/** Loss of a ranker against the float32 export. */
export interface RankLoss {
  /** Mean and largest absolute difference of a pair's logit. */
  readonly meanAbs: number;
  readonly maxAbs: number;
  /** Share of questions whose best candidate is that of the export. */
  readonly top1Agreement: number;
  readonly meanReciprocalRank: number;
}

/** Both rankers on the same pairs. */
export interface RankResult {
  readonly subject: Subject;
  readonly pairs: number;
  readonly questions: number;
  /** Standard deviation of the export's logits: what differences are to be seen against. */
  readonly spread: number;
  readonly referenceReciprocalRank: number;
  readonly olive: RankLoss;
  readonly grove: RankLoss;
  /** Grove's absolute difference less Olive's, pair by pair: mean with its 95 % interval. Below zero Grove loses less. */
  readonly excess: { readonly mean: number; readonly low: number; readonly high: number };
}

interface Question {
  readonly query: string;
  readonly candidates: readonly { readonly text: string; readonly label: number }[];
}

/** Scores question-candidate pairs of WikiQA. A model whose scores mean nothing needs few: `questions` limits them. */
export async function compareRanking(subject: Subject, data: string, limit: number): Promise<RankResult> {
  const questions = await wikiQa(data, limit);
  const texts = questions.flatMap(({ query, candidates }) => candidates.map(({ text }) => ({ text: query, pair: text })));
  const outputs = await outputsOf(subject, await encodeRows(subject.model, texts));
  const [reference = [], olive = [], grove = []] = outputs.map((rows) => rows.map(({ values }) => values[0] ?? Number.NaN));
  return {
    subject,
    pairs: texts.length,
    questions: questions.length,
    spread: Math.sqrt(variance(reference)),
    referenceReciprocalRank: meanReciprocalRank(questions, reference),
    olive: rankLoss(questions, olive, reference),
    grove: rankLoss(questions, grove, reference),
    excess: interval(grove.map((score, row) => distance(score, reference[row]) - distance(olive[row], reference[row]))),
  };
}

async function wikiQa(data: string, limit: number): Promise<readonly Question[]> {
  const lines = (await readFile(join(data, 'wikiqa', 'wikiqa-dev.rank.jsonl'), 'utf8')).trim().split('\n');
  return lines.slice(0, limit).map((line): Question => JSON.parse(line));
}

function rankLoss(questions: readonly Question[], scores: readonly number[], reference: readonly number[]): RankLoss {
  const differences = scores.map((score, row) => distance(score, reference[row]));
  const best = bestCandidates(questions, scores);
  const expected = bestCandidates(questions, reference);
  return {
    meanAbs: mean(differences),
    maxAbs: Math.max(...differences),
    top1Agreement: best.filter((candidate, index) => candidate === expected[index]).length / best.length,
    meanReciprocalRank: meanReciprocalRank(questions, scores),
  };
}

function distance(a: number | undefined, b: number | undefined): number {
  return Math.abs((a ?? Number.NaN) - (b ?? Number.NaN));
}

function bestCandidates(questions: readonly Question[], scores: readonly number[]): readonly number[] {
  return scoresByQuestion(questions, scores).map((own) => own.indexOf(Math.max(...own)));
}

/** Over the questions that have a right candidate. */
function meanReciprocalRank(questions: readonly Question[], scores: readonly number[]): number {
  const ranks = scoresByQuestion(questions, scores).flatMap((own, index) => {
    const labels = questions[index]?.candidates.map(({ label }) => label) ?? [];
    const ranking = rankCandidates(own.map((score, candidate) => ({ score, label: labels[candidate] ?? 0 })));
    return labels.includes(1) ? [reciprocalRank(ranking, own.length)] : [];
  });
  return mean(ranks);
}

function scoresByQuestion(questions: readonly Question[], scores: readonly number[]): readonly (readonly number[])[] {
  let start = 0;
  return questions.map(({ candidates }) => {
    start += candidates.length;
    return scores.slice(start - candidates.length, start);
  });
}

function interval(samples: readonly number[]): RankResult['excess'] {
  const center = mean(samples);
  const half = studentQuantile(0.975, samples.length - 1) * Math.sqrt(variance(samples) / samples.length);
  return { mean: center, low: center - half, high: center + half };
}
