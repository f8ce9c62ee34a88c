// The peer as a server. Prints its port. STORE: dynamodb (with KMS's key) or memory (with a key in memory).
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

import { kmsKey } from './keys.js';
import * as pages from './pages.js';
import { person } from './person.js';
import { provider as make } from './provider.js';
import { DynamoAdapter } from './store.js';

const remote = process.env.STORE === 'dynamodb';
const local = () => ({ ...generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'PS256', kid: 'local' });
const provider = make({
  issuer: process.env.ISSUER,
  clients: JSON.parse(readFileSync(process.env.CLIENTS, 'utf8')),
  adapter: remote ? DynamoAdapter : undefined,
  keys: [remote ? await kmsKey(process.env.PEER_KEY) : local()],
});
async function body(req) {
  let text = '';
  for await (const chunk of req) text += chunk;
  return new URLSearchParams(text);
}

// Password and one-time code, as ours asks for both: attempts are counted, the secret is sealed by KMS, and a code is taken once.
// The password's hash is one of no cost: argon2 is left out of both.
async function signIn(req, res) {
  const form = await body(req);
  await provider.interactionDetails(req, res);
  const name = form.get('username');
  if (remote) await person(name, form.get('password'), form.get('one_time_code'));
  await provider.interactionFinished(req, res, { login: { accountId: name } }, { mergeWithLastSubmission: false });
}

async function agree(req, res) {
  await body(req);
  const { prompt: { details }, params, session } = await provider.interactionDetails(req, res);
  const grant = new provider.Grant({ accountId: session.accountId, clientId: params.client_id });
  if (details.missingOIDCScope) grant.addOIDCScope(details.missingOIDCScope.join(' '));
  if (details.missingOIDCClaims) grant.addOIDCClaims(details.missingOIDCClaims);
  await provider.interactionFinished(req, res, { consent: { grantId: await grant.save() } }, { mergeWithLastSubmission: true });
}

async function show(req, res) {
  const interaction = await provider.interactionDetails(req, res);
  (interaction.prompt.name === 'login' ? pages.signIn : pages.consent)(res, interaction);
}

const rest = provider.callback();
const server = createServer((req, res) => {
  const work = { interaction: show, login: signIn, consent: agree }[req.url.split(/[/?]/)[1]];
  if (!work) return rest(req, res);
  return work(req, res).catch((problem) => {
    console.error(problem);
    res.statusCode = 500;
    res.end(String(problem));
  });
});
provider.on('server_error', (ctx, problem) => console.error(problem));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
