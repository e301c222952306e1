import { type Emitted, fact, request, type Verdict } from '../cell/kind.ts';
import type { AgentState } from './agent.chart.ts';
import { warnings } from './agent.quota.ts';
import type { AgentTable } from './agent.table.ts';
import { excerptCharsMax } from './bounds.ts';
import { isLongText } from './long-text.ts';

type AgentVerdict = Verdict<AgentState>;

/** What a step tells last: the end of an agent is the last fact of its journal, and a warning stands before the call that it warns of. */
const lastWords: ReadonlySet<string> = new Set(['agent.answered', 'agent.failed', 'model.called']);

/** The answer stands: what changed in the workspace is collected first. */
export function answers(table: AgentTable, before: readonly Emitted[]): AgentVerdict {
  if (table.wrote) return { go: 'collecting', emit: [...before, request('workspace.collect', 'collect')] };
  return answered(table, {}, before);
}

export function answered(table: AgentTable, more: Readonly<Record<string, unknown>>, before: readonly Emitted[] = []): AgentVerdict {
  const { answer } = table;
  if (answer === null) throw new Error('an agent cannot answer before its model did');
  const long = isLongText(answer.text);
  const result = long ? { result: answer.text.slice(0, excerptCharsMax), blob: answer.blob } : { result: answer.text };
  const dropping = untold(table, 'ticks_exhausted', 'no round was left to tell the model');
  return { go: 'answered', emit: [...before, ...dropping, fact('agent.answered', { ...ending(table), ...result, truncated: answer.truncated, ...more })] };
}

export function failed(table: AgentTable, code: string, message: string, retryable: boolean, before: readonly Emitted[] = []): AgentVerdict {
  const told = fact('agent.failed', { ...ending(table), code, message: message.slice(0, excerptCharsMax), retryable });
  return { go: 'failed', emit: [...before, ...untold(table, code, message), told] };
}

/** It cannot go on. An answer that it had before a note came is not lost by what the note led to. */
export function givesUp(table: AgentTable, code: string, message: string, retryable: boolean, before: readonly Emitted[] = []): AgentVerdict {
  if (table.answer === null) return failed(table, code, message, retryable, before);
  table.tries = 0;
  // What it asked for concerns it no more, should the asking fail later.
  table.onGrant = null;
  const told = dropped(table, code, message);
  table.notes = [];
  return answers(table, [...before, told]);
}

export function cancelled(table: AgentTable, reason: string): AgentVerdict {
  const told = fact('agent.failed', { ...ending(table), code: 'cancelled', message: reason, retryable: false });
  return { go: 'cancelled', emit: [...untold(table, 'cancelled', reason), told] };
}

/** What a poisoned agent has used: the call in flight counts as its whole reservation. */
export function poisonedWords(table: AgentTable, state: string): Record<string, unknown> {
  const words = ending(table);
  if (state !== 'thinking') return words;
  return { ...words, usage: { ...table.usage, tokens: table.usage.tokens + table.reserved, estimated: true } };
}

/** Puts the warnings that a step led to where they belong. */
export function withWarnings(table: AgentTable, verdict: AgentVerdict): AgentVerdict {
  const warned = warnings(table);
  if (warned.length === 0) return verdict;
  const last = verdict.emit.findLastIndex((one) => 'fact' in one && lastWords.has(one.fact.type));
  const at = last < 0 ? verdict.emit.length : last;
  return { ...verdict, emit: [...verdict.emit.slice(0, at), ...warned, ...verdict.emit.slice(at)] };
}

/** The fate of the notes that the model has not been told. */
function untold(table: AgentTable, code: string, message: string): Emitted[] {
  return table.notes.length === 0 ? [] : [dropped(table, code, message)];
}

/** `notes` were never told; with none of them, one was told and its answer not reached. */
function dropped({ notes }: AgentTable, code: string, message: string): Emitted {
  const [first] = notes;
  const text = first === undefined ? {} : { text: first.slice(0, excerptCharsMax) };
  return fact('note.dropped', { notes: notes.length, ...text, code, message: message.slice(0, excerptCharsMax) });
}

function ending(table: AgentTable): Record<string, unknown> {
  return { task: table.task, attempt: table.attempt, usage: { ...table.usage } };
}
