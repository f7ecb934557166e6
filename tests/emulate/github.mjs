// Starts the emulator of GitHub's REST API on a port, with one person, one organisation and a few repositories,
// and prints its address. Ends when its standard input does, so that it never outlives the test.
import { createEmulator } from 'emulate'

const github = await createEmulator({
  service: 'github',
  port: Number(process.argv[2]),
  seed: {
    github: {
      users: [{ login: 'ada', name: 'Ada' }, { login: 'ben' }],
      orgs: [{ login: 'acme', name: 'Acme', members: [{ login: 'ada', role: 'admin' }, { login: 'ben' }] }],
      repos: [
        { owner: 'ada', name: 'shop', auto_init: true },
        { owner: 'ada', name: 'cart', auto_init: true },
        { owner: 'ada', name: 'notes', auto_init: true },
      ],
    },
    tokens: { t0ken: { login: 'ada', scopes: ['repo', 'admin:org', 'admin:repo_hook'] } },
  },
})
console.log(JSON.stringify({ url: github.url }))
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
