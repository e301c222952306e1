'use strict';
// npm runs this after an install, also on a Node that cannot run the build, and also before there are packages (`npx flockwork` in a clone
// links the package first). It must not fail then: npm would keep the half-made link for ever. Old syntax: it must parse on any Node.
var path = require('path');
var root = path.join(__dirname, '..');

function missing(name) {
  try {
    require.resolve(name, { paths: [root] });
    return false;
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    return true;
  }
}

function nodeForBuild() {
  var version = process.versions.node.split('.').map(Number);
  if (version[0] > 22 || (version[0] === 22 && version[1] >= 18)) return process.execPath;
  var carried = 'node-' + process.platform + '-' + process.arch + '/bin/node';
  return missing(carried) ? undefined : require.resolve(carried, { paths: [root] });
}

var node = nodeForBuild();
if (missing('@typescript/native/package.json')) {
  process.stderr.write('prepare: the development packages are not installed, so dist was not built; run npm ci\n');
} else if (node === undefined) {
  process.stderr.write('prepare: building needs Node 22.18 or newer, this is ' + process.version + '; dist was not built\n');
} else {
  var done = require('child_process').spawnSync(node, [path.join(__dirname, 'build.ts')], { stdio: 'inherit' });
  if (done.error) throw done.error;
  process.exitCode = done.status === null ? 1 : done.status;
}
