import { resolve } from 'node:path';
import type { LoadedConfig } from '../config/index.ts';
import { openBus } from './parts.ts';
import { systemClock } from './system-clock.ts';

/** Throws the index of a data folder away and reads it off the journals again. Throws `data_dir_locked` while a node runs on it. */
export async function rebuildIndex(config: LoadedConfig): Promise<{ readonly entries: number }> {
  const bus = await openBus(config, {
    dataDir: resolve(config.values.data.dir),
    node: 'index-rebuild',
    roles: [],
    clock: systemClock,
    onNote: (line) => process.emitWarning(line, 'FlockworkWarning'),
  });
  try {
    return { entries: await bus.index.rebuild() };
  } finally {
    await bus.close();
  }
}
