import baseVariant from '@jitl/quickjs-wasmfile-release-sync';
import wasmLocation from '@jitl/quickjs-wasmfile-release-sync/wasm?url';
import { newVariant } from 'quickjs-emscripten-core';
import { runModule } from './run-module.ts';
import { runScript } from './run-script.ts';
import type { RunnerRequest } from './runner-protocol.ts';

const variant = newVariant(baseVariant, { wasmLocation });

addEventListener('message', ({ data }: MessageEvent<RunnerRequest>) => {
  void ('module' in data ? runModule(variant, data) : runScript(variant, data)).then((reply) => postMessage(reply));
});
