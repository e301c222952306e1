import type { OpenBus } from '../harness.ts';
import { appendConformance } from './append.suite.ts';
import { followConformance } from './follow.suite.ts';
import { readConformance } from './read.suite.ts';

/** What every journal keeps, whoever implements it. */
export function journalConformance(name: string, open: OpenBus): void {
  appendConformance(name, open);
  readConformance(name, open);
  followConformance(name, open);
}
