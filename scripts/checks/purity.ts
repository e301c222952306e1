import ts from 'typescript';

/** Names that reach the world, a clock or a random source; what actors need of these comes through a port. */
const worldly = new Set([
  'setTimeout',
  'setInterval',
  'setImmediate',
  'fetch',
  'process',
  'performance',
  'WebSocket',
  'EventSource',
  'BroadcastChannel',
  'Worker',
  'localStorage',
  'require',
  'globalThis',
  'console',
  'crypto',
]);

/** Members of otherwise pure objects. */
const impureMembers = new Set(['Date.now', 'Math.random', 'Atomics.wait', 'Atomics.waitAsync', 'AbortSignal.timeout']);

/** Of Node, this and nothing else. */
const allowedImports: Readonly<Record<string, ReadonlySet<string>>> = { 'node:crypto': new Set(['createHash', 'hash']) };

function isName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isQualifiedName(parent) || ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent)) return false;
  const declares = 'name' in parent && parent.name === node;
  return !declares && !ts.isTypeReferenceNode(parent);
}

function importProblem(node: ts.ImportDeclaration): string | undefined {
  if (!ts.isStringLiteral(node.moduleSpecifier)) return undefined;
  const module = node.moduleSpecifier.text;
  if (!module.startsWith('node:')) return undefined;
  const allowed = allowedImports[module];
  if (allowed === undefined) return `imports ${module}`;
  const bindings = node.importClause?.namedBindings;
  const names = bindings !== undefined && ts.isNamedImports(bindings) ? bindings.elements.map((element) => (element.propertyName ?? element.name).text) : ['*'];
  const others = names.filter((name) => !allowed.has(name));
  return others.length === 0 ? undefined : `imports ${others.join(', ')} of ${module}`;
}

function problemOf(node: ts.Node, declared: ReadonlySet<string>): string | undefined {
  if (ts.isImportDeclaration(node)) return importProblem(node);
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return 'imports at run time';
  if (ts.isPropertyAccessExpression(node)) {
    const member = `${node.expression.getText()}.${node.name.text}`;
    if (impureMembers.has(member)) return `calls ${member}`;
  }
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && (node.arguments?.length ?? 0) === 0) return 'reads the clock by new Date()';
  if (ts.isCallExpression(node) && node.expression.getText() === 'Date') return 'reads the clock by Date()';
  if (ts.isIdentifier(node) && worldly.has(node.text) && isName(node) && !declared.has(node.text)) return `uses ${node.text}`;
  return undefined;
}

/** What in a source reads a clock, a random source, a file or a socket: each as `line: what`. Comments and texts do not count. */
export function impurities(source: string, name = 'source.ts'): readonly string[] {
  const file = ts.createSourceFile(name, source, ts.ScriptTarget.Latest, true);
  const declared = new Set<string>();
  const found: string[] = [];
  const collect = (node: ts.Node): void => {
    if (
      (ts.isParameter(node) || ts.isVariableDeclaration(node) || ts.isBindingElement(node) || ts.isFunctionDeclaration(node)) &&
      node.name !== undefined &&
      ts.isIdentifier(node.name)
    ) {
      declared.add(node.name.text);
    }
    ts.forEachChild(node, collect);
  };
  const visit = (node: ts.Node): void => {
    const problem = problemOf(node, declared);
    if (problem !== undefined) found.push(`${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}: ${problem}`);
    ts.forEachChild(node, visit);
  };
  collect(file);
  visit(file);
  return found;
}
