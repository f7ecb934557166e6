// A Fairway that runs: the binary that FAIRWAY_BIN names, on a free port, with a data folder of its own.
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const PATIENCE = 60_000;

// Nothing of the person who runs the tests reaches git or the server.
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(FAIRWAY_|GIT_)|_proxy$/i.test(name)),
);
Object.assign(environment, {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_TERMINAL_PROMPT: '0',
  GIT_AUTHOR_NAME: 'Nina Kowalska',
  GIT_AUTHOR_EMAIL: 'nina.kowalska@acme.example',
  GIT_COMMITTER_NAME: 'Nina Kowalska',
  GIT_COMMITTER_EMAIL: 'nina.kowalska@acme.example',
});

export class Server {
  static async start(...more) {
    const binary = process.env.FAIRWAY_BIN;
    if (!binary) throw new Error('FAIRWAY_BIN does not name the binary: run scripts/binary.sh for its path');
    const folder = await mkdtemp(join(tmpdir(), 'fairway-browser-'));
    const args = ['up', '--data', join(folder, 'data'), '--port', '0', '--log', 'json', ...more];
    const child = spawn(binary, args, { env: environment, stdio: ['ignore', 'pipe', 'pipe'] });
    const server = new Server();
    Object.assign(server, { folder, child, log: '' });
    child.stderr.on('data', (data) => { server.log += data; });
    const line = await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the server does not get ready:\n${server.log}`)), PATIENCE);
      createInterface({ input: child.stdout }).once('line', (text) => { clearTimeout(timer); resolve(text); });
      child.once('exit', (code) => { clearTimeout(timer); reject(new Error(`the server ended with ${code}:\n${server.log}`)); });
    });
    const said = JSON.parse(line);
    server.url = said.address;
    server.adminCode = said.adminCode;
    return server;
  }

  async stop() {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGTERM');
    await ended;
    await rm(this.folder, { recursive: true, force: true });
  }

  async ask(method, path, body) {
    const answer = await fetch(this.url + path, {
      method,
      headers: body ? { 'content-type': 'application/json' } : {},
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  get(path) { return this.ask('GET', path); }
  post(path, body = {}) { return this.ask('POST', path, body); }

  // Creates a service and waits until it is there.
  create(name, template, more = {}) {
    return this.post('/api/v1/services', { name, team: 'checkout', template, ...more });
  }

  // Clones a repository with a token that may push; returns the folder.
  async clone(repository) {
    const { token } = await this.post('/api/v1/tokens', { name: 'a story', scopes: ['read', 'push'] });
    const address = this.url.replace('http://', `http://story:${token}@`);
    await this.git(this.folder, 'clone', '--quiet', `${address}/git/${repository}.git`);
    return join(this.folder, repository.split('/')[1]);
  }

  async push(folder, message) {
    await this.git(folder, 'add', '--all');
    await this.git(folder, 'commit', '--quiet', '--message', message);
    await this.git(folder, 'push', '--quiet', 'origin', 'HEAD:main');
  }

  git(folder, ...args) {
    return run('git', args, { cwd: folder, env: environment });
  }
}
