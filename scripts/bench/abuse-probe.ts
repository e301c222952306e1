/** A thread that asks a node for its health, again and again, on one connection that is kept and on one of its own in turn; apart from the thread that abuses the node. */
import { Agent, get } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';

/** What the probe saw since it was last asked. */
export interface ProbeReport {
  readonly tookMs: readonly number[];
  /** Those of them that began with a connection of their own. */
  readonly freshMs: readonly number[];
  /** Answers that were not 200, and requests that had none. */
  readonly failed: number;
}

const pauseMs = 2;
const answerMaxMs = 5_000;

const { url } = workerData as { readonly url: string };
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let tookMs: number[] = [];
let freshMs: number[] = [];
let failed = 0;

function ask(on: Agent | false): Promise<boolean> {
  return new Promise((resolve) => {
    const request = get(url, { agent: on, timeout: answerMaxMs }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode === 200));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
  });
}

parentPort?.on('message', () => {
  parentPort?.postMessage({ tookMs, freshMs, failed } satisfies ProbeReport, []);
  tookMs = [];
  freshMs = [];
  failed = 0;
});
for (let fresh = false; ; fresh = !fresh) {
  const began = performance.now();
  if (await ask(fresh ? false : agent)) {
    const took = performance.now() - began;
    tookMs.push(took);
    if (fresh) freshMs.push(took);
  } else failed++;
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
}
