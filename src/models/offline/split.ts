import type { Brief } from './brief.ts';

const partsMax = 1_000;

/** The parts of a goal as a JSON list of texts: its files, the lines of its material, its own list, or the goal as it is. */
export function splitOf(brief: Brief): string {
  const lines = (text: string): string[] =>
    text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  const bullets = [...brief.goal.matchAll(/^[ \t]*(?:[-*]|\d+[.)])[ \t]+(\S.*)$/gm)].map((match) => match[1] ?? '');
  const candidates = [brief.focus, brief.material.flatMap((material) => lines(material.text)), bullets];
  const parts = candidates.find((list) => list.length > 0) ?? [brief.goal];
  return JSON.stringify(parts.slice(0, partsMax));
}
