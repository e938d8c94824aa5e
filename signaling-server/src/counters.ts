/** What `/health` and `/metrics` tell: counts only, nothing about anybody. */
export class Counters {
  connections = 0;
  joined = 0;
  rooms = 0;
  accepted = 0;
  joins = 0;
  relayed = 0;
  absent = 0;
  refused = 0;
  stunAnswered = 0;
  stunIgnored = 0;
  httpRequests = 0;
}
