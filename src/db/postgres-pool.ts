// Connections of postgres.js, with the repair it lacks: when a connection dies with a write under way, its place in the
// pool accepts queries ever after and sends none (connection.js clears the timer of the write but not its name). So a
// pool in which a connection was lost is retired: new work goes to a new one, and what still runs has some time to end.

import postgres from 'postgres';

export type PostgresPool = {
  /** The pool that new work goes to. */
  current(): postgres.Sql;
  /** Replaces `sql` if it is still the current one. */
  retire(sql: postgres.Sql): void;
  close(): Promise<void>;
};

/** How long work may go on in a retired pool, before it is cut off and told that its connection is lost. */
const retirementMs = 15_000;

export function openPool(url: string, connections: number): PostgresPool {
  let current = connect(url, connections);
  const retired = new Map<postgres.Sql, NodeJS.Timeout>();
  const end = async (sql: postgres.Sql, seconds: number): Promise<void> => {
    clearTimeout(retired.get(sql));
    retired.delete(sql);
    // What cannot be ended properly is gone already.
    await sql.end({ timeout: seconds }).catch(() => undefined);
  };
  return {
    current: () => current,
    retire: (sql) => {
      if (sql !== current) return;
      current = connect(url, connections);
      retired.set(
        sql,
        setTimeout(() => void end(sql, 0), retirementMs),
      );
    },
    close: async () => {
      await Promise.all([end(current, 5), ...[...retired.keys()].map((sql) => end(sql, 0))]);
    },
  };
}

function connect(url: string, max: number): postgres.Sql {
  return postgres(url, {
    max,
    connect_timeout: 10,
    idle_timeout: 60,
    // Between two attempts to connect, in seconds; whoever waits has a bound of his own.
    backoff: () => 0.1,
    onnotice: () => undefined,
    // Asked at the start of each connection, in a promise that nobody holds: a server that ends then would end us, too. No
    // statement has an array.
    fetch_types: false,
    connection: { application_name: 'export-center' },
    // Counts stay below 2^53; sums are numeric.
    types: { integer: { to: 20, from: [20, 1700], serialize: String, parse: Number } },
  });
}
