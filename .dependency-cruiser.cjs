'use strict';
// The walls of CONTRIBUTING.md's table. A dependency has one door: the one folder that may import it.
const doors = require('./scripts/checks/doors.json');

// A test may use what it likes; src/testing is for tests.
const tests = '\\.(test|examples)\\.ts$';
const from = (path, ...pathNot) => ({ path, pathNot: [tests, ...pathNot] });
const packages = '(^|/)node_modules/';
const escaped = (name) => name.replaceAll(/[/.]/g, '\\$&');

const layers = [
  {
    name: 'protocols-is-the-ground',
    comment: 'protocols/ imports zod and itself.',
    from: from('^protocols/'),
    to: { pathNot: ['^protocols/', `${packages}zod/`] },
  },
  {
    name: 'actors-know-protocols',
    comment: 'actors/ imports protocols/, xstate, and of Node only node:crypto.',
    from: from('^actors/'),
    to: { pathNot: ['^(protocols|actors)/', `${packages}xstate/`, '^(node:)?crypto$'] },
  },
  {
    name: 'swarm-knows-actors-and-protocols',
    comment: 'swarm/ imports protocols/, actors/, xstate, and of Node only node:crypto.',
    from: from('^swarm/'),
    to: { pathNot: ['^(protocols|actors|swarm)/', `${packages}xstate/`, '^(node:)?crypto$'] },
  },
  {
    name: 'src-looks-down',
    comment: 'src/ imports no scripts, no tests, nothing built.',
    from: from('^src/'),
    to: { path: '^(scripts|test|examples|dist|k8s|bin|etc)/' },
  },
  {
    name: 'src-modules-are-strangers',
    comment: 'Modules of src/ meet in src/node; only config and telemetry are open to all.',
    from: from('^src/([^/]+)/', '^src/(node|cli|testing)/'),
    to: { path: '^src/', pathNot: ['^src/$1/', '^src/(config|telemetry)/'] },
  },
  {
    name: 'node-composes',
    comment: 'src/node may import all of src but cli, testing and the public entry.',
    from: from('^src/node/'),
    to: { path: '^src/((cli|testing)/|index\\.ts$)' },
  },
  {
    name: 'cli-starts-things',
    comment: 'src/cli may import node, client, config and telemetry, and the mock model server that it offers as a command.',
    from: from('^src/cli/'),
    to: { path: '^src/', pathNot: '^src/(cli|node|client|config|telemetry|testing/mock-model)/' },
  },
  {
    name: 'client-knows-protocols',
    comment: 'src/client runs anywhere: it imports protocols/ only.',
    from: from('^src/client/'),
    to: { path: '^(actors|swarm|src)/', pathNot: '^src/client/' },
  },
  {
    name: 'entry-is-not-the-cli',
    comment: 'The public entry composes nothing of the command line.',
    from: from('^src/index\\.ts$'),
    to: { path: '^src/(cli|testing)/' },
  },
];

const oneDoor = Object.entries(doors).map(([name, door]) => ({
  name: `one-door-${name}`,
  comment: `${name} is imported in ${door} only.`,
  from: { path: '^(protocols|actors|swarm|src)/', pathNot: [tests, door, ...(name === 'zod' ? [] : ['^src/testing/'])] },
  to: { path: `${packages}${escaped(name)}/` },
}));

module.exports = {
  forbidden: [
    ...layers,
    ...oneDoor,
    {
      name: 'known-package',
      comment: 'A package that package.json does not name, or one for development, is not for the product. An optional peer is both.',
      from: from('^(protocols|actors|swarm|src)/'),
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'], dependencyTypesNot: ['npm-peer'] },
    },
    {
      name: 'no-circular',
      comment: 'A circle of modules has no bottom to read from; one of types alone is none when it runs.',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'resolvable', comment: 'An import that leads nowhere.', from: {}, to: { couldNotResolve: true } },
  ].map((rule) => ({ severity: 'error', ...rule })),
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'], exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
  },
};
