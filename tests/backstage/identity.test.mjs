// Identities as Backstage's services check them, and its client for permissions.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import permissionCommon from '@backstage/plugin-permission-common';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { Server } from '../browser/server.mjs';

const { AuthorizeResult, PermissionClient, createPermission } = permissionCommon;

let server;
let token;

before(async () => {
  server = await Server.start('--no-example');
  const answer = await server.post('/api/auth/guest/refresh');
  token = answer.backstageIdentity.token;
});
after(() => server?.stop());

test('a token is checked against the published keys', async () => {
  const keys = createRemoteJWKSet(new URL(`${server.url}/api/auth/.well-known/jwks.json`));
  const { payload } = await jwtVerify(token, keys, {
    algorithms: ['ES256'],
    audience: 'backstage',
    issuer: `${server.url}/api/auth`,
    typ: 'vnd.backstage.user',
    requiredClaims: ['iat', 'exp', 'sub'],
  });
  assert.equal(payload.sub, 'user:development/guest');
  const configuration = await server.get('/api/auth/.well-known/openid-configuration');
  assert.equal(configuration.issuer, payload.iss);
});

test('the proof in a token makes a token that only says who somebody is', async () => {
  const keys = createRemoteJWKSet(new URL(`${server.url}/api/auth/.well-known/jwks.json`));
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const { alg, kid } = decodeProtectedHeader(token);
  const { sub, iat, exp, uip } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
  const limited = `${part({ typ: 'vnd.backstage.limited-user', alg, kid })}.${part({ sub, iat, exp })}.${uip}`;
  const { payload } = await jwtVerify(limited, keys, { algorithms: ['ES256'], typ: 'vnd.backstage.limited-user' });
  assert.equal(payload.sub, sub);
});

for (const batched of [false, true]) {
  test(`permissions are asked for ${batched ? 'in batches' : 'one by one'}`, async () => {
    const settings = { 'permission.enabled': true, 'permission.EXPERIMENTAL_enableBatchedRequests': batched };
    const client = new PermissionClient({
      discovery: { getBaseUrl: async (plugin) => `${server.url}/api/${plugin}` },
      config: { getOptionalBoolean: (key) => settings[key] },
    });
    const read = createPermission({
      name: 'catalog.entity.read', attributes: { action: 'read' }, resourceType: 'catalog-entity',
    });
    const register = createPermission({ name: 'catalog.location.create', attributes: { action: 'create' } });
    const unheard = createPermission({ name: 'unheard.of', attributes: {} });
    const questions = [
      { permission: read, resourceRef: 'component:default/a' },
      { permission: read, resourceRef: 'component:default/b' },
      { permission: register },
      { permission: unheard },
    ];
    const answers = await client.authorize(questions, { token });
    assert.deepEqual(answers.map((answer) => answer.result),
      [AuthorizeResult.ALLOW, AuthorizeResult.ALLOW, AuthorizeResult.ALLOW, AuthorizeResult.DENY]);

    // What a service asks before it lists things; people have to name the thing.
    const { token: service } = await server.post('/api/v1/tokens', { name: 'a service', scopes: ['read'] });
    const open = await client.authorizeConditional([{ permission: read }], { token: service });
    assert.deepEqual(open.map((answer) => answer.result), [AuthorizeResult.ALLOW]);
    await assert.rejects(client.authorizeConditional([{ permission: read }], { token }), { name: 'ResponseError' });
    await assert.rejects(client.authorize(questions, { token: 'nonsense' }), { name: 'ResponseError' });
  });
}
