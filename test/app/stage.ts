import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core';
import { CHROMIUM_FLAGS, findChromium } from '../support/browsers.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
export const DESKTOP = { width: 1280, height: 800 } as const;
export const PHONE = { width: 390, height: 844 } as const;

/** A real server as `npm start` runs it, on free ports unless one is given. */
export class Server {
  readonly url: string;
  readonly port: number;
  readonly #process: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.port = Number(new URL(url).port);
    this.#process = child;
  }

  /** `app` is the folder of a build that is not the usual one. */
  static async start(port = 0, app?: string): Promise<Server> {
    const options = ['--port', String(port), '--stun-port', '0', ...(app ? ['--app', app] : [])];
    const child = spawn(process.execPath, ['signaling-server/launch.mjs', ...options], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    return new Promise((resolve, reject) => {
      const read = (chunk: Buffer): void => {
        output += chunk.toString();
        const url = /http:\/\/localhost:\d+\//.exec(`${output}/`)?.[0];
        if (url) resolve(new Server(url, child));
      };
      child.stdout.on('data', read);
      child.stderr.on('data', read);
      child.once('exit', () => reject(new Error(`The server ended: ${output}`)));
    });
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill('SIGTERM');
    await ended;
  }
}

/** One person in a browser profile of their own. Script errors and violations of the security policy are collected. */
export class Person {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly troubles: string[];

  constructor(context: BrowserContext, page: Page, troubles: string[]) {
    this.context = context;
    this.page = page;
    this.troubles = troubles;
  }

  async open(url: string): Promise<void> {
    await this.page.goto(url);
    await this.page.getByRole('navigation', { name: 'Main' }).waitFor();
  }

  async connected(peers = 1): Promise<void> {
    await this.page
      .getByRole('status', { name: 'Network status' })
      .filter({ hasText: new RegExp(`^Connected · ${peers} peer`) })
      .waitFor();
  }

  async go(place: 'Conversations' | 'Agents' | 'Network' | 'Settings'): Promise<void> {
    await this.page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: place }).click();
  }

  async rename(name: string): Promise<void> {
    await this.go('Settings');
    await this.page.getByRole('textbox', { name: 'Display name' }).fill(name);
    await this.page.getByRole('button', { name: 'Save' }).click();
    await this.go('Conversations');
  }

  async write(text: string): Promise<void> {
    await this.field().fill(text);
    await this.page.getByRole('button', { name: 'Send' }).click();
  }

  async startTalkWith(name: string): Promise<void> {
    await this.go('Conversations');
    await this.page.getByRole('button', { name: 'New conversation' }).click();
    await this.page.getByRole('dialog', { name: 'New conversation' }).getByRole('button', { name }).click();
    await this.page.getByRole('log', { name: 'Messages' }).waitFor();
  }

  /** A message that is on the screen, once and only once. */
  async sees(author: string, text: string): Promise<void> {
    const message = this.page.getByRole('article', { name: new RegExp(`^${author}.*${text}`, 's') });
    await message.waitFor();
    const count = await message.count();
    if (count !== 1) throw new Error(`${count} times: ${text}`);
  }

  /** Without an owner: an agent of one's own. */
  async openTool(agent: string, owner: string | undefined, tool: string): Promise<void> {
    await this.go('Agents');
    await this.page
      .getByRole('list', { name: 'Agents' })
      .getByRole('listitem', { name: `${agent}, ${owner === undefined ? 'your agent' : `agent of ${owner}`}` })
      .getByRole('link')
      .click();
    await this.page.getByRole('list', { name: 'Tools' }).getByRole('button', { name: tool }).click();
    await this.page.getByRole('form', { name: 'Arguments' }).waitFor();
  }

  /** Opens a conversation that is in the list. */
  async read(name: string): Promise<void> {
    await this.page
      .getByRole('list', { name: 'Conversations' })
      .getByRole('link', { name: new RegExp(name) })
      .click();
    await this.page.getByRole('log', { name: 'Messages' }).waitFor();
  }

  field() {
    return this.page.getByRole('textbox', { name: 'Message', exact: true });
  }

  /** A line of the notices. */
  async isTold(words: string | RegExp): Promise<void> {
    await this.page.getByRole('log', { name: 'Notices' }).getByText(words).waitFor();
  }

  result() {
    return this.page.getByRole('region', { name: 'Result' });
  }
}

export class Stage {
  readonly #browser: Browser;
  readonly #people: Person[] = [];

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async open(): Promise<Stage> {
    const executablePath = findChromium();
    if (!executablePath) throw new Error('No Chromium was found.');
    return new Stage(await chromium.launch({ executablePath, args: CHROMIUM_FLAGS }));
  }

  async person(options: BrowserContextOptions = {}): Promise<Person> {
    return this.#follow(await this.#browser.newContext({ viewport: DESKTOP, ...options }));
  }

  /** One more tab of somebody's browser. */
  anotherTab({ context }: Person): Promise<Person> {
    return this.#follow(context);
  }

  async #follow(context: BrowserContext): Promise<Person> {
    const troubles: string[] = [];
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) =>
        console.error(`policy violation: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`),
      );
    });
    const page = await context.newPage();
    page.on('pageerror', (error) => troubles.push(`error: ${error.message}`));
    page.on('console', (message) => {
      if (message.type() === 'error' && /policy violation|Content Security Policy|Trusted/i.test(message.text())) troubles.push(message.text());
    });
    page.setDefaultTimeout(20_000);
    const person = new Person(context, page, troubles);
    this.#people.push(person);
    return person;
  }

  /** Two people of known names who are connected. */
  async pair(url: string, browsers?: readonly [Person, Person]): Promise<readonly [Person, Person]> {
    const [ada, bo] = browsers ?? (await Promise.all([this.person(), this.person()]));
    await Promise.all([ada.open(url), bo.open(url)]);
    await Promise.all([ada.rename('Ada'), bo.rename('Bo')]);
    await Promise.all([ada.connected(), bo.connected()]);
    return [ada, bo];
  }

  /** Lets `owner` write to somebody by that name, who may then ask for the owner's agents. */
  async befriend(owner: Person, name: string): Promise<void> {
    await owner.startTalkWith(name);
    await owner.write('Hello!');
    await owner.page.getByRole('article', { name: /Hello!/ }).waitFor();
  }

  /** Ends everybody's browsing; answers the troubles that their pages had. */
  async leave(): Promise<readonly string[]> {
    const people = this.#people.splice(0);
    for (const context of new Set(people.map((person) => person.context))) await context.close();
    return people.flatMap(({ troubles }) => troubles);
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}
