// Runs the VS Code extension with stand-ins for `vscode` and the protocol's client: node tests/editors_vscode.js EXTENSION TONGBAN
//
// The stand-in client starts the program it is told to and speaks the protocol's first and last words with it, so that what is checked is the server
// that comes up and goes away, not that a function was called.
'use strict';
const assert = require('assert');
const child = require('child_process');
const fs = require('fs');
const Module = require('module');
const path = require('path');
const [folder, tongban] = process.argv.slice(2).map((p) => path.resolve(p));

let settings, messages, clients, installed;

class LanguageClient {
  constructor(id, name, server, options) {
    Object.assign(this, {id, name, server, options, answers: new Map(), read: Buffer.alloc(0)});
    clients.push(this);
  }
  send(message) {
    const body = Buffer.from(JSON.stringify({jsonrpc: '2.0', ...message}));
    this.process.stdin.write(`Content-Length: ${body.length}\r\n\r\n`);
    this.process.stdin.write(body);
  }
  ask(id, method, params) {
    return new Promise((done, fail) => {
      this.answers.set(id, done);
      this.process.once('exit', (code) => fail(new Error(`the server ended with ${code}`)));
      this.send({id, method, params});
    });
  }
  take(bytes) {
    this.read = Buffer.concat([this.read, bytes]);
    for (;;) {
      const head = this.read.indexOf('\r\n\r\n');
      if (head < 0) return;
      const length = Number(/content-length: *(\d+)/i.exec(this.read.subarray(0, head).toString())[1]);
      if (this.read.length < head + 4 + length) return;
      const message = JSON.parse(this.read.subarray(head + 4, head + 4 + length).toString());
      this.read = this.read.subarray(head + 4 + length);
      if (this.answers.has(message.id)) this.answers.get(message.id)(message);
    }
  }
  async start() {
    this.process = child.spawn(this.server.command, this.server.args, {stdio: ['pipe', 'pipe', 'inherit']});
    this.ended = new Promise((done) => this.process.on('exit', done));
    await new Promise((done, fail) => this.process.on('spawn', done).on('error', fail));
    this.process.stdout.on('data', (bytes) => this.take(bytes));
    this.capabilities = (await this.ask(1, 'initialize', {processId: process.pid, capabilities: {}})).result.capabilities;
    this.send({method: 'initialized', params: {}});
  }
  async stop() {
    await this.ask(2, 'shutdown');
    this.send({method: 'exit'});
    this.code = await this.ended;
  }
}

const vscode = {
  workspace: {
    getConfiguration: (section) => (assert.strictEqual(section, 'tongban'), {get: (key) => settings[key]}),
    createFileSystemWatcher: (glob) => ({glob}),
  },
  window: {
    showWarningMessage: (text) => messages.push(['warning', text]),
    showErrorMessage: (text) => messages.push(['error', text]),
  },
};

const load = Module._load;
Module._load = function (name, ...rest) {
  if (name === 'vscode') return vscode;
  if (name === 'vscode-languageclient/node') {
    if (!installed) throw new Error(`Cannot find module '${name}'`);
    return {LanguageClient};
  }
  return load.call(this, name, ...rest);
};

/* As VS Code does: the module anew, with these settings. */
function extension(given, with_client = true) {
  const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const main = path.join(folder, manifest.main);
  delete require.cache[main];
  settings = {...Object.fromEntries(Object.entries(manifest.contributes.configuration.properties).map(([key, p]) => [key.replace('tongban.', ''), p.default])), ...given};
  messages = [], clients = [], installed = with_client;
  return require(main);
}

const checks = {
  async 'starts the configured program, and ends it'() {
    const it = extension({path: tongban});
    await it.activate();
    assert.strictEqual(clients.length, 1);
    const [client] = clients;
    assert.deepStrictEqual(client.server, {command: tongban, args: ['lsp']});
    assert.deepStrictEqual(client.options.documentSelector, [{language: 'tongban'}]);
    assert.strictEqual(client.options.synchronize.fileEvents.glob, '**/*.tb');
    assert.strictEqual(client.capabilities.renameProvider.prepareProvider, true);
    assert.deepStrictEqual(messages, []);
    await it.deactivate();
    assert.strictEqual(client.code, 0);
  },
  async 'passes the language of messages'() {
    const it = extension({path: tongban, lang: 'en'});
    await it.activate();
    assert.deepStrictEqual(clients[0].server.args, ['lsp', '--lang', 'en']);
    await it.deactivate();
    assert.strictEqual(clients[0].code, 0);
  },
  async 'looks in PATH by itself'() {
    const it = extension({});
    process.env.PATH = `${path.dirname(tongban)}:${process.env.PATH}`;
    await it.activate();
    assert.strictEqual(clients[0].server.command, 'tongban');
    await it.deactivate();
    assert.strictEqual(clients[0].code, 0);
  },
  async 'says which program cannot be started'() {
    const it = extension({path: '/no/such/tongban'});
    await it.activate();
    assert.strictEqual(messages.length, 1);
    assert.strictEqual(messages[0][0], 'error');
    assert.match(messages[0][1], /\/no\/such\/tongban.*tongban\.path/);
    await it.deactivate();
  },
  async 'without the client says what is missing'() {
    const it = extension({path: tongban}, false);
    await it.activate();
    assert.deepStrictEqual([clients.length, messages.length], [0, 1]);
    assert.match(messages[0][1], /npm install/);
    assert.strictEqual(await it.deactivate(), undefined);
  },
};

(async () => {
  let failed = 0;
  for (const [name, check] of Object.entries(checks)) {
    try {
      await check();
    } catch (error) {
      failed++;
      console.log(`FAILED: ${name}: ${error.stack}`);
    }
    for (const client of clients) if (client.process && client.process.exitCode === null) client.process.kill();
  }
  process.exitCode = failed ? 1 : 0;
})();
