/** The first line of a recorded journal: what its records must still fold to. */
export interface RecordedJournal {
  readonly stream: string;
  /** Name and version, `agent@1`. */
  readonly machine: string;
  readonly records: number;
  readonly facts: number;
  readonly state: string;
  /** SHA-256 of the canonical state. */
  readonly stateHash: string;
}
