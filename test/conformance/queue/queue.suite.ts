import type { OpenBus } from '../harness.ts';
import { claimConformance } from './claim.suite.ts';
import { deadConformance } from './dead.suite.ts';
import { orderConformance } from './order.suite.ts';
import { queuesUnderTest } from './queues.ts';
import { waitConformance } from './wait.suite.ts';

/** What both queues of every bus keep, whoever implements them. */
export function queueConformance(name: string, open: OpenBus): void {
  for (const queue of queuesUnderTest) {
    orderConformance(`${queue.name}: ${name}`, open, queue);
    claimConformance(`${queue.name}: ${name}`, open, queue);
    waitConformance(`${queue.name}: ${name}`, open, queue);
    deadConformance(`${queue.name}: ${name}`, open, queue);
  }
}
