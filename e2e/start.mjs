// Starts the node before the first test and ends it after the last. Its port, data and log go to the tests by environment.

import { Node } from "./node.mjs";

export default async function start() {
  const node = await Node.start();
  process.env.PENDOPO_PORT = String(node.port);
  process.env.PENDOPO_E2E_DATA = node.data;
  process.env.PENDOPO_E2E_LOG = node.log;
  return () => node.stop();
}
