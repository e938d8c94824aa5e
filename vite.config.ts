import { readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build, defineConfig, type Plugin } from 'vite';
import { injectManifest } from 'workbox-build';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const { version } = JSON.parse(readFileSync(at('package.json'), 'utf8')) as { version: string };
process.env['VITE_APP_VERSION'] = version;

/** Builds the service worker after the app, and gives it the list of the app's files. */
function serviceWorker(): Plugin {
  return {
    name: 'parley-service-worker',
    apply: 'build',
    closeBundle: {
      sequential: true,
      async handler() {
        const folder = at('node_modules/.cache/parley-service-worker');
        await build({
          configFile: false,
          logLevel: 'warn',
          publicDir: false,
          define: { 'process.env.NODE_ENV': '"production"' },
          build: {
            outDir: folder,
            emptyOutDir: true,
            lib: { entry: at('src/service-worker/service-worker.ts'), formats: ['es'], fileName: () => 'service-worker.js' },
          },
        });
        await injectManifest({
          swSrc: `${folder}/service-worker.js`,
          swDest: at('dist/service-worker.js'),
          globDirectory: at('dist'),
          globPatterns: ['**/*.{html,js,css,wasm,svg,png,webmanifest}', 'assets/*latin-wght-normal*.woff2'],
          globIgnores: ['service-worker.js'],
          dontCacheBustURLsMatching: /assets\//,
          maximumFileSizeToCacheInBytes: 8 * 2 ** 20,
        });
        rmSync(folder, { recursive: true });
      },
    },
  };
}

export default defineConfig({
  plugins: [serviceWorker()],
  build: { target: 'es2022', sourcemap: false, modulePreload: { polyfill: false }, assetsInlineLimit: 0, reportCompressedSize: false },
  worker: { format: 'es' },
  // `npm run dev` beside a server on its default port: introductions go there.
  server: { proxy: { '/signal': { target: 'http://localhost:8787', ws: true } } },
});
