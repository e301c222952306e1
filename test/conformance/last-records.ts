import type { Projector } from '../../actors/ports/projection.ts';

/** For each stream its last sequence, and how many entries it has had. */
export const lastRecords: Projector = {
  name: 'last-records',
  version: 1,
  project: (entry, current) => {
    const count = Number(current(entry.stream)?.split(' ')[1] ?? 0) + 1;
    return [{ key: entry.stream, value: `${entry.sequence} ${count}` }];
  },
};
