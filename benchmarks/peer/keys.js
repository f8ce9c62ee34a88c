// The signing key in KMS: node-oidc-provider's ExternalSigningKey, an experiment of its own.
import { createHash, createPublicKey } from 'node:crypto';

import { GetPublicKeyCommand, KMSClient, SignCommand } from '@aws-sdk/client-kms';
import { ExternalSigningKey } from 'oidc-provider';

export const kms = new KMSClient({ maxAttempts: 3 });

export class KmsKey extends ExternalSigningKey {
  constructor(keyId, publicKey) {
    super();
    this.keyId = keyId;
    this.publicKey = publicKey;
    this.kid = 'kms';
    this.alg = 'PS256';
  }

  keyObject() { return this.publicKey; }

  async sign(data) {
    const { Signature } = await kms.send(new SignCommand({
      KeyId: this.keyId,
      Message: createHash('sha256').update(data).digest(),
      MessageType: 'DIGEST',
      SigningAlgorithm: 'RSASSA_PSS_SHA_256',
    }));
    return Buffer.from(Signature);
  }
}

export async function kmsKey(keyId) {
  const { PublicKey } = await kms.send(new GetPublicKeyCommand({ KeyId: keyId }));
  return new KmsKey(keyId, createPublicKey({ key: Buffer.from(PublicKey), format: 'der', type: 'spki' }));
}
