/** Messages from outside that may wait in one cell; answers and timers have reserved room beyond it. */
export const mailboxMessagesMax = 1_000;
/** Ids of messages already journaled that one actor remembers. */
export const inboxSeenMax = 10_000;
/** Inputs that may throw in a row before the actor ends as actor.poisoned. */
export const throwsInRowMax = 3;
/** Openings without progress before an actor that bounds them ends as actor.poisoned. */
export const openingsMax = 5;
/** Bytes of records that one append may carry; a batch is cut before it. */
export const appendBytesMax = 524_288;
/** Records between two snapshots. */
export const snapshotRecords = 256;
/** Bytes of a snapshot that each record since the last one pays for: a larger state is stored less often. */
export const snapshotBytesPerRecord = 1_024;
/** First and longest wait before an append that failed without a conflict is tried again. Milliseconds. */
export const appendRetryMs = 20;
export const appendRetryMsMax = 5_000;

/** The bounds of a cell, each with an option of the same name. */
export interface CellBounds {
  readonly mailboxMessagesMax: number;
  readonly inboxSeenMax: number;
  readonly throwsInRowMax: number;
  readonly openingsMax: number;
  readonly snapshotRecords: number;
}

export const cellBoundsDefault: CellBounds = { mailboxMessagesMax, inboxSeenMax, throwsInRowMax, openingsMax, snapshotRecords };
