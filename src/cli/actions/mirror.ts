// mirror pull | records | changes | push | doctor, extract, verify: what runs behind the gap. No database, no service.

import { resolve } from 'node:path';
import { systemClock } from '../../core/clock.ts';
import { ExportError } from '../../core/errors.ts';
import { isNotChecked } from '../../consumer/report.ts';
import type { NetworkOptions, Progress, VerifyOptions } from '../../consumer/types.ts';
import { argument, flagOption, textOption, textOptions, type CommandRun, type Outcome } from '../command.ts';
import { formatBytes, formatCount, formatPairs, printable } from '../format.ts';
import { writeTo } from '../host.ts';
import { networkFor } from '../network.ts';
import { readTextFile } from '../settings.ts';
import { tufTrust } from '../tuf-trust.ts';

const notVerified = 3;

export async function mirrorPull(run: CommandRun): Promise<Outcome> {
  const reference = argument(run, 0);
  const consumer = await run.host.loadConsumer();
  const result = await consumer.mirrorPull({
    ...(await networkFor(run.settings, reference)),
    ...(await keyOption(run)),
    ...(flagOption(run, 'signatureOnly') ? { signatureOnly: true } : {}),
    reference,
    dir: resolve(run.host.cwd, argument(run, 1)),
    onProgress: showProgress(run),
  });
  run.progress.end();
  const text = formatPairs([
    ['digest', result.digest],
    ['set root', result.setRoot ?? undefined],
    ['records', result.records === null ? undefined : formatCount(result.records)],
    ['size', formatBytes(result.bytesTotal)],
    ['fetched', `${formatBytes(result.bytesFetched)} in ${formatCount(result.blobsFetched)} blobs`],
    ['derived', `${formatCount(result.shardsDerived)} shards`],
    ['verified', result.verified.join(', ')],
  ]);
  return { json: result, text };
}

export async function mirrorRecords(run: CommandRun): Promise<undefined> {
  const consumer = await run.host.loadConsumer();
  return writeLines(run, (source, network) => consumer.mirrorRecords(source, network));
}

export async function mirrorChanges(run: CommandRun): Promise<undefined> {
  const consumer = await run.host.loadConsumer();
  return writeLines(run, (source, network) => consumer.mirrorChanges(source, network));
}

export async function mirrorPush(run: CommandRun): Promise<Outcome> {
  const destination = argument(run, 1);
  const consumer = await run.host.loadConsumer();
  const network = await networkFor(run.settings, destination);
  const dir = resolve(run.host.cwd, argument(run, 0));
  const result = await consumer.mirrorPush(dir, destination, { ...network, onProgress: showProgress(run) });
  run.progress.end();
  const text = formatPairs([
    ['digest', result.digest],
    ['tags', result.tags.join(', ')],
    ['pushed', `${formatBytes(result.bytesPushed)} in ${formatCount(result.blobsPushed)} blobs`],
  ]);
  return { json: result, text };
}

export async function mirrorDoctor(run: CommandRun): Promise<Outcome> {
  const dir = resolve(run.host.cwd, argument(run, 0));
  const consumer = await run.host.loadConsumer();
  const result = await consumer.mirrorDoctor(dir, await networkFor(run.settings, dir));
  const lines = result.damaged.map(
    ({ digest, reason, repaired }) => `${repaired ? 'repaired' : 'damaged'}  ${digest}  ${printable(reason)}\n`,
  );
  const end = `${formatCount(result.checked)} blobs checked, ${result.damaged.length} damaged\n`;
  return { json: result, text: lines.join('') + end, exitCode: result.ok ? 0 : notVerified };
}

export async function mirrorMaterialize(run: CommandRun): Promise<Outcome> {
  const form = textOption(run, 'as');
  if (form !== 'trivy-cache') {
    throw new ExportError('USAGE', form === undefined ? 'no form was named' : `unknown form ${form}`, {
      hint: 'give --as trivy-cache',
    });
  }
  const dir = resolve(run.host.cwd, argument(run, 0));
  const cache = resolve(run.host.cwd, argument(run, 1));
  const consumer = await run.host.loadConsumer();
  const network = await networkFor(run.settings, dir);
  const result = await consumer.materializeTrivyCache(dir, cache, { ...network, now: systemClock.now() });
  const text = formatPairs([
    ['digest', result.digest],
    ['written', result.path],
    ['updated', result.updatedAt],
    ['fresh until', result.nextUpdate],
  ]);
  return { json: result, text };
}

export async function extract(run: CommandRun): Promise<Outcome> {
  const source = argument(run, 0);
  const out = resolve(run.host.cwd, argument(run, 1));
  const consumer = await run.host.loadConsumer();
  const result = await consumer.extract(source, out, await networkFor(run.settings, source));
  return { json: result, text: `${formatCount(result.documents)} documents, ${formatBytes(result.bytes)}\n` };
}

export async function verify(run: CommandRun): Promise<Outcome> {
  const source = argument(run, 0);
  const consumer = await run.host.loadConsumer();
  const bundles = textOptions(run, 'bundle').map((file) => resolve(run.host.cwd, file));
  const rest = await trust(run);
  const who = identity(run);
  if (bundles.length > 0 && textOption(run, 'tufRoot') !== undefined) {
    throw new ExportError('USAGE', 'a TUF repository lists artifacts, not files with a bundle');
  }
  if (bundles.length > 0 && who.identity) throw new ExportError('USAGE', 'files are signed by keys, not by identities');
  const result =
    bundles.length > 0
      ? await consumer.verifyFile(resolve(run.host.cwd, source), { key: [], ...rest, bundles })
      : await consumer.verify(source, {
          ...(await networkFor(run.settings, source)),
          ...rest,
          ...who,
          ...(await tuf(run)),
        });
  const lines = result.checks.map((check) => {
    if (check.ok) return `ok       ${printable(check.name)}  ${printable(check.evidence)}\n`;
    // Without --key there is nothing to check a signature with, which is no failure.
    return `${isNotChecked(check) ? 'skipped' : 'FAILED '}  ${printable(check.name)}  ${printable(check.reason)}\n`;
  });
  const end = result.ok ? '' : `verification failed: ${result.failed.map(printable).join(', ')}\n`;
  return { json: result, text: lines.join('') + end, exitCode: result.ok ? 0 : notVerified };
}

/** What `verify` judges freshness by. Throws USAGE for a TUF repository without a root that is trusted. */
async function tuf(run: CommandRun): Promise<Pick<VerifyOptions, 'tuf'>> {
  const trusted = await tufTrust(run, { from: 'tuf', root: 'tufRoot', memory: 'tufMemory' });
  const target = textOption(run, 'tufTarget');
  if (trusted) return { tuf: { ...trusted, ...(target === undefined ? {} : { target }) } };
  const alone = ['tuf', 'tufMemory', 'tufTarget'].find((name) => textOption(run, name) !== undefined);
  if (alone === undefined) return {};
  throw new ExportError('USAGE', 'a TUF repository is judged by a root that you trust', {
    hint: 'give --tuf-root, the root.json that the publisher handed out',
  });
}

/** Whose certificates `verify` looks for. Throws USAGE for half of what that takes. */
function identity(run: CommandRun): Pick<VerifyOptions, 'identity'> {
  const [name, issuer] = [textOption(run, 'certificateIdentity'), textOption(run, 'certificateOidcIssuer')];
  if (name === undefined && issuer === undefined) return {};
  if (name !== undefined && issuer !== undefined) return { identity: { name, issuer } };
  throw new ExportError('USAGE', '--certificate-identity and --certificate-oidc-issuer go together', {
    hint: 'the same name may be another one for another issuer',
  });
}

/** What `verify` rests on. */
async function trust(
  run: CommandRun,
): Promise<Pick<VerifyOptions, 'key' | 'threshold' | 'trustedRoot' | 'signedTimestamps'>> {
  const read = (file: string): Promise<string> => readTextFile(resolve(run.host.cwd, file));
  const key = await Promise.all(textOptions(run, 'key').map(read));
  const threshold = textOption(run, 'threshold');
  const root = textOption(run, 'trustedRoot');
  return {
    ...(key.length === 0 ? {} : { key }),
    ...(threshold === undefined ? {} : { threshold: Number(threshold) }),
    ...(flagOption(run, 'useSignedTimestamps') ? { signedTimestamps: true } : {}),
    ...(root === undefined ? {} : { trustedRoot: Buffer.from(await read(root)) }),
  };
}

/** JSON lines as they come, in large pieces; a reader that is slow makes us wait, one that goes away ends us. */
async function writeLines(
  { host, settings, args }: CommandRun,
  read: (source: string, network: NetworkOptions) => AsyncIterable<Buffer>,
): Promise<undefined> {
  const [source = ''] = args;
  for await (const lines of read(source, await networkFor(settings, source))) await writeTo(host.stdout, lines);
  return undefined;
}

function showProgress({ progress }: CommandRun): (step: Progress) => void {
  // Checking counts records; what is moved is counted in bytes.
  return (step) => progress.update({ ...step, unit: step.label === 'verifying' ? 'records' : 'bytes' });
}

async function keyOption(run: CommandRun): Promise<{ key?: string }> {
  const file = textOption(run, 'key');
  return file === undefined ? {} : { key: await readTextFile(resolve(run.host.cwd, file)) };
}
