/**
 * `node examples/embed.ts [FOLDER] [GOAL]`: a node inside this process, with a tool of its own, and one goal on it.
 * The code that matters is in `embed.examples.ts`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ask } from './embed.examples.ts';

const [folder = join(import.meta.dirname, 'sample-service'), goal = 'Find every TODO and FIXME and say which matter most'] = process.argv.slice(2);
const dataDir = await mkdtemp(join(tmpdir(), 'flockwork-embed-'));
try {
  const { status, result, error } = await ask({
    goal,
    folder: resolve(folder),
    dataDir,
    model: process.env['FLOCKWORK_MODEL_NAME'] ?? 'offline',
    env: process.env,
    onFact: (type) => process.stderr.write(`${type}\n`),
  });
  process.stdout.write(`${result ?? error?.message ?? ''}\n`);
  process.exitCode = status === 'completed' ? 0 : 1;
} finally {
  await rm(dataDir, { recursive: true, force: true });
}
