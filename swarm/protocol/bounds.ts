/** How long a member may take to answer what it is asked. Milliseconds. */
export const answerMs = 5_000;
/** Elections in a row that one requestVote makes before it gives up. */
export const electionsMax = 8;
/** The first wait between two of them, and the longest; each member waits another while. Milliseconds. */
export const electionBackoffMs = 50;
export const electionBackoffMsMax = 1_000;
/** Rounds of ballots unless the asker says otherwise. */
export const roundsDefault = 3;
/** The largest message between members. Bytes of its JSON. */
export const messageBytesMax = 262_144;
/** A longer text or body stands in the input of its record alone, not in the fact. Characters of its JSON. */
export const bodyInlineCharsMax = 8_000;
