// How a command is declared: name, arguments, options, examples, and the action, whose module is loaded only when it
// runs. An action gives back what to print; printing happens in one place (src/cli.ts).

import type { Command } from 'commander';
import type { CliHost } from './host.ts';
import { progressView, type ProgressView } from './progress.ts';
import { readSettings, type GlobalOptions, type Settings } from './settings.ts';

/** What a command has to say: the document for `--json` and the text for people, which ends with a line end. */
export type Outcome = { readonly json: unknown; readonly text: string; readonly exitCode?: number };

export type CommandRun = {
  readonly host: CliHost;
  readonly settings: Settings;
  /** The positional arguments; those that were not given are absent. */
  readonly args: readonly string[];
  readonly options: { readonly [name: string]: unknown };
  readonly progress: ProgressView;
};

/** Nothing comes back from an action that wrote its own output. */
export type Action = (run: CommandRun) => Promise<Outcome | undefined>;

export type CommandSpec = {
  /** As commander reads it: `show <source> <path>`. */
  readonly usage: string;
  readonly summary: string;
  /** Flags with what they mean; one whose standard is a list may be given several times. */
  readonly options?: readonly (readonly [flags: string, description: string, standard?: string | readonly string[]])[];
  /** Command lines behind `export-center `. */
  readonly examples: readonly string[];
  /** The action sees to its own orderly end when an exception was caught by nobody. */
  readonly endsItself?: boolean;
  readonly load: () => Promise<Action>;
};

/** Runs an action with everything around it; given by src/cli.ts. */
export type RunAction = (command: Command, spec: CommandSpec) => Promise<void>;

export function addCommand(parent: Command, run: RunAction, spec: CommandSpec): void {
  const command = parent.command(spec.usage).description(spec.summary);
  for (const [flags, description, standard] of spec.options ?? []) {
    if (typeof standard !== 'object') command.option(flags, description, standard);
    else command.option(flags, description, (value, before: readonly string[]) => [...before, value], standard);
  }
  const lines = spec.examples.map((example) => `  export-center ${example}\n`).join('');
  command.addHelpText('after', `\nExamples:\n${lines}`);
  command.action(() => run(command, spec));
}

/** A command that only holds others. */
export function addGroup(parent: Command, name: string, summary: string, example: string): Command {
  const group = parent.command(name).description(summary);
  group.addHelpText('after', `\nExamples:\n  export-center ${example}\n`);
  return group;
}

/** What an action is given, out of what commander has read. */
export async function commandRun(command: Command, host: CliHost): Promise<CommandRun> {
  const settings = await readSettings(command.optsWithGlobals<GlobalOptions>(), host);
  const progress = progressView({ stream: host.stderr, clock: host.clock, quiet: settings.quiet });
  return { host, settings, args: command.args, options: command.opts(), progress };
}

/** A positional argument that commander has made sure of. */
export function argument(run: CommandRun, index: number): string {
  return run.args[index] ?? '';
}

export function textOption({ options }: CommandRun, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

/** All values of an option that may be given several times. */
export function textOptions({ options }: CommandRun, name: string): readonly string[] {
  const values = options[name];
  return Array.isArray(values) ? values.filter((value) => typeof value === 'string') : [];
}

export function flagOption({ options }: CommandRun, name: string): boolean {
  return options[name] === true;
}
