import { loadUws } from '../../../src/gateway/websocket-uws/uws-module.ts';

export interface EngineUnderTest {
  readonly engine: 'ws' | 'uws';
  /** Why it cannot be had on this machine. */
  readonly missing: string | undefined;
}

/** Every engine there is; uWebSockets.js is an optional peer, so where it is not installed its tests say so and are left out. */
export async function enginesUnderTest(): Promise<readonly EngineUnderTest[]> {
  const missing = await loadUws().then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  return [
    { engine: 'ws', missing: undefined },
    { engine: 'uws', missing },
  ];
}
