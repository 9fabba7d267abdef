// The command line: reads the words, runs one action, prints one outcome. Terminal rules: results go to stdout (with
// --json exactly one document), everything else to stderr; errors are one `error:` line and a `hint:` line, lower case,
// no full stop.

import { Command, CommanderError } from 'commander';
import { ExportError, exitCodeOf, hintOf, toExportError } from './core/errors.ts';
import { commandRun, type CommandSpec } from './cli/command.ts';
import { addAccessCommands } from './cli/commands/access-commands.ts';
import { addConsumerCommands } from './cli/commands/consumer-commands.ts';
import { addEvidenceCommands } from './cli/commands/evidence-commands.ts';
import { addRegistryCommands } from './cli/commands/registry-commands.ts';
import { addRunCommands } from './cli/commands/run-commands.ts';
import { addServiceCommands } from './cli/commands/service-commands.ts';
import { addTufCommands } from './cli/commands/tuf-commands.ts';
import { printable } from './cli/format.ts';
import { writeTo, type CliHost } from './cli/host.ts';
import { untilAborted } from './cli/with-center.ts';

const usageExitCode = 2;

/** Runs one command; `argv` is what stands behind the program's name. Returns the exit code (contract.md). */
export async function runCli(argv: readonly string[], host: CliHost): Promise<number> {
  let exitCode = 0;
  let shownHelp = '';
  const program = createProgram(host, (text) => (shownHelp += text));
  const run = async (command: Command, spec: CommandSpec): Promise<void> => {
    exitCode = await runAction(command, spec, host);
  };
  addServiceCommands(program, run);
  addAccessCommands(program, run);
  addEvidenceCommands(program, run);
  addRunCommands(program, run);
  addConsumerCommands(program, run);
  addRegistryCommands(program, run);
  addTufCommands(program, run);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) return report(thrown, argv, host);
    if (thrown.exitCode === 0) return 0;
    // A group without its command: commander has the help text ready.
    if (thrown.code === 'commander.help' && !isJson(argv)) host.stderr.write(shownHelp);
    else await report(usageError(thrown, commandNames(program, argv)), argv, host);
    return usageExitCode;
  }
}

function createProgram(host: CliHost, onError: (text: string) => void): Command {
  return new Command('export-center')
    .description('Turns security evidence into reproducible, signed export bundles that are OCI artifacts')
    .version(host.version)
    .option('--data <dir>', 'data folder (EXPORT_CENTER_DATA; default: export-center in the XDG data folder)')
    .option('--server <url>', 'talk to this service instead of the data folder (EXPORT_CENTER_SERVER)')
    .option('--tenant <name>', 'tenant (default: default)')
    .option('--ca-file <pem>', 'trust these certificate authorities too')
    .option('--json', 'print exactly one JSON document on stdout')
    .option('--quiet', 'no progress')
    .option('--offline', 'refuse every network access')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: (text) => void host.stdout.write(text), writeErr: onError })
    .exitOverride()
    .addHelpText('after', '\nExamples:\n  export-center serve\n  export-center ingest osv day-1.jsonl.gz\n')
    .addHelpText('after', 'Exit codes: 0 ok, 1 failed, 2 usage, 3 verification failed, 4 unreachable, 5 not found,')
    .addHelpText('after', '            6 not allowed, 7 network needed while offline');
}

async function runAction(command: Command, spec: CommandSpec, host: CliHost): Promise<number> {
  const run = await commandRun(command, host);
  const action = await spec.load();
  try {
    const working = action(run);
    const outcome = await (spec.endsItself === true ? working : untilFatal(working, host.fatal));
    run.progress.end();
    if (outcome === undefined) return 0;
    await writeTo(host.stdout, run.settings.json ? `${JSON.stringify(outcome.json)}\n` : outcome.text);
    return outcome.exitCode ?? 0;
  } finally {
    run.progress.end();
  }
}

async function untilFatal<T>(work: Promise<T>, fatal: AbortSignal): Promise<T> {
  try {
    return await untilAborted(work, fatal);
  } catch (error) {
    throw fatal.aborted ? toExportError(fatal.reason) : error;
  }
}

async function report(thrown: unknown, argv: readonly string[], host: CliHost): Promise<number> {
  const error = toExportError(thrown);
  const debug = host.env['EXPORT_CENTER_DEBUG'];
  const hint = hintOf(error);
  host.stderr.write(`error: ${printable(error.message)}\n`);
  host.stderr.write(`hint: ${printable(hint)}\n`);
  if (debug !== undefined && debug !== '') host.stderr.write(`${describe(thrown)}\n`);
  const { code, message } = error;
  if (isJson(argv)) await writeTo(host.stdout, `${JSON.stringify({ error: { code, message, hint } })}\n`);
  return exitCodeOf(error);
}

function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const cause = thrown.cause === undefined ? '' : `\ncaused by ${describe(thrown.cause)}`;
  return `${thrown.stack ?? thrown.message}${cause}`;
}

/** commander's own words, without its prefix; what it suggests becomes part of the hint. */
function usageError(error: CommanderError, names: readonly string[]): ExportError {
  const [message = '', ...suggestions] = error.message.replace(/^error: /, '').split('\n');
  const help = `see ${['export-center', ...names, '--help'].join(' ')}`;
  const suggestion = suggestions.join(' ').replace(/^\((.*)\)$/, '$1');
  const text = error.code === 'commander.help' ? 'a command is missing' : lowerFirst(message).replace(/\.$/, '');
  return new ExportError('USAGE', text, { hint: suggestion === '' ? help : `${lowerFirst(suggestion)} ${help}` });
}

/** The words of `argv` that name commands, from the outermost on. */
function commandNames(program: Command, argv: readonly string[]): string[] {
  const names: string[] = [];
  let commands = program.commands;
  for (const word of argv) {
    const found = commands.find((command) => command.name() === word);
    if (found === undefined) continue;
    names.push(word);
    commands = found.commands;
  }
  return names;
}

/** Errors can come before options are read, so this looks at the words. */
function isJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return argv.slice(0, end < 0 ? argv.length : end).includes('--json');
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
