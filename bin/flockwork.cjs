#!/usr/bin/env node
'use strict';
// Old syntax on purpose: this file must parse on any Node, so that an old one gets a sentence instead of a syntax error.
var path = require('path');
var tty = require('tty');

var needed = [22, 13];
var version = process.versions.node.split('.').map(Number);

function say(text) {
  process.stderr.write('flockwork: ' + text + '\n');
}

function runHere() {
  var main = path.join(__dirname, '..', 'dist', 'cli', 'main.js');
  if (!require('fs').existsSync(main)) {
    say('dist is not built; run `npm run build` in the checkout (`npm ci` does it too).');
    process.exit(1);
  }
  keepCompiled(path.join(__dirname, '..', 'dist', '.compiled'));
  if (process.env.FLOCKWORK_GUARD_FD) endWithGuard(Number(process.env.FLOCKWORK_GUARD_FD));
  import(require('url').pathToFileURL(main).href).catch(function (error) {
    console.error(error);
    process.exit(1);
  });
}

// Compiled code is kept beside the package, where only who may change the package may write; elsewhere each start compiles anew.
function keepCompiled(folder) {
  var enable = require('module').enableCompileCache;
  if (enable) enable(folder);
}

// A guard that was killed hard cannot forward it: its end of this pipe closes, and we end as it did.
function endWithGuard(fd) {
  delete process.env.FLOCKWORK_GUARD_FD;
  var pipe = new (require('net').Socket)({ fd: fd });
  pipe.on('error', function () {});
  pipe.on('close', function () {
    process.kill(process.pid, 'SIGKILL');
  });
  pipe.resume();
  pipe.unref();
}

function runWithCarriedNode() {
  var node;
  try {
    node = require.resolve('node-' + process.platform + '-' + process.arch + '/bin/node');
  } catch (error) {
    say('needs Node ' + needed.join('.') + ' or newer; this is ' + process.version + '. Install a newer Node; in a checkout on Linux, `npm ci` brings one.');
    process.exit(1);
  }
  process.env.FLOCKWORK_GUARD_FD = '3';
  var child = require('child_process').spawn(node, process.execArgv.concat(process.argv.slice(1)), { stdio: ['inherit', 'inherit', 'inherit', 'pipe'] });
  var terminal = tty.isatty(0) || tty.isatty(1) || tty.isatty(2);
  var signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'];
  signals.forEach(function (signal) {
    process.on(signal, function () {
      // A terminal sends Ctrl-C to the whole group: the child has it already, and a second one would mean "at once".
      if (signal !== 'SIGINT' || !terminal) child.kill(signal);
    });
  });
  child.on('error', function (error) {
    say('could not start ' + node + ': ' + error.message);
    process.exit(1);
  });
  child.on('exit', function (code, signal) {
    if (!signal) process.exit(code);
    // Ends by the same signal, so that the caller sees what the child saw.
    signals.forEach(function (name) {
      process.removeAllListeners(name);
    });
    process.kill(process.pid, signal);
    setTimeout(function () {
      process.exit(1);
    }, 1000);
  });
}

if (version[0] > needed[0] || (version[0] === needed[0] && version[1] >= needed[1])) runHere();
else runWithCarriedNode();
