/** What the gateway counts about itself; figures for /metrics and for tests. */
export class Counters {
  /** Open connections of all transports. */
  connections = 0;
  /** Watches open, SSE included. */
  watches = 0;
  /** Requests not yet answered, HTTP included. */
  requestsInFlight = 0;
  requestsTotal = 0;
  eventsDeliveredTotal = 0;
  deltasDeliveredTotal = 0;
  deltasDroppedTotal = 0;
  /** Live messages that were no deltas. */
  liveIgnoredTotal = 0;
  /** Pages that were read from the journal and parsed. */
  catchUpPagesTotal = 0;
  /** Pages that a watcher took of those that were read for another one. */
  catchUpPagesSharedTotal = 0;
  /** Readers that fell out of the live ring and went back to the journal. */
  readersLaggedTotal = 0;
  /** Peers refused or closed, by code. */
  readonly refusedTotal = new Map<string, number>();

  refused(code: string): void {
    this.refusedTotal.set(code, (this.refusedTotal.get(code) ?? 0) + 1);
  }
}
