import type { Allotment, TaskSpec } from '../../protocols/goals/task.ts';
import type { ModelMessage } from '../ports/models.ts';

/** One tool call of the round that is running. */
export interface RoundCall {
  /** Names the call within its agent: `<model call>.<index>`. */
  readonly ref: string;
  /** As the model named it. */
  readonly id: string;
  readonly name: string;
  readonly input: unknown;
  /** `asking`: waits for somebody's approval. */
  state: 'waiting' | 'asking' | 'running' | 'done';
  approved: boolean;
  /** How often the coordinator was asked, for a call that it answers. */
  asks?: number;
  ok: boolean;
  text: string;
}

/** What an attempt has used. Money in micro-dollars. */
export interface AgentUsage {
  modelCalls: number;
  toolCalls: number;
  tokens: number;
  costMicroUsd: number;
  /** A model without a known price took part. */
  costUnknown: boolean;
  /** A call with an unknown outcome was charged its whole reservation. */
  estimated: boolean;
}

/** The table of an agent: its transcript and where it stands in its round. Plain JSON, updated in place by the reducer. */
export interface AgentTable {
  task: string;
  attempt: number;
  spec: TaskSpec | null;
  allotment: Allotment;
  transcript: ModelMessage[];
  ticks: number;
  /** Tries of the present call that failed. */
  tries: number;
  /** Model calls made; the present one is `c<calls>`. */
  calls: number;
  /** Tokens reserved for the present call. */
  reserved: number;
  round: RoundCall[];
  /** Messages from the user that the model has not been told yet. */
  notes: string[];
  wrote: boolean;
  usage: AgentUsage;
  /** What to do once the budget that it has asked for is granted; null while it waits for none. */
  onGrant: 'thinking' | 'acting' | null;
  asks: number;
  warned: string[];
  answer: { text: string; blob: string | null; truncated: boolean } | null;
}

export function emptyAgentTable(): AgentTable {
  return {
    task: '',
    attempt: 0,
    spec: null,
    allotment: { ticks: 1, tokens: 0, toolCalls: 0, costMicroUsd: 0 },
    transcript: [],
    ticks: 0,
    tries: 0,
    calls: 0,
    reserved: 0,
    round: [],
    notes: [],
    wrote: false,
    usage: { modelCalls: 0, toolCalls: 0, tokens: 0, costMicroUsd: 0, costUnknown: false, estimated: false },
    onGrant: null,
    asks: 0,
    warned: [],
    answer: null,
  };
}
