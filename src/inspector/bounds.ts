/** Every bound of the inspector. Those of `InspectorBounds` are options of the same name. */
export interface InspectorBounds {
  /** How often a page is sent what changed, ms. */
  readonly tickMs: number;
  /** Changed actors told to one page in one tick; the others wait, and are counted as `behind`. */
  readonly rowsPerTickMax: number;
  /** Steps on the tape of one page in one tick; what is left out is counted. */
  readonly tapeRowsPerTickMax: number;
  /** The last steps of a tenant, kept so that a tape that is opened does not begin empty. */
  readonly tapeStepsMax: number;
  /** The last steps kept of each actor, so that one that is opened shows what led there. */
  readonly actorStepsMax: number;
  /** Different moves kept of each actor. */
  readonly actorMovesMax: number;
  /** Steps of watched actors told to one page in one tick; above it the oldest are left out and counted. */
  readonly watchedStepsPerTickMax: number;
  /** Actors that one page watches in full. */
  readonly watchedActorsMax: number;
  /** Actors that a page names as visible; they are told first. */
  readonly visibleActorsMax: number;
  /** Actors of one tenant that are known at the same time; above it the one that ended first is forgotten. */
  readonly actorsMax: number;
  /** Actors of one tenant that have ended and are still shown. */
  readonly endedActorsMax: number;
  /** Tenants with actors at the same time; those of further ones are not shown. */
  readonly tenantsMax: number;
  /** Different event names; further ones are shown as `other`. */
  readonly namesMax: number;
  /** Unread bytes of a page above which its frames wait. */
  readonly bufferedBytesMax: number;
  /** How often another node is asked what changed there, while a page is open; and for how long an answer is waited for. ms. */
  readonly remoteMs: number;
  readonly remoteAnswerMs: number;
  /** How often the list of nodes is read again while a page is open, ms. */
  readonly remoteListMs: number;
}

export const inspectorBounds: InspectorBounds = {
  tickMs: 100,
  rowsPerTickMax: 300,
  tapeRowsPerTickMax: 40,
  tapeStepsMax: 256,
  actorStepsMax: 16,
  actorMovesMax: 48,
  watchedStepsPerTickMax: 200,
  watchedActorsMax: 8,
  visibleActorsMax: 256,
  actorsMax: 20_000,
  endedActorsMax: 4_000,
  tenantsMax: 256,
  namesMax: 1_024,
  bufferedBytesMax: 1_048_576,
  remoteMs: 300,
  remoteAnswerMs: 2_000,
  remoteListMs: 3_000,
};

/** A shown context: how deep, how many entries in one object, and how many characters in one text. */
export const contextDepthMax = 4;
export const contextEntriesMax = 32;
export const contextCharsMax = 512;

/** Bounds of looking back at a goal; each an option of the same name in `pastBounds`. */
export interface PastBounds {
  /** Goals kept folded at the same time, over all tenants. */
  readonly goalsMax: number;
  /** Records of one goal; with more, its past is not shown. */
  readonly recordsMax: number;
  /** Records of one actor between two of its snapshots. */
  readonly segmentRecords: number;
  /** Bytes of all snapshots of one goal; above it every second one goes. */
  readonly snapshotBytesMax: number;
  /** Machines kept folded while a goal is read. */
  readonly foldsMax: number;
  /** How long reading may hold the node before others have a turn, ms. */
  readonly sliceMs: number;
  /** How long a page waits for a goal to be read before it is shown what is read so far, ms. */
  readonly answerMs: number;
  readonly actorsShownMax: number;
  readonly recordsShownMax: number;
  readonly movesMax: number;
  readonly densityBuckets: number;
  readonly marksMax: number;
}

export const pastBounds: PastBounds = {
  goalsMax: 4,
  recordsMax: 500_000,
  segmentRecords: 1_024,
  snapshotBytesMax: 33_554_432,
  foldsMax: 1_024,
  sliceMs: 12,
  answerMs: 800,
  actorsShownMax: 200,
  recordsShownMax: 12,
  movesMax: 64,
  densityBuckets: 96,
  marksMax: 8,
};

/** Bounds of what is counted of tools and models. */
export interface UsageBounds {
  /** Hours that are kept. */
  readonly hours: number;
  /** Different tools, and different models; further ones are counted as `other`. */
  readonly namesMax: number;
  /** Calls of one actor under way; of more than these the oldest are not timed. */
  readonly openCallsMax: number;
}

export const usageBounds: UsageBounds = { hours: 24, namesMax: 64, openCallsMax: 64 };

/** How often a page that looks at tools or models is told, ms. */
export const usageMs = 1_000;
