/**
 * The bus of one process: SQLite through node:sqlite and plain files in a data folder that one process owns at a time.
 * All writing goes through one group commit; nothing is answered before it is on the disk.
 * It never talks to another process, and nothing outside this folder imports node:sqlite.
 */
export type { Sync } from './database.ts';
export { type EmbeddedBus, type EmbeddedBusOptions, type EmbeddedFigures, openEmbeddedBus } from './open.ts';
