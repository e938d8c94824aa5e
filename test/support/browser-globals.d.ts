/** Mocha's globals, as the browser tests see them. */
declare function describe(title: string, define: () => void): void;
declare function it(title: string, run: () => Promise<void> | void): void;
declare function before(run: () => Promise<void> | void): void;
declare function after(run: () => Promise<void> | void): void;
