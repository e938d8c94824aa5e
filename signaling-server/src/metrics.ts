import type { Counters } from './counters.ts';

/** The counters in the Prometheus text format, version 0.0.4. */
export function metricsText(counters: Counters, uptimeSeconds: number): string {
  const gauges: readonly [string, string, number][] = [
    ['connections', 'WebSocket connections now', counters.connections],
    ['joined', 'Joined nodes now', counters.joined],
    ['rooms', 'Rooms now', counters.rooms],
    ['uptime_seconds', 'Seconds since the start', uptimeSeconds],
    ['resident_memory_bytes', 'Resident memory', process.memoryUsage.rss()],
  ];
  const totals: readonly [string, string, number][] = [
    ['accepted_total', 'WebSocket connections accepted', counters.accepted],
    ['joins_total', 'Joins', counters.joins],
    ['relayed_total', 'Introductions relayed', counters.relayed],
    ['absent_total', 'Introductions to absent nodes', counters.absent],
    ['refused_total', 'Connections refused', counters.refused],
    ['stun_answered_total', 'STUN requests answered', counters.stunAnswered],
    ['stun_ignored_total', 'STUN datagrams ignored', counters.stunIgnored],
    ['http_requests_total', 'HTTP requests', counters.httpRequests],
  ];
  const lines: string[] = [];
  for (const [type, metrics] of [
    ['gauge', gauges],
    ['counter', totals],
  ] as const) {
    for (const [name, help, value] of metrics)
      lines.push(`# HELP parley_${name} ${help}.`, `# TYPE parley_${name} ${type}`, `parley_${name} ${value}`);
  }
  return `${lines.join('\n')}\n`;
}
