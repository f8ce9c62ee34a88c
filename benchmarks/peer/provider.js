// node-oidc-provider under FAPI 2.0's rules, as its documentation has it.
import Provider from 'oidc-provider';

export function provider({ issuer, clients, adapter, keys, port }) {
  const made = new Provider(issuer, {
    ...(adapter && { adapter }),
    clients,
    jwks: { keys },
    cookies: { keys: ['a key of the bench'] },
    scopes: ['openid', 'offline_access', 'profile', 'accounts'],
    claims: { openid: ['sub'], profile: ['name'] },
    findAccount: async (ctx, id) => ({ accountId: id, claims: async () => ({ sub: id, name: 'A' }) }),
    issueRefreshToken: async (ctx, client) => client.grantTypeAllowed('refresh_token'),
    interactions: { url: (ctx, { uid }) => `/interaction/${uid}` },
    enabledJWA: {
      clientAuthSigningAlgValues: ['PS256', 'ES256'],
      idTokenSigningAlgValues: ['PS256'],
      dPoPSigningAlgValues: ['ES256', 'PS256'],
    },
    features: {
      devInteractions: { enabled: false },
      fapi: { enabled: true, profile: '2.0' },
      pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      userinfo: { enabled: true },
      dPoP: { enabled: true },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        getCertificate: (ctx) => ctx.get('x-client-cert') && decodeURIComponent(ctx.get('x-client-cert')),
      },
      externalSigningSupport: { enabled: true, ack: 'experimental-01' },
    },
    ttl: { AccessToken: 600, AuthorizationCode: 60, IdToken: 600, RefreshToken: 86400, Session: 86400, Grant: 86400, Interaction: 600 },
    routes: {
      authorization: '/authorize',
      introspection: '/introspect',
      jwks: '/jwks',
      pushed_authorization_request: '/par',
      revocation: '/revoke',
      token: '/token',
      userinfo: '/userinfo',
    },
  });
  made.proxy = true; // TLS ends before it, as API Gateway ends it before a function
  return made;
}
