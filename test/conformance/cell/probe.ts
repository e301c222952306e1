import { type CellBounds, cellBoundsDefault } from '../../../actors/cell/bounds.ts';
import { Cell } from '../../../actors/cell/cell.ts';
import type { CellOptions, Perform } from '../../../actors/cell/cell-options.ts';
import { chartOf } from '../../../actors/cell/chart.ts';
import type { DeadInput } from '../../../actors/cell/dead-letters.ts';
import type { ActorKind, Emitted, Input, StampedInput, Verdict } from '../../../actors/cell/kind.ts';
import { Kinds } from '../../../actors/cell/kinds.ts';
import { replayStream } from '../../../actors/cell/replay.ts';
import type { Bus } from '../../../actors/ports/bus.ts';
import type { Ids } from '../../../actors/ports/ids.ts';
import type { Journal } from '../../../actors/ports/journal.ts';
import type { Observer } from '../../../actors/ports/observer.ts';
import { splitRecord } from '../../../protocols/journal/record.ts';
import { journalSubject } from '../../../protocols/subjects.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';

type ProbeState = 'idle' | 'working' | 'resting' | 'ended' | 'done';

const anywhere = { 'probe.do': ['stay', 'working', 'resting', 'ended', 'done'], 'probe.settled': ['stay', 'working', 'resting', 'ended', 'done'] } as const;
const taken = { ...anywhere, 'cell.opened': ['stay'], 'effect.failed': ['stay', 'done'], 'timer.fired': ['stay'] } as const;

/** What a probe has met; plain JSON. */
export interface ProbeTable {
  inputs: string[];
  total: number;
}

const chart = chartOf<ProbeState>('probe', 'idle', {
  idle: { on: { 'probe.begin': ['working'] } },
  working: { on: taken },
  resting: { on: taken },
  ended: { tags: ['ended'], on: { 'probe.do': ['stay'], 'effect.failed': ['stay'] } },
  done: { final: true },
});

/**
 * A machine whose inputs say what it decides: `emit` facts and requests, `go` to a state, `throws` after it has spoilt its table,
 * `add` to the total. A failed effect whose `message` is "throw" throws again.
 */
export const probeKind: ActorKind<ProbeTable> = {
  machine: 'probe',
  version: 1,
  chart,
  emptyTable: () => ({ inputs: [], total: 0 }),
  reduce(table: ProbeTable, input: StampedInput): Verdict {
    table.inputs.push(input.type);
    table.total += Number(input['add'] ?? 0);
    if (input['throws'] === true) throw new Error('the probe was told to throw');
    const go = input.type === 'probe.begin' ? 'working' : (input['go'] as string | undefined);
    return { ...(go === undefined ? {} : { go }), emit: (input['emit'] as Emitted[] | undefined) ?? [], context: { total: table.total, hidden: input.type } };
  },
  visibleContext: ['total'],
  boundsOpenings: true,
};

/** The same machine, opened as often as it takes. */
export const patientKind: ActorKind<ProbeTable> = { ...probeKind, machine: 'patient', boundsOpenings: false };

export const probeKinds = new Kinds([probeKind, patientKind] as never);
export const probeAddress = { tenant: 'acme', root: 'g1', actor: 'probe' };
export const probeStream = journalSubject(probeAddress);

export const begin = (more: Readonly<Record<string, unknown>> = {}): Input => ({
  type: 'probe.begin',
  machine: 'probe',
  version: 1,
  node: 'n1',
  epoch: 1,
  ...more,
});
export const does = (more: Readonly<Record<string, unknown>> = {}): Input => ({ type: 'probe.do', ...more });

/** Ids that differ between two makers and repeat for one. */
export function countingIds(name = 'x'): Ids {
  let made = 0;
  const next = (): number => (made += 1);
  return { id: () => `${name}${next()}`, salt: () => `${Buffer.from(name).toString('hex')}${next().toString(16)}`.padEnd(32, '0').slice(-32) };
}

export interface ProbeCell {
  readonly options: CellOptions;
  readonly clock: VirtualClock;
  readonly dead: DeadInput[];
  /** Keys of the effects in the order they started. */
  readonly started: string[];
}

export interface ProbeOptions {
  readonly bus: Bus;
  readonly node?: string;
  readonly journal?: Journal;
  readonly clock?: VirtualClock;
  readonly perform?: Perform;
  readonly bounds?: Partial<CellBounds>;
  readonly mayStart?: () => boolean;
  readonly observe?: Observer;
  readonly salts?: string;
}

const answers: Perform = async (request) => ({ type: 'probe.settled', what: request.ref });

/** What a cell of a probe is made with, and what it is seen to do. */
export function probe({
  bus,
  node = 'n1',
  journal = bus.journal,
  clock = new VirtualClock(1_000),
  perform = answers,
  bounds = {},
  mayStart = () => true,
  observe,
  salts = node,
}: ProbeOptions): ProbeCell {
  const dead: DeadInput[] = [];
  const started: string[] = [];
  const options: CellOptions = {
    address: probeAddress,
    stream: probeStream,
    kinds: probeKinds,
    node,
    ports: { journal, blobs: bus.blobs, clock, ids: countingIds(salts) },
    perform: (request, context) => {
      started.push(request.ref);
      return perform(request, context);
    },
    bounds: { ...cellBoundsDefault, ...bounds },
    mayStart,
    onDead: (one) => dead.push(one),
    ...(observe === undefined ? {} : { observe }),
  };
  return { options, clock, dead, started };
}

/** Asks for an effect. */
export const asks = (ref: string, more: Readonly<Record<string, unknown>> = {}): Emitted => ({ request: { type: 'probe.effect', ref, ...more } });
export const timer = (name: string, ms: number): Emitted => ({ request: { type: 'timer.start', ref: name, name, ms } });
export const tells = (what: unknown): Emitted => ({ fact: { type: 'vote.cast', data: { what } } });

/** The journal of the probe: its lines, and the input types in order. */
export async function linesOf(bus: Bus, stream: string = probeStream): Promise<string[]> {
  const lines: string[] = [];
  for await (const { records } of bus.journal.read(stream)) lines.push(...records);
  return lines;
}

export async function inputsOf(bus: Bus, stream: string = probeStream): Promise<Input[]> {
  return (await linesOf(bus, stream)).map((line) => (JSON.parse(splitRecord(line).body) as { input: Input }).input);
}

export async function typesOf(bus: Bus): Promise<string[]> {
  return (await inputsOf(bus)).map(({ type }) => type);
}

/** The state that REPLAY reaches; throws when hash chain or facts do not hold. */
export async function replayed(bus: Bus, stream: string = probeStream): Promise<string> {
  const lines = await linesOf(bus, stream);
  const stored = async function* (): AsyncGenerator<string> {
    yield* lines;
  };
  return (await replayStream(probeKinds, stream, stored(), cellBoundsDefault.inboxSeenMax)).canonical;
}

/** Opens a cell that must be there. */
export async function reopened(options: CellOptions): Promise<Cell> {
  const cell = await Cell.open(options);
  if (cell === undefined) throw new Error('the journal is empty');
  return cell;
}
