// Every method of Backstage's own catalog client, against the example organisation and against the entities that
// Backstage gives its own new users.
import assert from 'node:assert/strict';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { CATALOG_FILTER_EXISTS, CatalogClient } from '@backstage/catalog-client';
import { Server } from '../browser/server.mjs';

const createApp = process.env.FAIRWAY_CREATE_APP;
const examples = createApp && join(createApp, 'templates/default-app/examples');

let server;
let catalog;

before(async () => {
  server = await Server.start();
  catalog = clientOf(server);
});
after(() => server?.stop());

function clientOf(one) {
  return new CatalogClient({ discoveryApi: { getBaseUrl: async (plugin) => `${one.url}/api/${plugin}` } });
}

const name = (entity) => entity.metadata.name;
const reference = (entity) =>
  `${entity.kind}:${entity.metadata.namespace}/${entity.metadata.name}`.toLowerCase();

// What a client throws for an answer that is an error.
async function refusal(promise) {
  try {
    await promise;
  } catch (error) {
    assert.equal(error.name, 'ResponseError');
    return { status: error.response.status, name: error.body.error.name, message: error.body.error.message };
  }
  return assert.fail('nothing was refused');
}

describe('entities', () => {
  test('by reference, with what the server adds', async () => {
    const entity = await catalog.getEntityByRef('component:default/storefront-web');
    assert.equal(entity.kind, 'Component');
    assert.equal(entity.metadata.namespace, 'default');
    assert.match(entity.metadata.uid, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.match(entity.metadata.etag, /^[0-9a-f]{40}$/);
    assert.match(entity.metadata.annotations['backstage.io/managed-by-location'], /^url:/);
    const types = entity.relations.map((relation) => `${relation.type} ${relation.targetRef}`);
    assert.deepEqual(types, [...types].sort());
    assert.ok(types.includes('ownedBy group:default/storefront'));
    assert.ok(types.includes('partOf system:default/storefront'));
  });

  test('by reference in any case, and by name', async () => {
    const byReference = await catalog.getEntityByRef('COMPONENT:DEFAULT/Storefront-Web');
    const byName = await catalog.getEntityByName({ kind: 'Component', name: 'storefront-web' });
    assert.deepEqual(byReference, byName);
    assert.equal(await catalog.getEntityByRef('component:default/nothing-of-the-kind'), undefined);
  });

  test('as a list, filtered, ordered and cut', async () => {
    const all = await catalog.getEntities();
    assert.ok(all.items.length > 40, `${all.items.length}`);
    const components = await catalog.getEntities({
      filter: { kind: 'component', 'spec.type': ['service', 'website'] },
      fields: ['metadata.name', 'spec.type'],
      order: { field: 'metadata.name', order: 'desc' },
    });
    const names = components.items.map(name);
    assert.deepEqual(names, [...names].sort().reverse());
    assert.deepEqual(Object.keys(components.items[0]).sort(), ['metadata', 'spec']);
    assert.deepEqual(Object.keys(components.items[0].spec), ['type']);
    const either = await catalog.getEntities({ filter: [{ kind: 'domain' }, { kind: 'system' }] });
    assert.deepEqual(new Set(either.items.map((entity) => entity.kind)), new Set(['Domain', 'System']));
    const titled = await catalog.getEntities({ filter: { kind: 'component', 'metadata.title': CATALOG_FILTER_EXISTS } });
    assert.ok(titled.items.length > 0 && titled.items.every((entity) => entity.metadata.title));
    const second = await catalog.getEntities({ filter: { kind: 'component' }, limit: 2, offset: 2 });
    const both = await catalog.getEntities({ filter: { kind: 'component' }, limit: 4 });
    assert.deepEqual(second.items, both.items.slice(2));
  });

  test('by references, in the order asked for', async () => {
    const entityRefs = ['group:default/storefront', 'component:default/nobody', 'Component:Default/Orders'];
    const { items } = await catalog.getEntitiesByRefs({ entityRefs });
    assert.deepEqual(items.map((entity) => entity && reference(entity)),
      ['group:default/storefront', undefined, 'component:default/orders']);
    const filtered = await catalog.getEntitiesByRefs({ entityRefs, filter: { kind: 'component' }, fields: ['kind'] });
    assert.deepEqual(filtered.items, [undefined, undefined, { kind: 'Component' }]);
    const queried = await catalog.getEntitiesByRefs({ entityRefs, query: { kind: 'group' } });
    assert.deepEqual(queried.items.map((entity) => entity?.kind), ['Group', undefined, undefined]);
  });

  test('in pages, forwards and backwards', async () => {
    const request = { filter: { kind: 'component' }, orderFields: { field: 'metadata.name', order: 'asc' } };
    const everything = await catalog.queryEntities({ ...request, limit: 100 });
    const names = everything.items.map(name);
    assert.deepEqual(names, [...names].sort());
    assert.equal(everything.totalItems, names.length);
    assert.equal(everything.pageInfo.nextCursor, undefined);

    const pages = [];
    let page = await catalog.queryEntities({ ...request, limit: 3 });
    assert.equal(page.pageInfo.prevCursor, undefined);
    for (;;) {
      pages.push(page);
      assert.equal(page.totalItems, names.length);
      if (!page.pageInfo.nextCursor) break;
      page = await catalog.queryEntities({ cursor: page.pageInfo.nextCursor, limit: 3 });
    }
    assert.deepEqual(pages.flatMap((one) => one.items.map(name)), names);
    const back = await catalog.queryEntities({ cursor: page.pageInfo.prevCursor, limit: 3 });
    assert.deepEqual(back.items.map(name), pages.at(-2).items.map(name));
  });

  test('with a query, whose cursor goes on with it', async () => {
    const query = {
      $all: [
        { kind: { $in: ['component', 'api'] } },
        { $not: { 'spec.lifecycle': 'nonsense' } },
        { relations: { $contains: { type: 'ownedBy', targetRef: 'group:default/checkout' } } },
      ],
    };
    const everything = await catalog.queryEntities({ query, limit: 100, fields: ['metadata.name'] });
    assert.ok(everything.items.length > 2);
    const first = await catalog.queryEntities({ query, limit: 1, orderFields: { field: 'metadata.name', order: 'asc' } });
    assert.equal(first.totalItems, everything.totalItems);
    const second = await catalog.queryEntities({ cursor: first.pageInfo.nextCursor, limit: 1 });
    assert.equal(second.totalItems, everything.totalItems);
    assert.ok(name(first.items[0]) < name(second.items[0]));
  });

  test('with text, counted or not, or counted only', async () => {
    const request = { filter: { kind: 'component' }, fullTextFilter: { term: 'STORE', fields: ['metadata.name'] } };
    const found = await catalog.queryEntities(request);
    assert.ok(found.items.length > 0 && found.items.every((entity) => name(entity).includes('store')));
    const counted = await catalog.queryEntities({ ...request, limit: 0 });
    assert.deepEqual([counted.items, counted.totalItems], [[], found.totalItems]);
    const uncounted = await catalog.queryEntities({ ...request, totalItems: 'exclude' });
    assert.deepEqual([uncounted.items.length, uncounted.totalItems], [found.items.length, 0]);
  });

  test('as a stream', async () => {
    const streamed = [];
    for await (const items of catalog.streamEntities({ filter: { kind: 'component' }, pageSize: 4 })) {
      assert.ok(items.length <= 4);
      streamed.push(...items.map(reference));
    }
    const all = await catalog.getEntities({ filter: { kind: 'component' } });
    assert.deepEqual(streamed.sort(), all.items.map(reference).sort());
  });

  test('as facets', async () => {
    const { facets } = await catalog.getEntityFacets({ facets: ['kind', 'relations.ownedBy', 'spec.none'] });
    const kinds = facets.kind.map((facet) => facet.value);
    // In their own case, as Backstage groups them.
    assert.deepEqual(kinds, [...kinds].sort());
    const components = await catalog.getEntities({ filter: { kind: 'component' } });
    assert.equal(facets.kind.find((facet) => facet.value === 'Component').count, components.items.length);
    assert.ok(facets['relations.ownedBy'].some((facet) => facet.value === 'group:default/checkout'));
    assert.deepEqual(facets['spec.none'], []);
    const filtered = await catalog.getEntityFacets({ facets: ['spec.type'], filter: { kind: 'component' } });
    const queried = await catalog.getEntityFacets({ facets: ['spec.type'], query: { kind: 'component' } });
    assert.deepEqual(filtered, queried);
  });

  test('with their ancestors, the root first', async () => {
    const ancestry = await catalog.getEntityAncestors({ entityRef: 'component:default/storefront-web' });
    assert.equal(ancestry.rootEntityRef, 'component:default/storefront-web');
    assert.equal(reference(ancestry.items[0].entity), 'component:default/storefront-web');
    assert.ok(ancestry.items[0].parentEntityRefs.includes('location:default/acme'));
    const known = new Set(ancestry.items.map((item) => reference(item.entity)));
    assert.ok(ancestry.items.flatMap((item) => item.parentEntityRefs).every((parent) => known.has(parent)));
    const missing = await refusal(catalog.getEntityAncestors({ entityRef: 'component:default/nobody' }));
    assert.deepEqual(missing, { status: 404, name: 'NotFoundError', message: 'No such entity component:default/nobody' });
  });

  test('validated before they are anywhere', async () => {
    const entity = {
      apiVersion: 'backstage.io/v1alpha1',
      kind: 'Component',
      metadata: { name: 'fine' },
      spec: { type: 'service', lifecycle: 'production', owner: 'group:default/checkout' },
    };
    assert.deepEqual(await catalog.validateEntity(entity, 'url:https://git.example/a.yaml'), { valid: true });
    const broken = { ...entity, metadata: { name: 'not fine' }, spec: { type: 'service' } };
    const verdict = await catalog.validateEntity(broken, 'url:https://git.example/a.yaml');
    assert.equal(verdict.valid, false);
    const said = verdict.errors.map((error) => error.message).join('\n');
    assert.match(said, /"metadata\.name" is not valid/);
    const nameless = await catalog.validateEntity({ ...entity, spec: { type: 'service' } }, 'url:https://git.example/a.yaml');
    assert.match(nameless.errors.map((error) => error.message).join('\n'), /must have required property 'lifecycle'/);
  });

  test('refreshed, and refused when there is none', async () => {
    await catalog.refreshEntity('component:default/storefront-web');
    const missing = await refusal(catalog.refreshEntity('component:default/nobody'));
    assert.deepEqual(missing, { status: 404, name: 'NotFoundError', message: 'Entity component:default/nobody not found' });
  });
});

describe('locations', () => {
  let repository;

  before(async () => {
    await server.create('gift-cards', 'go-service');
    repository = `${server.url}/repositories/acme/gift-cards/blob/main`;
    const folder = await server.clone('acme/gift-cards');
    await mkdir(join(folder, 'extra'));
    await writeFile(join(folder, 'extra/all.yaml'), `apiVersion: backstage.io/v1alpha1
kind: Location
metadata: { name: extra }
spec: { targets: [./vouchers.yaml] }
`);
    await writeFile(join(folder, 'extra/vouchers.yaml'), `apiVersion: backstage.io/v1alpha1
kind: Resource
metadata: { name: vouchers }
spec: { type: database, owner: group:default/checkout }
`);
    if (examples) await cp(examples, join(folder, 'examples'), { recursive: true });
    await server.push(folder, 'More to find');
  });

  test('are tried, added, found, changed and removed', async () => {
    const target = `${repository}/extra/all.yaml`;
    const tried = await catalog.addLocation({ type: 'url', target, dryRun: true });
    assert.equal(tried.exists, false);
    assert.deepEqual(tried.location.target, target);
    assert.ok(tried.entities.some((entity) => entity.kind === 'Resource' && name(entity) === 'vouchers'));
    assert.equal(await catalog.getEntityByRef('resource:default/vouchers'), undefined);

    const { location } = await catalog.addLocation({ target });
    assert.match(location.id, /^[0-9a-f-]{36}$/);
    const vouchers = await catalog.getEntityByRef('resource:default/vouchers');
    assert.equal(vouchers.metadata.annotations['backstage.io/managed-by-origin-location'], `url:${target}`);
    assert.deepEqual((await refusal(catalog.addLocation({ target }))),
      { status: 409, name: 'ConflictError', message: `Location url:${target} already exists` });
    assert.equal((await catalog.addLocation({ target, onConflict: 'refresh' })).location.id, location.id);
    assert.equal((await catalog.addLocation({ target, dryRun: true })).exists, true);

    assert.deepEqual(await catalog.getLocationById(location.id), location);
    assert.deepEqual(await catalog.getLocationByRef(`url:${target}`), location);
    assert.deepEqual(await catalog.getLocationByEntity('resource:default/vouchers'), location);
    assert.equal(await catalog.getLocationByEntity('resource:default/nothing'), undefined);
    assert.equal(await catalog.getLocationById('d0b6b9d4-0000-4000-8000-000000000000'), undefined);
    assert.ok((await catalog.getLocations()).items.some((one) => one.id === location.id));
    const queried = await catalog.queryLocations({ query: { target } });
    assert.deepEqual([queried.items, queried.totalItems], [[location], 1]);
    const streamed = [];
    for await (const items of catalog.streamLocations({ limit: 1 })) streamed.push(...items);
    assert.deepEqual(streamed, (await catalog.queryLocations()).items);

    await catalog.removeEntityByUid(vouchers.metadata.uid);
    assert.equal(await catalog.getEntityByRef('resource:default/vouchers'), undefined);
    await catalog.refreshEntity('location:default/extra');
    assert.ok(await catalog.getEntityByRef('resource:default/vouchers'), 'its source still has it');
    await catalog.removeEntityByUid('d0b6b9d4-0000-4000-8000-000000000000');

    const changed = await catalog.updateLocation(location.id, { type: 'url', target: `${repository}/extra/vouchers.yaml` });
    assert.deepEqual([changed.id, changed.target], [location.id, `${repository}/extra/vouchers.yaml`]);
    assert.equal(await catalog.getEntityByRef('location:default/extra'), undefined);
    assert.ok(await catalog.getEntityByRef('resource:default/vouchers'));

    await catalog.removeLocationById(location.id);
    assert.equal(await catalog.getEntityByRef('resource:default/vouchers'), undefined);
    const gone = await refusal(catalog.removeLocationById(location.id));
    assert.deepEqual(gone, { status: 404, name: 'NotFoundError', message: `Found no location with ID ${location.id}` });
  });

  test('are analysed', async () => {
    const known = await catalog.analyzeLocation({ location: { type: 'url', target: repository.replace('/blob/main', '') } });
    assert.deepEqual(known.generateEntities, []);
    const file = known.existingEntityFiles.find((one) => name(one.entity) === 'gift-cards');
    assert.equal(file.isRegistered, true);
    assert.equal(file.location.target, `${repository}/catalog-info.yaml`);
    const unknown = await catalog.analyzeLocation({ location: { type: 'url', target: `${server.url}/repositories/acme/nothing` } });
    assert.deepEqual(unknown.existingEntityFiles, []);
    assert.deepEqual(unknown.generateEntities[0].entity.spec, { type: 'other', lifecycle: 'unknown' });
    const nonsense = await refusal(catalog.analyzeLocation({ location: { type: 'url', target: 'nonsense' } }));
    assert.deepEqual([nonsense.status, nonsense.message], [400, 'The given location.target is not a URL']);
  });

  test('hold what Backstage gives its new users', { skip: !examples || !existsSync(examples) }, async () => {
    for (const file of ['org.yaml', 'entities.yaml', 'template/template.yaml']) {
      await catalog.addLocation({ target: `${repository}/examples/${file}` });
    }
    const website = await catalog.getEntityByRef('component:default/example-website');
    const relations = website.relations.map((relation) => `${relation.type} ${relation.targetRef}`);
    assert.deepEqual(relations, [
      'ownedBy group:default/guests', 'partOf system:default/examples', 'providesApi api:default/example-grpc-api',
    ]);
    const template = await catalog.getEntityByRef('template:default/example-nodejs-template');
    assert.equal(template.apiVersion, 'scaffolder.backstage.io/v1beta3');
    const { facets } = await catalog.getEntityFacets({ facets: ['spec.type'], filter: { 'spec.system': 'examples' } });
    assert.deepEqual(facets['spec.type'], [{ value: 'grpc', count: 1 }, { value: 'website', count: 1 }]);
  });
});
