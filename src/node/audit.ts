import { chainStart } from '../../actors/cell/chain.ts';
import type { Kinds } from '../../actors/cell/kinds.ts';
import { openRecord } from '../../actors/cell/records.ts';
import { replayStream } from '../../actors/cell/replay.ts';
import type { Journal } from '../../actors/ports/journal.ts';
import { failureOf } from '../../protocols/errors/error.ts';
import { parseJournalSubject, rootPattern } from '../../protocols/subjects.ts';
import type { ReplayResult, VerifyResult } from '../../protocols/wire/results.ts';

interface Stream {
  readonly name: string;
  readonly actor: string;
  readonly lines: string[];
}

async function streamsOf(journal: Journal, tenant: string, root: string): Promise<Stream[]> {
  const streams = new Map<string, Stream>();
  for await (const { stream, records } of journal.read(rootPattern(tenant, root))) {
    const known = streams.get(stream) ?? { name: stream, actor: parseJournalSubject(stream)?.actor ?? stream, lines: [] };
    known.lines.push(...records);
    streams.set(stream, known);
  }
  return [...streams.values()].sort((a, b) => (a.actor < b.actor ? -1 : 1));
}

/** Checks the hash chain of every actor of a goal. */
export async function verifyGoal(journal: Journal, tenant: string, goalId: string): Promise<VerifyResult> {
  const streams = await streamsOf(journal, tenant, goalId);
  const problems: { actor: string; n: number; code: string; message: string }[] = [];
  let records = 0;
  for (const { name, actor, lines } of streams) {
    let hash = chainStart(name);
    for (const [index, line] of lines.entries()) {
      try {
        hash = openRecord(name, hash, index + 1, line).hash;
        records += 1;
      } catch (error) {
        const { code, message } = failureOf(error, 'journal_corrupt');
        problems.push({ actor, n: index + 1, code, message });
        break;
      }
    }
  }
  const note =
    'Every record follows the one before it. Records cut off the end of a journal leave no trace in it: what lies after the last anchored head cannot be proven complete, and this release anchors none.';
  return { goalId, actors: streams.length, records, ok: problems.length === 0, problems, note };
}

/** Folds every actor of a goal again, performing nothing, and checks each fact. */
export async function replayGoal(journal: Journal, kinds: Kinds, tenant: string, goalId: string, seenMax: number): Promise<ReplayResult> {
  const actors: ReplayResult['actors'][number][] = [];
  const problems: { actor: string; n: number; code: string; message: string }[] = [];
  for (const { name, actor, lines } of await streamsOf(journal, tenant, goalId)) {
    try {
      const { machine, records, facts, state, stateHash } = await replayStream(
        kinds,
        name,
        (async function* () {
          yield* lines;
        })(),
        seenMax,
      );
      actors.push({ actor, machine, records, facts, state, stateHash });
    } catch (error) {
      const { code, message, details } = failureOf(error, 'replay_diverged');
      problems.push({ actor, n: Number(details?.['n'] ?? 0), code, message });
    }
  }
  return { goalId, ok: problems.length === 0, actors, problems };
}
