/** The only source of randomness in actors/ and swarm/. */
export interface Ids {
  /** A fresh id: a subject token that sorts by time of making. */
  id(): string;
  /** 32 lower-case hex characters for the hash chain. */
  salt(): string;
}
