import { adversaryNamed } from '../adversaries/all-adversaries.ts';
import type { NatMix } from '../nat.ts';
import type { World } from '../world.ts';
import { joinCalmly, SETTLED_MS, talkALittle, type Scenario } from './scenario.ts';

const MINUTE_MS = 60_000;
/** Home routers mostly; every third or fourth node behind a mapping that STUN cannot tell (carriers, companies). */
const HOMES_AND_CARRIERS: NatMix = { open: 10, cone: 60, symmetric: 30 };

/** Several relays for each pair, so that one of them may freeze. */
const HOMES_CARRIERS_AND_RELAYS: NatMix = { open: 30, cone: 30, symmetric: 40 };

const joinStorm: Scenario = {
  name: 'join-storm',
  summary: 'all nodes start within two seconds',
  seconds: 60,
  prepare: (world) => {
    world.join(world.options.nodes, 0, 2_000);
    talkALittle(world, 10_000, 50_000);
  },
};

const steady: Scenario = {
  name: 'steady',
  summary: 'nodes join, talk a little, then nobody does anything',
  seconds: 300,
  prepare: (world, seconds) => {
    joinCalmly(world);
    talkALittle(world, SETTLED_MS, SETTLED_MS + 30_000);
    for (let count = 0; count < 10; count++) {
      world.at(SETTLED_MS + count * 2_000, () => world.random.pick(world.honest())?.registry?.publish(`extra-${count}`));
    }
    world.at(SETTLED_MS + 40_000, () => world.observers.forEach((observer) => observer.idleBegan(world)));
    world.at(seconds * 1000, () => world.observers.forEach((observer) => observer.idleEnded(world)));
  },
};

const churn: Scenario = {
  name: 'churn',
  summary: 'half of the nodes are replaced within ten minutes',
  seconds: 720,
  prepare: (world) => {
    joinCalmly(world);
    talkALittle(world, SETTLED_MS, 11 * MINUTE_MS);
    for (let count = 0; count < world.options.nodes / 2; count++) {
      world.at(SETTLED_MS + world.random.float() * 10 * MINUTE_MS, async () => {
        const node = world.random.pick(world.running());
        if (!node) return;
        const returns = world.random.float() < 0.25;
        if (world.random.float() < 0.5) node.crash();
        else node.close();
        await world.spawn(returns ? { earlier: node } : {});
      });
    }
  },
};

const kill30: Scenario = {
  name: 'kill-30',
  summary: '30 % of the nodes die at once, without a word',
  seconds: 180,
  prepare: (world) => {
    joinCalmly(world);
    world.at(SETTLED_MS, () => {
      const running = world.running();
      for (const node of world.draw(running, Math.floor(running.length * 0.3))) node.crash();
      for (const node of world.draw(world.honest(), 10)) node.application.publish();
    });
    talkALittle(world, SETTLED_MS / 2, 160_000);
  },
};

const partition: Scenario = {
  name: 'partition',
  summary: 'the network is cut in two halves for three minutes, then healed',
  seconds: 420,
  prepare: (world) => {
    joinCalmly(world);
    talkALittle(world, SETTLED_MS, 400_000);
    world.at(SETTLED_MS, () => world.cut(world.draw(world.running(), Math.floor(world.running().length / 2))));
    world.at(SETTLED_MS + 3 * MINUTE_MS, () => world.heal());
  },
};

const sleep: Scenario = {
  name: 'sleep',
  summary: 'every third tab freezes for half a minute to three minutes, half of them with their machine',
  seconds: 420,
  prepare: (world) => {
    joinCalmly(world);
    talkALittle(world, SETTLED_MS, 400_000);
    for (let count = 0; count < world.options.nodes / 3; count++) {
      world.at(SETTLED_MS + world.random.float() * MINUTE_MS, () => {
        const node = world.random.pick(world.running());
        node?.sleep(world.random.float() < 0.5);
        world.queue.after(MINUTE_MS / 2 + world.random.float() * 2.5 * MINUTE_MS, () => node?.wake());
      });
    }
  },
};

const loss: Scenario = {
  name: 'loss',
  summary: 'a tenth of the packets is lost and as many are overtaken for three minutes',
  seconds: 360,
  prepare: (world) => {
    joinCalmly(world);
    talkALittle(world, SETTLED_MS, 350_000);
    const calm = world.network.options;
    world.at(SETTLED_MS, () => world.network.change({ ...calm, loss: 0.1, reorder: 0.1 }));
    world.at(SETTLED_MS + 3 * MINUTE_MS, () => world.network.change(calm));
  },
};

const nat: Scenario = {
  name: 'nat',
  summary: 'homes and carriers: a third of the nodes is behind symmetric NATs',
  seconds: 240,
  prepare: (world) => {
    world.natMix = HOMES_AND_CARRIERS;
    joinCalmly(world);
    world.every(2_000, SETTLED_MS, 220_000, () => world.callOften(8, 1_500));
  },
};

const slowRelay: Scenario = {
  name: 'slow-relay',
  summary: 'as nat, and every fifth node has a slow uplink',
  seconds: 240,
  prepare: (world) => {
    world.natMix = HOMES_AND_CARRIERS;
    joinCalmly(world);
    world.at(SETTLED_MS / 2, () => {
      for (const node of world.draw(world.running(), world.options.nodes / 5)) slowDown(node.place);
    });
    world.every(2_000, SETTLED_MS, 220_000, () => world.callOften(8, 1_500));
  },
};

const silentRelay: Scenario = {
  name: 'silent-relay',
  summary: 'tabs that relay freeze one after the other, while their links stay open',
  seconds: 240,
  prepare: (world, seconds) => {
    world.natMix = HOMES_CARRIERS_AND_RELAYS;
    joinCalmly(world);
    world.every(2_000, SETTLED_MS, (seconds - 20) * 1_000, () => world.callOften(8, 1_500));
    world.every(15_000, SETTLED_MS + 10_000, (seconds - 40) * 1_000, () => {
      const relay = world.random.pick(world.honest().filter(({ machine }) => machine.relayFigures().circuits > 0));
      relay?.sleep(false);
      world.queue.after(30_000, () => relay?.wake());
    });
  },
};

const noServer: Scenario = {
  name: 'no-server',
  summary: 'the signaling server is switched off after a minute; a tenth of the nodes close in order',
  seconds: 300,
  prepare: (world) => {
    joinCalmly(world);
    talkALittle(world, SETTLED_MS, 290_000);
    world.at(SETTLED_MS, () => world.signaling.switch(false));
    for (let count = 0; count < world.options.nodes / 10; count++) {
      world.at(SETTLED_MS + world.random.float() * 2 * MINUTE_MS, () => world.random.pick(world.running())?.close());
    }
  },
};

const hostile: Scenario = {
  name: 'hostile',
  summary: 'a share of the nodes are adversaries of the kind that --adversary names',
  seconds: 300,
  prepare: (world) => {
    const { nodes, hostileShare, adversary = 'garbler' } = world.options;
    const hostileNodes = Math.max(1, Math.round(nodes * hostileShare));
    world.join(nodes, 0, SETTLED_MS / 3, (index) => (index < hostileNodes ? adversaryNamed(adversary).spawn(world) : {}));
    talkALittle(world, SETTLED_MS / 2, 230_000);
    world.every(4_000, SETTLED_MS / 2, 220_000, () => world.callOften(4, 1_000));
  },
};

export const SCENARIOS: readonly Scenario[] = [
  joinStorm,
  steady,
  churn,
  kill30,
  partition,
  sleep,
  loss,
  nat,
  slowRelay,
  silentRelay,
  noServer,
  hostile,
];

export function scenarioNamed(name: string): Scenario | undefined {
  return SCENARIOS.find((scenario) => scenario.name === name);
}

function slowDown(place: World['nodes'][number]['place']): void {
  place.uplinkBytesPerSecond = 32 * 1024;
  place.extraDelayMs = 200;
}
