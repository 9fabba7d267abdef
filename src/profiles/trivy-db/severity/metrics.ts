// Reads CVSS vectors (first.org/cvss): metrics by name, each once, each with a value that its version knows.

export type Metrics = { readonly [metric: string]: string };

/** The values of each metric that a version knows. */
export type MetricTable = ReadonlyMap<string, readonly string[]>;

/** Out of `AV=N,A,L,P AC=L,H`. */
export function metricTable(text: string): MetricTable {
  return new Map(
    text.split(' ').map((item) => {
      const [name = '', values = ''] = item.split('=');
      return [name, values.split(',')];
    }),
  );
}

/** The metrics of `vector` behind `prefix`, all of `required` among them; undefined when it breaks a rule. */
export function readMetrics(
  vector: string,
  prefix: string,
  required: MetricTable,
  optional: MetricTable,
): Metrics | undefined {
  if (!vector.startsWith(prefix)) return undefined;
  const metrics: { [metric: string]: string } = {};
  for (const part of vector.slice(prefix.length).replace(/\/$/, '').split('/')) {
    const [name = '', value = '', rest] = part.split(':');
    const known = (required.get(name) ?? optional.get(name) ?? []).includes(value);
    if (!known || rest !== undefined || metrics[name] !== undefined) return undefined;
    metrics[name] = value;
  }
  return [...required.keys()].every((name) => metrics[name] !== undefined) ? metrics : undefined;
}

/** A metric's value, `X` when it is not defined. */
export function metric(metrics: Metrics, name: string): string {
  return metrics[name] ?? 'X';
}
