/** The echo agent behind the SDK's own HTTP, in a process of its own as a host is; prints its URL. */
import { createServer } from 'node:http';
import { httpAgent } from './http-agent.mjs';

const server = createServer(httpAgent());
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ url: `http://127.0.0.1:${server.address().port}/mcp` })));
process.on('disconnect', () => process.exit(0));
