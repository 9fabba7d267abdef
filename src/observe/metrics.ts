// Counters and gauges in the Prometheus text format 0.0.4. Small on purpose: what the service counts today fits here.

export type Labels = { readonly [name: string]: string };

export interface Counter {
  /** Adds `amount` (default 1, never negative) to the series of these labels. */
  add(labels?: Labels, amount?: number): void;
}

export interface Metrics {
  /** The counter of that name, made at the first call. */
  counter(name: string, help: string): Counter;
  /** A value, or one for each of several series, read when somebody looks. */
  gauge(name: string, help: string, read: () => Reading | Promise<Reading>): void;
  /** Everything, sorted by name. */
  text(): Promise<string>;
}

export type Reading = number | readonly (readonly [Labels, number])[];

export const metricsMediaType = 'text/plain; version=0.0.4; charset=utf-8';

type Family = { readonly kind: 'counter' | 'gauge'; readonly help: string; readonly series: Map<string, number> };

export function createMetrics(): Metrics {
  const families = new Map<string, Family>();
  const gauges = new Map<Family, () => Reading | Promise<Reading>>();
  const family = (name: string, kind: Family['kind'], help: string): Family => {
    const known = families.get(name);
    if (known) return known;
    const made: Family = { kind, help, series: new Map() };
    families.set(name, made);
    return made;
  };
  return {
    counter(name, help) {
      const { series } = family(name, 'counter', help);
      return {
        add(labels = {}, amount = 1) {
          const key = formatLabels(labels);
          series.set(key, (series.get(key) ?? 0) + amount);
        },
      };
    },
    gauge(name, help, read) {
      gauges.set(family(name, 'gauge', help), read);
    },
    async text() {
      for (const [{ series }, read] of gauges) {
        const reading = await read();
        series.clear();
        for (const [labels, value] of typeof reading === 'number' ? [[{}, reading] as const] : reading) {
          series.set(formatLabels(labels), value);
        }
      }
      return [...families].sort(byName).map(format).join('');
    },
  };
}

function byName([a]: [string, Family], [b]: [string, Family]): number {
  return a < b ? -1 : 1;
}

function format([name, { kind, help, series }]: [string, Family]): string {
  const lines = [...series]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([labels, value]) => `${name}${labels} ${value}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n${lines.join('')}`;
}

function formatLabels(labels: Labels): string {
  const names = Object.keys(labels).sort();
  if (names.length === 0) return '';
  return `{${names.map((name) => `${name}="${escape(labels[name] ?? '')}"`).join(',')}}`;
}

function escape(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
