import { FlockworkError } from '../../protocols/errors/error.ts';
import { consensus } from './consensus.ts';
import { mapReduce } from './map-reduce.ts';
import { pipeline } from './pipeline.ts';
import { single } from './single.ts';
import type { Strategy } from './strategy.ts';

const strategies: ReadonlyMap<string, Strategy> = new Map<string, Strategy>(
  [single as Strategy, mapReduce as Strategy, pipeline as Strategy, consensus as Strategy].map((strategy) => [strategy.name, strategy]),
);

/** The strategy of that name. Throws `strategy_unknown`. */
export function strategyOf(name: string): Strategy {
  const strategy = strategies.get(name);
  if (strategy === undefined) {
    throw new FlockworkError('strategy_unknown', `there is no strategy '${name}' in this release; use one of auto, ${[...strategies.keys()].join(', ')}`, {
      details: { strategy: name },
    });
  }
  return strategy;
}
