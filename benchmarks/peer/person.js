// Who signs in: a password, and a one-time code (RFC 6238) whose secret KMS has sealed.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

import { DecryptCommand } from '@aws-sdk/client-kms';

import { kms } from './keys.js';
import { putOnce, update } from './store.js';

const STEP = 30;
const MOST = 10;
const digest = (text) => createHash('sha256').update(text).digest('hex');

function code(secret, step) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', secret).update(counter).digest();
  const at = mac[19] & 0xf;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

const same = (one, other) => one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));

// Rejects where it is not them.
export async function person(name, password, typed) {
  const key = `person ${name}`;
  const known = await update(key, 'ADD failures :one', 'attribute_exists(pk) AND failures < :most', {
    ':one': { N: '1' }, ':most': { N: String(MOST) },
  });
  if (!same(known.password.S, digest(password))) throw new Error('wrong password');
  const { Plaintext } = await kms.send(new DecryptCommand({
    KeyId: process.env.PEER_SECRETS_KEY,
    CiphertextBlob: Buffer.from(known.secret.S, 'base64'),
    EncryptionContext: { user: name },
  }));
  const now = Math.floor(Date.now() / 1000 / STEP);
  const step = [now, now - 1].find((one) => same(code(Buffer.from(Plaintext), one), typed));
  if (step === undefined) throw new Error('wrong code');
  await putOnce(`code ${name} ${step}`, STEP * 4);
  await update(key, 'SET failures = :none', 'attribute_exists(pk)', { ':none': { N: '0' } });
}
