import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Addresses for documentation (RFC 5737): they are nobody's, and exist only inside the namespaces. */
const PUBLIC = '198.51.100';
const TOOLS = [
  { program: 'ip', package: 'iproute2' },
  { program: 'nft', package: 'nftables' },
];

function has(program) {
  return ['/usr/sbin', '/sbin', '/usr/bin', '/bin'].some((folder) => existsSync(join(folder, program)));
}

/**
 * What keeps this machine from making networks of its own, in words; `undefined` if nothing does. On Debian, root gets missing tools installed, `others` too.
 */
export function whyNoNamespaces(others = []) {
  const tools = [...TOOLS, ...others];
  if (process.platform !== 'linux') return 'network namespaces are Linux’s';
  if (process.getuid() !== 0) return 'network namespaces need root';
  const missing = tools.filter(({ program }) => !has(program)).map((tool) => tool.package);
  if (missing.length > 0 && existsSync('/usr/bin/apt-get')) {
    console.log(`Installing ${missing.join(', ')} …`);
    const options = { stdio: 'ignore', env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' } };
    spawnSync('apt-get', ['update'], options);
    spawnSync('apt-get', ['install', '-y', '--no-install-recommends', ...missing], options);
  }
  const lacking = tools.filter(({ program }) => !has(program));
  if (lacking.length > 0) return `these programs are missing: ${lacking.map(({ program }) => program).join(', ')}`;
  const probe = `parley-probe-${process.pid}`;
  if (spawnSync('ip', ['netns', 'add', probe]).status !== 0) return 'this machine does not let root make network namespaces';
  const rules = spawnSync('ip', ['netns', 'exec', probe, 'nft', '-f', '-'], { input: natRules('masquerade') });
  spawnSync('ip', ['netns', 'del', probe]);
  return rules.status === 0 ? undefined : 'this kernel has no NAT for nftables';
}

function run(program, ...args) {
  const result = spawnSync(program, args, { encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${result.stderr}`);
}

/**
 * What comes from inside leaves under the router's address; what was not asked for is dropped. (Were it answered or taken, the router would
 * remember it, and give the packets that go the other way another port: no hole would be punched.)
 */
function natRules(masquerade, letsIn = '') {
  return `
    table ip parley {
      chain outgoing { type nat hook postrouting priority 100; oifname "wan" ${masquerade}; }
      chain arriving {
        type filter hook input priority 0; policy drop;
        ct state established,related accept
        iifname "lan" accept
      }
      chain passing {
        type filter hook forward priority 0; policy drop;
        ct state established,related accept
        iifname "lan" accept
        ${letsIn}
      }
    }`;
}

/**
 * A small internet: a public network, and behind it two homes, each with a router. `kinds` says what the routers do with ports:
 * `cone` keeps them for everybody, `symmetric` takes another one for every target.
 */
export class TwoHomes {
  #names = [];
  #folder = mkdtempSync(join(tmpdir(), 'parley-nat-'));
  #network;
  #letsIn;

  /** `network` is the public one, its first three numbers; `letsIn` a rule of the routers for what comes from outside. */
  constructor(kinds, { network = PUBLIC, letsIn = '' } = {}) {
    this.#network = network;
    this.#letsIn = letsIn;
    try {
      this.#build(kinds);
    } catch (thrown) {
      this.stop();
      throw thrown;
    }
  }

  get publicAddress() {
    return `${this.#network}.1`;
  }

  /** Of the router of that home, outside. */
  routerAddress(number) {
    return `${this.#network}.${number + 1}`;
  }

  #build(kinds) {
    this.#add('public');
    this.#in('public', 'ip', 'link', 'add', 'net', 'type', 'bridge');
    this.#in('public', 'ip', 'addr', 'add', `${this.publicAddress}/24`, 'dev', 'net');
    this.#in('public', 'ip', 'link', 'set', 'net', 'up');
    // Gathers no addresses without a default route.
    this.#in('public', 'ip', 'route', 'add', 'default', 'dev', 'net');
    kinds.forEach((kind, index) => this.#addHome(index + 1, kind));
  }

  #addHome(number, kind) {
    const [router, home, lan] = [`router${number}`, `home${number}`, `10.77.${number}`];
    this.#add(router);
    this.#add(home);
    this.#join(router, 'wan', 'public', `port${number}`);
    this.#in('public', 'ip', 'link', 'set', `port${number}`, 'master', 'net');
    this.#join(router, 'lan', home, 'lan');
    this.#in(router, 'ip', 'addr', 'add', `${this.routerAddress(number)}/24`, 'dev', 'wan');
    this.#in(router, 'ip', 'addr', 'add', `${lan}.1/24`, 'dev', 'lan');
    this.#in(home, 'ip', 'addr', 'add', `${lan}.2/24`, 'dev', 'lan');
    this.#in(router, 'ip', 'route', 'add', 'default', 'via', this.publicAddress);
    this.#in(home, 'ip', 'route', 'add', 'default', 'via', `${lan}.1`);
    this.#in(router, 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
    this.#loadRules(router, kind === 'symmetric' ? 'masquerade fully-random' : 'masquerade');
  }

  /** The command under which a program runs in one of `public`, `home1`, `router1` and so on. */
  prefix(place) {
    return ['ip', 'netns', 'exec', this.#name(place)];
  }

  /** A program that runs another one in that place. */
  wrapper(place, program) {
    const file = join(this.#folder, place);
    writeFileSync(file, `#!/bin/sh\nexec ${this.prefix(place).join(' ')} "${program}" "$@"\n`);
    chmodSync(file, 0o755);
    return file;
  }

  stop() {
    for (const name of this.#names.splice(0).toReversed()) spawnSync('ip', ['netns', 'del', name]);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #name(place) {
    return `parley-${process.pid}-${place}`;
  }

  #add(place) {
    run('ip', 'netns', 'add', this.#name(place));
    this.#names.push(this.#name(place));
    this.#in(place, 'ip', 'link', 'set', 'lo', 'up');
  }

  #in(place, ...command) {
    run(...this.prefix(place), ...command);
  }

  #join(left, leftDevice, right, rightDevice) {
    this.#in(left, 'ip', 'link', 'add', leftDevice, 'type', 'veth', 'peer', 'name', rightDevice, 'netns', this.#name(right));
    this.#in(left, 'ip', 'link', 'set', leftDevice, 'up');
    this.#in(right, 'ip', 'link', 'set', rightDevice, 'up');
  }

  #loadRules(place, masquerade) {
    const [program, ...args] = [...this.prefix(place), 'nft', '-f', '-'];
    const result = spawnSync(program, args, { input: natRules(masquerade, this.#letsIn), encoding: 'utf8' });
    if (result.status !== 0) throw new Error(`nft: ${result.stderr}`);
  }
}
