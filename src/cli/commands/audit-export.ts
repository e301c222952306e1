import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { FlockworkError } from '../../../protocols/errors/error.ts';
import { isEnded } from '../../../protocols/goals/goal.ts';
import { checkExport, ExportChain, exportVersion, readKey } from '../audit/chain.ts';
import { auditEntry } from '../audit/entry.ts';
import { everyGoal } from '../audit/goals.ts';
import { exitCodes } from '../exit.ts';
import { type CommandIo, note, printJson, printLine } from '../io.ts';
import { counted } from '../output/figures.ts';
import { anySession, type ConnectionOptions, withSession } from '../session.ts';

export interface AuditExportOptions extends ConnectionOptions {
  /** A file with an Ed25519 key, PEM. */
  readonly key?: string;
}

export interface AuditCheckOptions {
  readonly file: string;
  readonly publicKey?: string;
  readonly json?: boolean;
}

/** Everything on record of one goal that has ended, or of all of them, as a chain of JSON lines. */
export async function auditExport(io: CommandIo, goalId: string | undefined, options: AuditExportOptions): Promise<number> {
  const key = options.key === undefined ? undefined : readKey(await textOf(io, options.key, '--key'), 'private', `--key ${options.key}`);
  return withSession(await anySession(io, options, ['gateway']), async ({ client }) => {
    const chain = new ExportChain();
    let [goals, facts, left, broken] = [0, 0, 0, 0];
    await printLine(io, chain.line({ type: 'export', version: exportVersion, exportedAt: new Date().toISOString(), goal: goalId ?? 'all' }));
    for await (const id of goalId === undefined ? everyGoal(client) : [goalId]) {
      const goal = await client.get(id);
      if (!isEnded(goal.status)) {
        if (goalId !== undefined)
          throw new FlockworkError(
            'goal_not_ended',
            `the goal ${id} is ${goal.status}; export it when it has ended, or follow it with flockwork audit tail ${id}`,
            {
              details: { goalId: id, status: goal.status },
            },
          );
        left++;
        continue;
      }
      const { ok, actors, records, problems } = await client.verify(id);
      if (!ok) broken++;
      goals++;
      await printLine(
        io,
        chain.line({
          type: 'goal',
          goalId: id,
          status: goal.status,
          createdAt: goal.createdAt,
          endedAt: goal.endedAt,
          journal: { ok, actors, records, problems },
        }),
      );
      for await (const item of client.watch(id)) {
        if (item.kind !== 'event') continue;
        facts++;
        await printLine(io, chain.line(auditEntry(item.event)));
      }
    }
    await printLine(io, chain.head(key));
    const parts = [`${counted(goals, 'goal')}, ${counted(facts, 'fact')}${key === undefined ? ', not signed' : ', signed'}`];
    if (left > 0) parts.push(`${counted(left, 'goal')} left out that have not ended`);
    if (broken > 0) parts.push(`the journals of ${counted(broken, 'goal')} are BROKEN`);
    note(io, parts.join('; '));
    return broken === 0 ? exitCodes.completed : exitCodes.failed;
  });
}

/** Checks a file that `audit export` wrote; needs no node. */
export async function auditCheck(io: CommandIo, { file, publicKey, json }: AuditCheckOptions): Promise<number> {
  const key = publicKey === undefined ? undefined : readKey(await textOf(io, publicKey, '--public-key'), 'public', `--public-key ${publicKey}`);
  const input = file === '-' ? io.stdin : createReadStream(resolve(io.cwd, file));
  const report = await checkExport(linesOf(input, file), key);
  if (json === true) await printJson(io, report);
  else {
    await printLine(
      io,
      `${file}  ${report.ok ? 'intact' : 'BROKEN'}  ${counted(report.lines, 'line')}, ${counted(report.goals, 'goal')}, signature ${report.signature}`,
    );
    if (report.problem !== undefined) note(io, `flockwork: ${file}: ${report.problem}`);
  }
  return report.ok ? exitCodes.completed : exitCodes.failed;
}

async function* linesOf(input: AsyncIterable<Uint8Array>, name: string): AsyncGenerator<string> {
  const { Readable } = await import('node:stream');
  try {
    yield* createInterface({ input: Readable.from(input), crlfDelay: Number.POSITIVE_INFINITY });
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new FlockworkError('usage', `--file ${name} cannot be read (${reason})`, { cause });
  }
}

async function textOf(io: CommandIo, path: string, flag: string): Promise<string> {
  try {
    return await readFile(resolve(io.cwd, path), 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
    throw new FlockworkError('usage', `${flag} ${path} cannot be read (${reason})`, { cause });
  }
}
