import puppeteer, { type Browser, type ElementHandle, type Page } from 'puppeteer-core';
import { findFirefox } from '../support/browsers.mjs';
import { DESKTOP } from './stage.ts';

/** One person in a Firefox, driven by WebDriver BiDi. What the page does wrong is collected as in {@link Person}. */
export class FirefoxPerson {
  readonly page: Page;
  readonly troubles: string[] = [];
  readonly #browser: Browser;

  private constructor(browser: Browser, page: Page) {
    this.#browser = browser;
    this.page = page;
    page.on('pageerror', (error) => this.troubles.push(`error: ${String(error)}`));
    page.on('console', (message) => {
      if (message.type() === 'error' && /policy violation|Content-Security-Policy|Trusted/i.test(message.text())) this.troubles.push(message.text());
    });
  }

  /** `undefined` where there is no Firefox. */
  static async start(): Promise<FirefoxPerson | undefined> {
    const executablePath = findFirefox();
    if (!executablePath) return undefined;
    const browser = await puppeteer.launch({ browser: 'firefox', executablePath, headless: true, defaultViewport: DESKTOP });
    const page = await browser.newPage();
    page.setDefaultTimeout(20_000);
    await page.evaluateOnNewDocument(() => {
      document.addEventListener('securitypolicyviolation', (event) =>
        console.error(`policy violation: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`),
      );
    });
    return new FirefoxPerson(browser, page);
  }

  /** The element with this role and accessible name, once it is on the screen. */
  get(role: string, name: string): Promise<ElementHandle> {
    return this.#found(`>>> ::-p-aria([name="${name}"][role="${role}"])`);
  }

  async press(role: string, name: string): Promise<void> {
    await (await this.get(role, name)).click();
  }

  async fill(name: string, text: string): Promise<void> {
    const field = await this.get('textbox', name);
    await field.click({ count: 3 });
    await field.type(text);
  }

  /** Text that is somewhere on the screen, in whatever component. */
  async sees(text: string): Promise<ElementHandle> {
    return this.#found(`>>> ::-p-text(${text})`);
  }

  async #found(selector: string): Promise<ElementHandle> {
    const found = await this.page.waitForSelector(selector, { visible: true });
    if (!found) throw new Error(`Not on the screen: ${selector}`);
    return found;
  }

  close(): Promise<void> {
    return this.#browser.close();
  }
}
