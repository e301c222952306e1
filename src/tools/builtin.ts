import type { Patcher } from '../../actors/ports/patcher.ts';
import type { ToolSpec } from '../../protocols/goals/task.ts';
import type { ToolBounds } from './bounds.ts';
import { specOf, type Tool } from './define-tool.ts';
import { createFsList, fsListDefinition } from './fs-list.ts';
import { createFsPatch, fsPatchDefinition } from './fs-patch.ts';
import { createFsRead, fsReadDefinition } from './fs-read.ts';
import { createFsSearch, fsSearchDefinition } from './fs-search.ts';
import { createFsWrite, fsWriteDefinition } from './fs-write.ts';
import type { LeakScan } from './leak-scan.ts';
import type { Sandbox } from './needs.ts';
import { createSystemRun, systemRunDefinition } from './system-run.ts';

/** What models are told about the built-in tools: fs.list, fs.read, fs.search, fs.write, fs.patch, system.run. */
export function builtinToolSpecs(): readonly ToolSpec[] {
  return [fsListDefinition, fsReadDefinition, fsSearchDefinition, fsWriteDefinition, fsPatchDefinition, systemRunDefinition].map(specOf);
}

export function builtinTools(needs: { bounds: ToolBounds; sandbox: Sandbox | undefined; patcher: Patcher; leaks: LeakScan }): readonly Tool[] {
  const { bounds, sandbox, patcher, leaks } = needs;
  return [
    createFsList(bounds),
    createFsRead(bounds, leaks),
    createFsSearch(bounds, leaks),
    createFsWrite(bounds),
    createFsPatch(bounds, patcher),
    createSystemRun(bounds, sandbox, leaks),
  ];
}
