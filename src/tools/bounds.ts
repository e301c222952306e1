/** The bounds of the built-in tools; each is an option of `createTools` of the same name. */
export interface ToolBounds {
  /** Characters of one answer, the mark of the cut included. */
  readonly outputCharsMax: number;
  /** Wall time of one call. */
  readonly timeoutMs: number;
  /** Bytes of a file that fs.read looks at; fs.patch refuses files above it. */
  readonly fileReadBytesMax: number;
  /** fs.search passes over files above this many bytes, and says so. */
  readonly searchFileBytesMax: number;
  /** A longer line is shown, and searched, up to here. */
  readonly lineCharsMax: number;
  /** Files and folders that one fs.list or fs.search visits. */
  readonly walkEntriesMax: number;
  /** Processor time that a regular expression may take for the files of one scan. */
  readonly regexMs: number;
  /** Raw output of a command; above it the command is ended. */
  readonly commandOutputBytesMax: number;
}

export const toolBoundsDefault: ToolBounds = {
  outputCharsMax: 10_000,
  timeoutMs: 30_000,
  fileReadBytesMax: 8 * 2 ** 20,
  searchFileBytesMax: 4 * 2 ** 20,
  lineCharsMax: 2_000,
  walkEntriesMax: 100_000,
  regexMs: 1_000,
  commandOutputBytesMax: 2 ** 20,
};
