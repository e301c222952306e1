import { setFlagsFromString } from 'node:v8';

/** V8's own. */
const growthFactorDefault = 2;

/**
 * Keeps V8's heap tight while `work` runs, and lets it grow afterwards as the load asks for it. Loading modules makes much that is soon
 * garbage and much that lives on: its young generation would grow to its largest size, some 30 MB, and its old one by half of that,
 * which a waiting service then holds for nothing.
 */
export async function withTightHeap<T>(work: () => Promise<T>): Promise<T> {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--optimize-for-size');
  try {
    return await work();
  } finally {
    setFlagsFromString('--no-optimize-for-size');
    setFlagsFromString(`--semi-space-growth-factor=${growthFactorDefault}`);
  }
}
