// An encrypted request object by openid-client 5, and the login that begins with it. One JSON line in, one out; twice.
const { createRequire } = require('node:module')
const lines = require('node:readline').createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const next = async () => JSON.parse((await lines.next()).value)
const say = (message) => console.log(JSON.stringify(message))

;(async () => {
  const asked = await next()
  const { Issuer, custom } = createRequire(`${asked.modules}/`)('openid-client-5')
  const pem = require('node:fs').readFileSync(asked.certificate)
  custom.setHttpOptionsDefaults({ timeout: 10000 })
  const issuer = await Issuer.discover(asked.issuer)
  const client = new issuer.FAPI1Client({ ...asked.client, response_types: ['code id_token'] }, { keys: asked.keys })
  client[custom.http_options] = () => ({ cert: pem, key: pem })
  const now = Math.floor(Date.now() / 1000)
  const request = await client.requestObject({
    response_type: 'code id_token', redirect_uri: asked.client.redirect_uris[0], scope: 'openid accounts', nonce: 'n',
    state: 's', nbf: now,
  })
  const header = JSON.parse(Buffer.from(request.split('.')[0], 'base64url'))
  const query = new URLSearchParams({
    client_id: asked.client.client_id, request, response_type: 'code id_token', scope: 'openid accounts' })
  say({ header, url: `${issuer.authorization_endpoint}?${query}` })

  const parameters = client.callbackParams((await next()).url.replace('#', '?'))
  const tokens = await client.callback(
    asked.client.redirect_uris[0], parameters, { nonce: 'n', state: 's', response_type: 'code id_token' },
    { clientAssertionPayload: { aud: issuer.issuer } })
  say({ sub: tokens.claims().sub, token_type: tokens.token_type, encrypted: tokens.id_token !== undefined })
  process.exit(0)
})().catch((problem) => { console.error(problem); process.exit(1) })
