/** What is logged where; a level may be set for each. */
export const logAreas = ['node', 'goal', 'agent', 'model', 'tool', 'telemetry'] as const;
export type LogArea = (typeof logAreas)[number];

/** The quietest first. `silent` lets nothing through. */
export const logLevels = ['silent', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Whom an entry is about. */
export interface LogSubject {
  readonly tenant?: string;
  readonly goal?: string;
  readonly task?: string;
  readonly attempt?: number;
  /** The actor: `agent-t0-1`, `coordinator`. */
  readonly agent?: string;
  readonly trace_id?: string;
  readonly span_id?: string;
}

/** One line of the log. Never a secret, never what a model or a tool said at length. */
export interface LogEntry extends LogSubject {
  readonly level: Exclude<LogLevel, 'silent'>;
  readonly area: LogArea;
  readonly message: string;
  /** The type of the fact that is told. */
  readonly event?: string;
  /** A code of the error catalogue. */
  readonly code?: string;
  /** Figures and names of that event. */
  readonly data?: Readonly<Record<string, unknown>>;
}

export interface LogLevelSettings {
  /** For every area that is not named. */
  readonly level: LogLevel;
  /** `area=level`, such as `model=debug`. */
  readonly areas: readonly string[];
}

/** `area=level`, or undefined for anything else. */
export function parseAreaLevel(text: string): { readonly area: LogArea; readonly level: LogLevel } | undefined {
  const [area, level, ...rest] = text.split('=').map((part) => part.trim());
  const known = logAreas.find((name) => name === area);
  const loud = logLevels.find((name) => name === level);
  return known === undefined || loud === undefined || rest.length > 0 ? undefined : { area: known, level: loud };
}

/** Says which entries are written; may be set anew while the process runs. */
export class LogLevels {
  #all: LogLevel = 'info';
  readonly #areas = new Map<LogArea, LogLevel>();

  constructor(settings?: LogLevelSettings) {
    if (settings !== undefined) this.set(settings);
  }

  set({ level, areas }: LogLevelSettings): void {
    this.#all = level;
    this.#areas.clear();
    for (const text of areas) {
      const parsed = parseAreaLevel(text);
      if (parsed !== undefined) this.#areas.set(parsed.area, parsed.level);
    }
  }

  writes(area: LogArea, level: LogLevel): boolean {
    return logLevels.indexOf(level) <= logLevels.indexOf(this.#areas.get(area) ?? this.#all);
  }
}
