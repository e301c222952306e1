import type { Manifest, ManifestFile } from '../../protocols/goals/goal.ts';
import { labelOfFiles, labelOfText } from '../strategies/label.ts';

/** One part of a plan: what one map task works on. Plain JSON, stored as a blob with the goal. */
export interface Part {
  readonly name: string;
  /** Text that goes into the prompt as material. */
  readonly text?: string;
  /** Workspace paths that the task is about; absent = the whole workspace. */
  readonly files?: readonly string[];
}

/** What a goal's inputs come to. */
export interface GoalMaterial {
  readonly texts: readonly { readonly name: string; readonly text: string }[];
  readonly items: readonly string[];
  readonly manifest: Manifest | null;
}

/** The bytes of files that one part should hold, and how many files at most. */
const partBytes = 32_768;
const partFilesMax = 40;
/** The characters of one text part. */
const partCharsMax = 24_000;

/** Everything as one part: what a single agent is given. */
export function wholePart(material: GoalMaterial): Part {
  const blocks = material.texts.map(({ name, text }) => (material.texts.length > 1 ? `### ${name}\n${text}` : text));
  if (material.items.length > 0) blocks.push(material.items.map((item, index) => `${index + 1}. ${item}`).join('\n'));
  if (blocks.length === 0) return { name: 'the whole goal' };
  const [only] = material.texts;
  return { name: blocks.length === 1 && only !== undefined ? only.name : 'input', text: blocks.join('\n\n') };
}

/** The parts that the inputs fall into by themselves: one for each item, groups of neighbouring files, paragraphs of long texts. */
export function splitParts(material: GoalMaterial, agents: number): Part[] {
  const items = material.items.map((text, index) => ({ name: `item ${index + 1}`, text }));
  const texts = material.texts.flatMap(({ name, text }) =>
    splitText(text).map((piece, index, all) => ({ name: all.length === 1 ? name : `${name} ${index + 1}/${all.length}`, text: piece })),
  );
  const files = material.manifest === null ? [] : groupFiles(material.manifest.files, agents);
  return [...items, ...texts, ...files];
}

/** Neighbours in path order stay together; small trees are still spread over the agents. */
function groupFiles(files: readonly ManifestFile[], agents: number): Part[] {
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1));
  const total = sorted.reduce((sum, { size }) => sum + size, 0);
  const bytesWanted = Math.min(partBytes, Math.max(1, Math.ceil(total / Math.max(1, agents))));
  const groups: string[][] = [];
  let group: string[] = [];
  let bytes = 0;
  for (const { path, size } of sorted) {
    if (group.length > 0 && (bytes + size > bytesWanted || group.length >= partFilesMax)) {
      groups.push(group);
      group = [];
      bytes = 0;
    }
    group.push(path);
    bytes += size;
  }
  if (group.length > 0) groups.push(group);
  return groups.map((paths, index) => ({ name: `files ${index + 1}/${groups.length}`, files: paths }));
}

/** What the names of parts may come to in the first record; the parts after that are told by number. Characters. */
const partNamesCharsMax = 32_768;

/** What each part holds, for those who watch: an item's first words, the first file of several. As many as the bound allows. */
export function partNames({ items }: GoalMaterial, parts: readonly Part[]): string[] {
  const names: string[] = [];
  let chars = 0;
  for (const [index, { name, text = '', files }] of parts.entries()) {
    const words = index < items.length ? labelOfText(text) : '';
    const shown = files !== undefined ? labelOfFiles(files) : words === '' ? labelOfText(name) : words;
    chars += shown.length;
    if (chars > partNamesCharsMax) break;
    names.push(shown);
  }
  return names;
}

function splitText(text: string): string[] {
  if (text.length <= partCharsMax) return [text];
  const pieces: string[] = [];
  let piece = '';
  for (const paragraph of text.split(/(?<=\n\n)/)) {
    if (piece.length > 0 && piece.length + paragraph.length > partCharsMax) {
      pieces.push(piece);
      piece = '';
    }
    for (let at = 0; at < paragraph.length; at += partCharsMax) {
      const cut = paragraph.slice(at, at + partCharsMax);
      if (piece.length + cut.length > partCharsMax && piece.length > 0) {
        pieces.push(piece);
        piece = '';
      }
      piece += cut;
    }
  }
  if (piece.length > 0) pieces.push(piece);
  return pieces;
}
