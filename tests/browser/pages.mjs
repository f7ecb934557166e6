// Every page of the portal, with something on it.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

// Fills a fresh server, and returns the pages by name.
export async function furnish(server) {
  const created = await server.create('gift-cards', 'python-fastapi-service', { database: 'postgresql' });
  const broken = await server.create('loyalty', 'go-service', { environments: ['staging'] });
  const folder = await server.clone('acme/loyalty');
  const file = join(folder, 'catalog-info.yaml');
  const text = await readFile(file, 'utf8');
  await writeFile(file, text.replace('lifecycle: experimental', 'lifecycle: [experimental]'));
  await server.push(folder, 'Break the lifecycle');
  const deployed = await server.post('/api/v1/deployments', { service: 'gift-cards', environment: 'staging', version: '0.2.0' });
  const run = await server.post(`/api/v1/plans/${deployed.digest}/apply`);
  await settled(server, run.id);
  const inputs = { name: 'wishes', description: 'Wish lists', owner: 'group:default/checkout', database: 'redis' };
  const open = await server.post('/api/v1/plans', { template: 'nodejs-typescript-service', inputs });
  const commit = open.plan.effects.find((effect) => effect.type === 'commit');
  const commits = await server.get('/api/v1/services/gift-cards/deployments');
  return {
    home: '/',
    catalog: '/catalog',
    'catalog-filtered': '/catalog?kind=component&q=checkout',
    'catalog-wrong': '/catalog?q=nonsense%3A1',
    'catalog-starred': '/catalog?shelf=starred',
    compare: '/catalog/compare?ref=component%3Adefault%2Fgift-cards&ref=component%3Adefault%2Floyalty',
    'graph-everything': '/catalog/graph',
    'graph-apart': '/catalog/graph?systems=apart',
    graph: '/catalog/graph?root=component%3Adefault%2Fgift-cards&depth=2',
    component: '/catalog/default/component/gift-cards',
    'component-broken': '/catalog/default/component/loyalty',
    group: '/catalog/default/group/checkout',
    person: '/catalog/default/user/nina.kowalska',
    api: '/catalog/default/api/orders-api',
    template: '/catalog/default/template/python-fastapi-service',
    drafts: '/drafts',
    sources: '/sources',
    create: '/create',
    form: '/create/default/python-fastapi-service',
    plan: `/plans/${open.digest}`,
    'plan-applied': `/plans/${created.plan}`,
    'plan-file': `/plans/${open.digest}/files/${commit.files[0].content}?path=${encodeURIComponent(commit.files[0].path)}`,
    runs: '/runs',
    run: `/runs/${created.run}`,
    undo: `/runs/${broken.run}/undo`,
    repositories: '/repositories',
    repository: '/repositories/acme/gift-cards',
    folder: '/repositories/acme/gift-cards/tree/main/app',
    file: '/repositories/acme/gift-cards/blob/main/app/main.py',
    commits: '/repositories/acme/gift-cards/commits/main',
    commit: `/repositories/platform/environments/commit/${commits.items[0].commit}`,
    environments: '/environments',
    environment: '/environments/production',
    service: '/environments/services/gift-cards',
    guardrails: '/guardrails',
    audit: '/audit',
    record: '/audit/5',
    'sign-in': '/sign-in',
    platform: '/platform',
    search: '/search?q=checkout',
    'search-nothing': '/search?q=nothing-has-this-name',
    missing: '/catalog/default/component/nobody-has-this',
  };
}

export async function settled(server, id) {
  for (;;) {
    const run = await server.get(`/api/v1/runs/${id}`);
    if (['completed', 'failed', 'undone'].includes(run.status)) return run;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

// What answers with an error on purpose.
export const expectedStatus = { missing: 404 };
