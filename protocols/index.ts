/** What is said: schemas, methods, facts, frames, subjects and errors. Imports zod only; never does I/O. */
