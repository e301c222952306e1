/**
 * The tables. One line of history for each version, which is the `user_version` of the database:
 * 1  roots, streams, journal, meta, projections and their rows, messages, seen, dead, registry.
 */
export const schemaVersion = 1;

export const schema = `
  CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

  CREATE TABLE roots(id INTEGER PRIMARY KEY, subject TEXT NOT NULL UNIQUE, shard INTEGER NOT NULL);
  CREATE TABLE streams(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, root INTEGER NOT NULL, shard INTEGER NOT NULL);
  -- Each index and each counter is a page more in every commit: a shard is read by sequence, which its reader knows nearly all of.
  CREATE TABLE journal(sequence INTEGER PRIMARY KEY, stream INTEGER NOT NULL, root INTEGER NOT NULL, shard INTEGER NOT NULL, body TEXT NOT NULL);
  CREATE INDEX journal_stream ON journal(stream);
  CREATE INDEX journal_root ON journal(root);

  CREATE TABLE projections(name TEXT PRIMARY KEY, version INTEGER NOT NULL, applied INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE projected(projection TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY(projection, key)) WITHOUT ROWID;

  -- state: 0 waiting, 1 claimed until due, 2 given back until due
  CREATE TABLE messages(sequence INTEGER PRIMARY KEY, queue TEXT NOT NULL, topic TEXT NOT NULL, priority INTEGER NOT NULL, state INTEGER NOT NULL, due INTEGER NOT NULL,
    lease INTEGER NOT NULL, deliveries INTEGER NOT NULL, subject TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL);
  CREATE INDEX messages_ready ON messages(queue, topic, state, priority, sequence);
  CREATE INDEX messages_due ON messages(queue, due) WHERE state > 0;
  CREATE TABLE seen(sequence INTEGER PRIMARY KEY, queue TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, UNIQUE(queue, id));
  CREATE TABLE dead(sequence INTEGER PRIMARY KEY, queue TEXT NOT NULL, subject TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, reason TEXT NOT NULL, at INTEGER NOT NULL);
  CREATE INDEX dead_queue ON dead(queue);

  CREATE TABLE registry(key TEXT PRIMARY KEY, value TEXT NOT NULL, revision INTEGER NOT NULL, ttl INTEGER, expires INTEGER) WITHOUT ROWID;
  CREATE INDEX registry_expires ON registry(expires) WHERE expires IS NOT NULL;
`;
