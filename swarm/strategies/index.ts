import { FlockworkError } from '../../protocols/errors/error.ts';
import { autoOver } from './auto.ts';
import { consensus } from './consensus.ts';
import { mapReduce } from './map-reduce.ts';
import { pipeline } from './pipeline.ts';
import { plan } from './plan.ts';
import { single } from './single.ts';
import type { Strategy } from './strategy.ts';

const chosen: ReadonlyMap<string, Strategy> = new Map<string, Strategy>(
  [single as Strategy, mapReduce as Strategy, pipeline as Strategy, consensus as Strategy, plan as Strategy].map((strategy) => [strategy.name, strategy]),
);
const auto = autoOver((name) => known(chosen.get(name), name)) as Strategy;

/** The strategy of that name. Throws `strategy_unknown`. */
export function strategyOf(name: string): Strategy {
  return known(name === auto.name ? auto : chosen.get(name), name);
}

function known(strategy: Strategy | undefined, name: string): Strategy {
  if (strategy !== undefined) return strategy;
  throw new FlockworkError('strategy_unknown', `there is no strategy '${name}' in this release; use one of auto, ${[...chosen.keys()].join(', ')}`, {
    details: { strategy: name },
  });
}
