import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { agentKind } from '../../actors/agent/agent.kind.ts';
import { cellBoundsDefault } from '../../actors/cell/bounds.ts';
import { Kinds } from '../../actors/cell/kinds.ts';
import { replayStream } from '../../actors/cell/replay.ts';
import { failureOf } from '../../protocols/errors/error.ts';
import { recordVersion } from '../../protocols/journal/version.ts';
import { coordinatorKind } from '../../swarm/coordinator/coordinator.kind.ts';
import type { RecordedJournal } from '../journals/recorded.ts';

const kinds = new Kinds([agentKind, coordinatorKind] as never);
const folder = join(import.meta.dirname, '../journals');
const versions = readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
const files = versions.flatMap((version) => readdirSync(join(folder, version)).map((name) => ({ version, name })));

async function* each(lines: readonly string[]): AsyncGenerator<string> {
  yield* lines;
}

function read({ version, name }: { version: string; name: string }): { header: RecordedJournal; lines: string[] } {
  const [first = '', ...lines] = readFileSync(join(folder, version, name), 'utf8')
    .trimEnd()
    .split('\n');
  return { header: JSON.parse(first) as RecordedJournal, lines };
}

describe('journals of every version', () => {
  test('there are some of each', () => {
    expect(versions).toEqual(Array.from({ length: recordVersion }, (_, index) => `v${index + 1}`));
    for (const version of versions) expect(files.filter((file) => file.version === version).length).toBeGreaterThan(5);
  });

  test.each(files)('$version/$name still folds to its state, fact by fact', async (file) => {
    const { header, lines } = read(file);
    const { machine, records, facts, state, stateHash } = await replayStream(kinds, header.stream, each(lines), cellBoundsDefault.inboxSeenMax);
    expect({ stream: header.stream, machine, records, facts, state, stateHash }).toEqual(header);
  });

  test('one changed fact is told apart from what the machine decides', async () => {
    const [file] = files;
    if (file === undefined) throw new Error('there is no journal');
    const { header, lines } = read(file);
    const changed = lines.with(0, (lines[0] ?? '').replace('"seq":1', '"seq":2'));
    const failure = await replayStream(kinds, header.stream, each(changed), cellBoundsDefault.inboxSeenMax).then(
      () => undefined,
      (error: unknown) => failureOf(error),
    );
    expect([failure?.code, failure?.details?.['n']]).toEqual(['journal_corrupt', 1]);
  });
});
