import ElkModule, { type ELK, type ElkExtendedEdge, type ElkNode } from 'elkjs';
import { type ChartPlan, type Move, movesOf, type Role } from './moves.ts';

/** What stands in a `*.chart.json`: boxes and lines in pixels, drawn by the page at 1:1. */
export interface Chart {
  readonly machine: string;
  readonly version: number;
  readonly initial: string;
  readonly width: number;
  readonly height: number;
  readonly frame: { readonly name: string; readonly states: readonly string[]; readonly box: Box } | null;
  readonly states: readonly { readonly id: string; readonly role: Role; readonly ended: boolean; readonly about: string; readonly box: Box }[];
  readonly start: readonly (readonly [number, number])[];
  readonly moves: readonly (Move & { readonly points: readonly (readonly [number, number])[]; readonly label: Box; readonly lines: readonly string[] })[];
}

type Box = readonly [x: number, y: number, width: number, height: number];

/** Pixels of a character in the two type sizes of a chart: 12.5 px sans and 10.5 px mono, with room to spare. */
const stateCharPx = 7;
const eventCharPx = 6.5;
const lineHeightPx = 13;
const stateHeightPx = 32;
/** Events written on one line of the chart; the others are in its tooltip. */
const linesMax = 3;

/** These must be repeated on every compound node; model-order options crash with INCLUDE_CHILDREN. */
const options = {
  'elk.algorithm': 'layered',
  'elk.direction': 'DOWN',
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
  'elk.json.edgeCoords': 'ROOT',
  'elk.json.shapeCoords': 'ROOT',
  'elk.layered.cycleBreaking.strategy': 'DEPTH_FIRST',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.edgeLabels.inline': 'false',
  'elk.layered.edgeLabels.sideSelection': 'SMART_DOWN',
  'elk.spacing.nodeNode': '16',
  'elk.spacing.edgeNode': '10',
  'elk.spacing.edgeEdge': '8',
  'elk.spacing.edgeLabel': '4',
  'elk.spacing.labelNode': '6',
  'elk.layered.spacing.nodeNodeBetweenLayers': '26',
  'elk.layered.spacing.edgeNodeBetweenLayers': '13',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '11',
};

function linesOf(events: readonly string[]): readonly string[] {
  return events.length <= linesMax ? events : [...events.slice(0, linesMax - 1), `and ${events.length - linesMax + 1} more`];
}

/** Lays one machine out. The same machine gives the same chart. */
export async function layOut(plan: ChartPlan): Promise<Chart> {
  const { machine, initial, states, moves } = movesOf(plan);
  const { frame } = plan;
  const inside = new Set(frame?.states ?? []);
  const node = (id: string): ElkNode => ({ id, width: Math.ceil(id.length * stateCharPx + 42), height: stateHeightPx });
  const outside = states.filter(({ id }) => !inside.has(id)).map(({ id }) => node(id));
  const framed: ElkNode[] =
    frame === undefined
      ? []
      : [{ id: frame.name, layoutOptions: { ...options, 'elk.padding': '[top=42,left=16,bottom=16,right=16]' }, children: frame.states.map(node) }];
  const order = new Map([initial, ...states.map(({ id }) => id).filter((id) => id !== initial)].map((id, at) => [id, at]));
  const edges: ElkExtendedEdge[] = moves.map(({ source, target, events }, at) => {
    const lines = linesOf(events);
    const returns = (order.get(source) ?? 0) > (order.get(target) ?? 0);
    return {
      id: `m${at}`,
      sources: [source],
      targets: [target],
      labels: [
        { text: lines.join('\n'), width: Math.ceil(Math.max(...lines.map((line) => line.length)) * eventCharPx + 6), height: lines.length * lineHeightPx + 2 },
      ],
      layoutOptions: { 'elk.layered.priority.direction': returns ? '0' : '10', 'elk.layered.priority.straightness': returns ? '0' : '2' },
    };
  });
  const root: ElkNode = {
    id: 'root',
    layoutOptions: { ...options, 'elk.padding': '[top=10,left=10,bottom=10,right=10]' },
    children: [{ id: 'start', width: 10, height: 10 }, ...outside, ...framed],
    edges: [{ id: 'start', sources: ['start'], targets: [initial] }, ...edges],
  };
  // The module is CommonJS: its constructor is the default of the default.
  const Elk = ElkModule as unknown as { new (): ELK };
  const laid = await new Elk().layout(root);
  const boxes = new Map<string, Box>();
  const collect = (parent: ElkNode): void => {
    for (const child of parent.children ?? []) {
      boxes.set(child.id, [round(child.x), round(child.y), round(child.width), round(child.height)]);
      collect(child);
    }
  };
  collect(laid);
  const boxOf = (id: string): Box => boxes.get(id) ?? [0, 0, 0, 0];
  const lines = new Map((laid.edges ?? []).map((edge) => [edge.id, edge]));
  return {
    machine,
    version: plan.version,
    initial,
    width: round(laid.width),
    height: round(laid.height),
    frame: frame === undefined ? null : { ...frame, box: boxOf(frame.name) },
    states: states.map((state) => ({ ...state, box: boxOf(state.id) })),
    start: pointsOf(lines.get('start')),
    moves: moves.map((move, at) => {
      const edge = lines.get(`m${at}`);
      const label = edge?.labels?.[0];
      return {
        ...move,
        points: pointsOf(edge),
        label: [round(label?.x), round(label?.y), round(label?.width), round(label?.height)],
        lines: linesOf(move.events),
      };
    }),
  };
}

function pointsOf(edge: ElkExtendedEdge | undefined): readonly (readonly [number, number])[] {
  const section = edge?.sections?.[0];
  if (section === undefined) throw new Error(`elk routed no line for ${edge?.id ?? 'an edge'}`);
  return [section.startPoint, ...(section.bendPoints ?? []), section.endPoint].map(({ x, y }) => [round(x), round(y)] as const);
}

function round(value: number | undefined): number {
  return Math.round((value ?? 0) * 10) / 10;
}
