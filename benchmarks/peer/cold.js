// A cold start of the peer as a function: its modules, its clients of AWS, its provider. Prints the milliseconds of CPU that it took.
import { createPublicKey } from 'node:crypto';
import { readFileSync } from 'node:fs';

import { KmsKey } from './keys.js';
import { provider } from './provider.js';
import { DynamoAdapter } from './store.js';

const publicKey = createPublicKey(readFileSync(process.env.PUBLIC_KEY));
provider({ issuer: process.env.ISSUER, clients: [], adapter: DynamoAdapter, keys: [new KmsKey('a-key', publicKey)] }).callback();
const { user, system } = process.cpuUsage();
console.log((user + system) / 1000);
