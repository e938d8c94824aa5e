import baseVariant from '@jitl/quickjs-wasmfile-release-sync';
import wasmLocation from '@jitl/quickjs-wasmfile-release-sync/wasm?url';
import { newVariant } from 'quickjs-emscripten-core';
import { runScript } from './run-script.ts';
import type { RunnerRequest } from './runner-protocol.ts';

const variant = newVariant(baseVariant, { wasmLocation });

addEventListener('message', (event: MessageEvent<RunnerRequest>) => {
  void runScript(variant, event.data).then((reply) => postMessage(reply));
});
