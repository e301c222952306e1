import type { MockScript } from '../../src/testing/mock-model/index.ts';

const calls = [
  'payments/charge.ts',
  'payments/refund.ts',
  'payments/ledger.ts',
  'webhooks/receive.ts',
  'clients/bank.ts',
  'clients/fx.ts',
  'jobs/settle.ts',
  'jobs/reconcile.ts',
  'http/server.ts',
  'config/load.ts',
];

export const reviewItems: readonly string[] = calls;
export const reviewGoal = 'Review the payment service for unchecked errors and missing timeouts';
export const retryGoal = 'Choose the best of three designs for the retry queue';
export const notesGoal = 'Summarise the incident notes of week 46';

const report = `Four calls leave the service **without a deadline**. The one in \`charge\` can hold a database transaction open for as long as the bank takes to answer (payments/charge.ts:88, clients/bank.ts:132).

Refunds ignore the error of \`ledger.post\`: money moves, and the entry is missing (payments/refund.ts:41). The rate lookup falls back to the table of yesterday without a word in the log (clients/fx.ts:57).

## What to do first

1. Give \`bank.transfer\` a deadline of 5 seconds and roll back on it.
2. Post to the ledger before the refund is acknowledged.
3. Log each fallback with its age.`;

const votes: Readonly<Record<string, readonly [string, string]>> = {
  'p1-1': ['A', 'Least to build: the stream is there, and a lane has an order already.'],
  'p2-1': ['B', 'A bucket of due times fits the bus that we have.'],
  'p3-1': ['C', 'It survives a lost lease; the other two need a repair job.'],
  'p4-1': ['B', 'Fits the bus, and one scan finds what is due.'],
  'p5-1': ['A', 'Least to build, and least to learn for who is on call.'],
  'p1-2': ['C', 'p3 is right: A loses a retry when its owner dies between read and write.'],
  'p2-2': ['C', 'C covers my case too, with one index less than I thought.'],
  'p3-2': ['C', 'Unchanged: the due index beside the journal is written in the same append.'],
  'p4-2': ['B', 'The index doubles the writes; I would like to see figures first.'],
  'p5-2': ['C', 'Fewest states to test.'],
};

const spread = (text: string, span: number): number => [...text].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 9_973, 7) % span;

/** Answers as a model would that has read a payment service: with tools, at its own pace, once overloaded. */
export const showcaseScript: MockScript = ({ role, system, user, toolResults, before }) => {
  const usage = { prompt: 2_400 + spread(user, 5_000), completion: 180 + spread(user, 700) };
  const pace = 260 + spread(user + String(toolResults.length), 900);
  if (role === 'vote') {
    const voter = /voter (p\d)/.exec(user + system)?.[1] ?? 'p1';
    const round = /in round (\d)/.exec(user + system)?.[1] ?? '1';
    const [choice, why] = votes[`${voter}-${round}`] ?? ['C', 'The one that survives a lost lease.'];
    return { text: `VOTE: ${choice}\n${why}`, latencyMs: pace, usage };
  }
  if (role === 'propose')
    return {
      text: 'Keep the due times in an index beside the journal, written in the same append; a node that takes a shard reads the index and arms what is due.',
      latencyMs: pace,
      usage,
    };
  if (role === 'reduce') return { text: report, latencyMs: pace * 2, usage };
  if (role === 'map') {
    const file = calls.find((name) => user.includes(name)) ?? 'payments/charge.ts';
    if (toolResults.length === 0) return { toolCalls: [{ name: 'source.look', input: { at: file, ms: 240 + spread(file, 700) } }], latencyMs: pace, usage };
    if (file === 'jobs/reconcile.ts' && toolResults.length === 1)
      return { toolCalls: [{ name: 'report.publish', input: { to: 'finance: reconcile runs without a deadline' } }], latencyMs: pace, usage };
    if (file === 'payments/ledger.ts' && toolResults.length === 1)
      return { toolCalls: [{ name: 'source.look', input: { at: `${file}:41`, ms: 900 } }], latencyMs: pace, usage };
    return { text: `${file}: two calls leave without a deadline.`, latencyMs: pace, usage };
  }
  return { text: before % 2 === 0 ? report : 'Week 46 had two incidents, both in settlement.', latencyMs: 300, usage };
};
