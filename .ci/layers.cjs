/** The layers of `src` (src/README.md): each folder and the folders that it may import. Tests may import anything. */
const MAY_IMPORT = {
  base: [],
  ports: ['base'],
  wire: ['base', 'ports'],
  crypto: ['base', 'ports', 'wire'],
  p2p: ['base', 'ports', 'wire', 'crypto'],
  registry: ['base', 'ports', 'wire', 'crypto', 'p2p'],
  node: ['base', 'ports', 'wire', 'crypto', 'p2p', 'registry'],
  transport: ['base', 'ports', 'wire'],
  storage: ['base', 'ports'],
  chat: ['base', 'ports', 'wire', 'crypto', 'node'],
  modes: ['base', 'ports', 'wire', 'node'],
  mcp: ['base', 'ports', 'wire', 'crypto', 'node'],
  agents: ['base', 'ports', 'wire', 'crypto', 'registry', 'node', 'mcp'],
  view: ['base', 'ports', 'wire', 'crypto', 'node', 'chat', 'modes', 'mcp', 'agents'],
  ui: ['base', 'view'],
};

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    ...Object.entries(MAY_IMPORT).map(([layer, below]) => ({
      name: `layer-${layer}`,
      severity: 'error',
      from: { path: `^src/${layer}/`, pathNot: '\\.test\\.ts$' },
      to: { path: '^(src|test|signaling-server)/', pathNot: `^src/(${[layer, ...below].join('|')})/` },
    })),
    { name: 'server-stands-alone', severity: 'error', from: { path: '^signaling-server/', pathNot: '\\.test\\.ts$' }, to: { path: '^(src|test)/' } },
    {
      name: 'server-lends-one-part',
      comment: 'Multicast DNS is the same for servers and hosts, and stands in the package of the two that needs nothing of the other.',
      severity: 'error',
      from: { path: '^src/host/nearby/', pathNot: '\\.test\\.ts$' },
      to: { path: '^signaling-server/', pathNot: '^signaling-server/src/nearby\\.ts$' },
    },
    {
      name: 'server-is-another-program',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/host/nearby/|\\.test\\.ts$' },
      to: { path: '^signaling-server/' },
    },
    {
      name: 'screens-know-only-views',
      comment: 'Screens get plain data: of the view layer its types alone.',
      severity: 'error',
      from: { path: '^src/ui/', pathNot: '\\.test\\.ts$' },
      to: { path: '^src/view/', pathNot: '^src/view/((trust|activity)-)?types\\.ts$' },
    },
    {
      name: 'registry-knows-only-what-neighbours-are-told',
      comment: 'The registry stands beside p2p: it shares the words of neighbours.ts, no machine.',
      severity: 'error',
      from: { path: '^src/registry/', pathNot: '\\.test\\.ts$' },
      to: { path: '^src/p2p/', pathNot: '^src/p2p/neighbours\\.ts$' },
    },
    {
      name: 'host-has-no-screens',
      comment: 'A composition root like app, for Node.js.',
      severity: 'error',
      from: { path: '^src/host/', pathNot: '\\.test\\.ts$' },
      to: { path: '^src/(ui|service-worker)/' },
    },
    { name: 'no-tests-in-the-product', severity: 'error', from: { path: '^src/', pathNot: '\\.test\\.ts$' }, to: { path: '^test/' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'browser', 'default'], extensions: ['.ts', '.js', '.mjs'] },
  },
};
