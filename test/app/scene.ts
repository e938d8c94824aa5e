import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { Server, Stage } from './stage.ts';

/** A browser for a file of tests, and for each test a server of its own. No page may have had an error, or broken the security policy. */
export function openScene(): { readonly stage: Stage; server: Server } {
  const scene = {} as { stage: Stage; server: Server };
  beforeAll(async () => {
    scene.stage = await Stage.open();
  });
  beforeEach(async () => {
    scene.server = await Server.start();
  });
  afterEach(async () => {
    const troubles = await scene.stage.leave();
    await scene.server.stop();
    expect(troubles).toEqual([]);
  });
  afterAll(() => scene.stage.close());
  return scene;
}
