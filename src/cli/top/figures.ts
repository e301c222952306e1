import type { TopQueue } from './state.ts';

export interface NodeFigures {
  readonly queues: readonly TopQueue[];
  /** Records appended since the node started. */
  readonly records: number;
}

/** Reads what the view needs of the text that a node tells Prometheus. */
export function readFigures(text: string): NodeFigures {
  const depths = new Map<string, { waiting: number; claimed: number }>();
  let records = 0;
  for (const line of text.split('\n')) {
    const depth = /^flockwork_queue_depth\{queue="([^"]*)",topic="([^"]*)",state="(waiting|claimed)"\} (\S+)$/.exec(line);
    if (depth !== null) {
      const [, queue = '', topic = '', state, value] = depth;
      const known = depths.get(`${queue} ${topic}`) ?? { waiting: 0, claimed: 0 };
      depths.set(`${queue} ${topic}`, { ...known, [state === 'waiting' ? 'waiting' : 'claimed']: Number(value) });
    }
    const appended = /^flockwork_journal_records_total (\S+)$/.exec(line);
    if (appended !== null) records = Number(appended[1]);
  }
  const queues = [...depths].map(([name, depth]) => {
    const [queue = '', topic = ''] = name.split(' ');
    return { queue, topic, ...depth };
  });
  return { queues, records };
}
