/**
 * The version of the shape of a record, `v` in each of them. One line of history per version:
 * 1: n, at, v, input, facts (2026-11).
 */
export const recordVersion = 1;
