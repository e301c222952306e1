import { setFlagsFromString } from 'node:v8';

/** V8's own. */
const growthFactorDefault = 2;

/**
 * Keeps V8's young generation at its first size while `work` runs, and lets it grow afterwards as the load asks for it. Loading modules
 * fills it with what lives on, so that it would grow to its largest size, some 30 MB, which a waiting service then holds for nothing.
 */
export async function withSmallYoungGeneration<T>(work: () => Promise<T>): Promise<T> {
  setFlagsFromString('--semi-space-growth-factor=1');
  try {
    return await work();
  } finally {
    setFlagsFromString(`--semi-space-growth-factor=${growthFactorDefault}`);
  }
}
