// TUF clients that attacks are tried on: tuf-js, python-tuf, go-tuf's own client, and cosign, which has two inside. Each
// keeps what it has seen between two looks, as on a machine that comes back the next day.

import { spawn } from 'node:child_process';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { Updater } from 'tuf-js';
import { findJudge, judge, type JudgeName } from '../../judges.ts';
import { childEnvironment, runProgram } from '../../support/run-program.ts';
import { atEnd, type Scope } from '../../support/scope.ts';

/** The target's text, or why there is none. */
export type Look = { readonly text: string } | { readonly refused: string };

export type Victim = {
  readonly name: string;
  /** Absent for the one that is a library of ours. */
  readonly judge?: JudgeName;
  /** A client that trusts `root`, keeps its files in `dir`, and asks the repository at `url`. */
  open(scope: Scope, dir: string, url: string, root: Buffer): Promise<Session>;
};

export type Session = { look(target: string, options?: LookOptions): Promise<Look> };

export type LookOptions = {
  /** Moves the clock of those that have one that can be moved. */
  readonly atHours?: number | undefined;
  /** Another address of the same repository, with what was seen at the first. */
  readonly url?: string | undefined;
  /** How long it waits for bytes: by its own setting, or until its user ends it where it has none; default 30 s. */
  readonly patienceMs?: number | undefined;
};

const defaultPatienceMs = 30_000;

const tufJs: Victim = {
  name: 'tuf-js',
  open: async (_scope, dir, url, root) => {
    const targetDir = join(dir, 'targets');
    await mkdir(targetDir);
    await writeFile(join(dir, 'root.json'), root);
    return {
      async look(target, { atHours = 0, url: base = url, patienceMs = defaultPatienceMs } = {}) {
        const config = { fetchTimeout: patienceMs, fetchRetry: 0 };
        const places = { metadataBaseUrl: base, targetBaseUrl: `${base}/targets` };
        const updater = new Updater({ metadataDir: dir, targetDir, ...places, config });
        const referenceTime = new Date(Date.now() + atHours * 3_600_000);
        (updater as unknown as { trustedSet: { referenceTime: Date } }).trustedSet.referenceTime = referenceTime;
        try {
          await updater.refresh();
          const info = await updater.getTargetInfo(target);
          if (!info) return { refused: 'target not found' };
          return { text: await readFile(await updater.downloadTarget(info), 'utf8') };
        } catch (error) {
          return { refused: String(error) };
        }
      },
    };
  },
};

/** One process for all looks: starting Python takes longer than what it is asked. */
const pythonTuf: Victim = {
  name: 'python-tuf',
  judge: 'python-tuf',
  open: async (scope, dir, url, root) => {
    await writeFile(join(dir, 'trusted.json'), root);
    return {
      look: (target, { atHours = 0, url: base = url, patienceMs = defaultPatienceMs } = {}) =>
        pythonOf(scope).ask({ dir, url: base, target, atHours, patience: patienceMs / 1_000 }),
    };
  },
};

const pythons = new WeakMap<Scope, PythonVictim>();

function pythonOf(scope: Scope): PythonVictim {
  const known = pythons.get(scope) ?? new PythonVictim(scope);
  pythons.set(scope, known);
  return known;
}

class PythonVictim {
  readonly #waiting: ((look: Look) => void)[] = [];
  readonly #child;

  constructor(scope: Scope) {
    const script = join(import.meta.dirname, 'python-victim.py');
    this.#child = spawn(judge('python-tuf'), [script], { stdio: ['pipe', 'pipe', 'inherit'], env: childEnvironment() });
    createInterface({ input: this.#child.stdout }).on('line', (line) =>
      this.#waiting.shift()?.(JSON.parse(line) as Look),
    );
    this.#child.once('exit', () => this.#waiting.forEach((answer) => answer({ refused: 'python has ended' })));
    atEnd(scope, () => void this.#child.stdin.end());
  }

  ask(question: object): Promise<Look> {
    const { promise, resolve } = Promise.withResolvers<Look>();
    this.#waiting.push(resolve);
    this.#child.stdin.write(`${JSON.stringify(question)}\n`);
    return promise;
  }
}

const goTuf: Victim = {
  name: 'go-tuf',
  judge: 'tuf-client',
  open: async (_scope, dir, url, root) => {
    await writeFile(join(dir, 'root.json'), root);
    const made = await runProgram(judge('tuf-client'), ['init', '-u', url, '-f', 'root.json'], { cwd: dir });
    if (made.code !== 0) throw new Error(`tuf-client init: ${made.stderr}`);
    return {
      async look(target, { url: base = url, patienceMs: timeoutMs = defaultPatienceMs } = {}) {
        const args = ['get', '-u', base, '-t', `${base}/targets`, target];
        const options = { cwd: dir, timeoutMs };
        const { code, stdout, stderr } = await runProgram(judge('tuf-client'), args, options);
        if (code === null) return { refused: 'its user ended it' };
        if (code !== 0) return { refused: stderr + stdout };
        return { text: await readFile(await newestFile(join(dir, 'tuf_download')), 'utf8') };
      },
    };
  },
};

/** Reads the trusted root alone, whatever target is asked for. */
const cosign: Victim = {
  name: 'cosign',
  judge: 'cosign',
  open: async (_scope, dir, url, root) => {
    const rootFile = join(dir, 'root.json');
    await writeFile(rootFile, root);
    const env = { HOME: dir, TUF_ROOT: join(dir, 'tuf') };
    let isInitialized = false;
    return {
      async look(_target, { url: base = url, patienceMs: timeoutMs = defaultPatienceMs } = {}) {
        // `initialize` forgets all that was seen; what is refreshed over it remembers.
        const args = isInitialized
          ? ['trusted-root', 'create', '--with-default-services', '--out', join(dir, 'out.json')]
          : ['initialize', '--mirror', url, '--root', rootFile];
        const elsewhere = base === url ? {} : { TUF_MIRROR: base, TUF_ROOT_JSON: rootFile };
        const options = { env: { ...env, ...elsewhere }, timeoutMs };
        const { code, stdout, stderr } = await runProgram(judge('cosign'), args, options);
        if (code === null) return { refused: 'its user ended it' };
        if (code !== 0 || /WARN|error/i.test(stderr)) return { refused: stderr + stdout };
        const text = await readCosignTarget(join(dir, 'tuf'), base);
        isInitialized = true;
        return { text };
      },
    };
  },
};

export const victims: readonly Victim[] = [tufJs, pythonTuf, goTuf, cosign];

/** Those that are on this machine; with CI=true an absent one is an error of `judge`. */
export function presentVictims(): readonly Victim[] {
  const inCi = process.env['CI'] === 'true';
  return victims.filter(({ judge: name }) => name === undefined || inCi || findJudge(name) !== undefined);
}

async function newestFile(dir: string): Promise<string> {
  const names = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = names.filter((name) => name.isFile());
  const last = files.at(-1);
  if (!last) throw new Error(`nothing in ${dir}`);
  return join(last.parentPath, last.name);
}

/** cosign has a folder for each address, named by it. */
async function readCosignTarget(dir: string, url: string): Promise<string> {
  const names = await readdir(dir, { recursive: true });
  const found = names.find((name) => name.endsWith(`${basename(url)}/targets/trusted_root.json`));
  if (found === undefined) throw new Error(`cosign kept no trusted root: ${names.join(' ')}`);
  return readFile(join(dir, found), 'utf8');
}
