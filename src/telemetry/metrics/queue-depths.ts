import type { Queue } from '../../../actors/ports/queue.ts';
import { depthMaxMs, depthRefreshMs } from './bounds.ts';
import type { MetricFamily, Sample } from './family.ts';

export interface QueueDepthsOptions {
  readonly tasks: Pick<Queue, 'depth'>;
  readonly inbox: Pick<Queue, 'depth'>;
  /** The pools whose tasks are counted, one by one. */
  readonly pools: readonly string[];
  /** The shards whose inboxes are counted, as one. Asked at each refresh. */
  readonly shards: () => readonly string[];
  /** Milliseconds that only grow. */
  readonly now: () => number;
  /** Default 5,000. */
  readonly depthRefreshMs?: number;
  /** Default 2,000. */
  readonly depthMaxMs?: number;
  readonly onNote: (line: string) => void;
}

/** How many messages wait in the queues of the bus. Asked for when somebody scrapes; a bus that does not answer never holds up a scrape. */
export class QueueDepths {
  readonly #options: QueueDepthsOptions;
  readonly #refreshMs: number;
  readonly #maxMs: number;
  #samples: readonly Sample[] = [];
  #askedAt = Number.NEGATIVE_INFINITY;
  #asking: Promise<void> | undefined;

  constructor(options: QueueDepthsOptions) {
    this.#options = options;
    this.#refreshMs = options.depthRefreshMs ?? depthRefreshMs;
    this.#maxMs = options.depthMaxMs ?? depthMaxMs;
  }

  async families(): Promise<readonly MetricFamily[]> {
    await this.#refresh();
    const help = 'Messages in the queues of the bus; every node of a cluster sees the same.';
    return this.#samples.length === 0 ? [] : [{ kind: 'gauge', name: 'flockwork.queue.depth', help, unit: '', samples: this.#samples }];
  }

  async #refresh(): Promise<void> {
    const { now, onNote } = this.#options;
    if (this.#asking === undefined && now() - this.#askedAt >= this.#refreshMs) {
      this.#askedAt = now();
      this.#asking = this.#ask()
        .catch((error: unknown) => {
          this.#samples = [];
          onNote(`the depths of the queues could not be read: ${error instanceof Error ? error.message : String(error)}`);
        })
        .finally(() => (this.#asking = undefined));
    }
    if (this.#asking === undefined) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        // Figures of another time would tell that all is well.
        this.#samples = [];
        resolve();
      }, this.#maxMs).unref();
    });
    await Promise.race([this.#asking, late]);
    clearTimeout(timer);
  }

  async #ask(): Promise<void> {
    const { tasks, inbox, pools, shards } = this.#options;
    const samples: Sample[] = [];
    for (const pool of pools) {
      const { waiting, claimed } = await tasks.depth(pool);
      samples.push({ labels: { queue: 'tasks', topic: pool, state: 'waiting' }, value: waiting });
      samples.push({ labels: { queue: 'tasks', topic: pool, state: 'claimed' }, value: claimed });
    }
    const sum = { waiting: 0, claimed: 0 };
    for (const shard of shards()) {
      const { waiting, claimed } = await inbox.depth(shard);
      sum.waiting += waiting;
      sum.claimed += claimed;
    }
    for (const [state, value] of Object.entries(sum)) samples.push({ labels: { queue: 'inbox', topic: 'owned', state }, value });
    this.#samples = samples;
  }
}
