// The palette: finds anything and runs any action. Without it the field in the top bar is an ordinary search.
const field = document.querySelector('[data-palette]');
const hint = document.querySelector('.find kbd');
if (hint && !/Mac|iPhone|iPad/.test(navigator.platform)) hint.textContent = 'Ctrl K';

let dialog, input, list, hits = [], chosen = 0, asked = '', control;

function build() {
  dialog = document.createElement('dialog');
  dialog.id = 'palette';
  dialog.setAttribute('aria-label', 'Find anything or run an action');
  input = document.createElement('input');
  input.type = 'text';
  input.placeholder = 'Find a service, team, repository, run, or an action';
  Object.entries({ role: 'combobox', 'aria-expanded': 'true', 'aria-controls': 'palette-list', 'aria-autocomplete': 'list',
    'aria-label': 'Find anything or run an action', autocomplete: 'off', spellcheck: 'false' }).forEach(([k, v]) => input.setAttribute(k, v));
  list = document.createElement('ul');
  list.id = 'palette-list';
  list.setAttribute('role', 'listbox');
  list.setAttribute('aria-label', 'Results');
  dialog.append(input, list);
  document.body.append(dialog);
  input.addEventListener('input', () => ask(input.value));
  input.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown' || (event.ctrlKey && event.key === 'n')) { event.preventDefault(); choose(chosen + 1); }
    else if (event.key === 'ArrowUp' || (event.ctrlKey && event.key === 'p')) { event.preventDefault(); choose(chosen - 1); }
    else if (event.key === 'Enter') {
      event.preventDefault();
      if (hits[chosen]) go(hits[chosen].url, event.metaKey || event.ctrlKey);
      else if (input.value.trim()) go(`/search?q=${encodeURIComponent(input.value.trim())}`);
    }
  });
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
    const item = event.target.closest('[role=option]');
    if (item) go(hits[Number(item.dataset.index)].url, event.metaKey || event.ctrlKey);
  });
}

function go(url, apart) {
  dialog.close();
  if (apart) open(url, '_blank', 'noopener'); else location.href = url;
}

function choose(index) {
  chosen = hits.length ? (index + hits.length) % hits.length : 0;
  [...list.children].forEach((item, at) => {
    item.setAttribute('aria-selected', String(at === chosen));
    if (at === chosen) { item.scrollIntoView({ block: 'nearest' }); input.setAttribute('aria-activedescendant', item.id); }
  });
}

function show() {
  list.replaceChildren(...hits.map((hit, index) => {
    const item = document.createElement('li');
    item.id = `palette-${index}`;
    item.dataset.index = index;
    item.setAttribute('role', 'option');
    for (const [name, text] of [['title', hit.title], ['hint', hit.hint], ['kind', hit.kind]]) {
      const part = document.createElement('span');
      part.className = name;
      part.textContent = text;
      item.append(part);
    }
    return item;
  }));
  if (!hits.length && asked) {
    const item = document.createElement('li');
    item.className = 'none';
    item.textContent = `Nothing found for “${asked}”. Enter searches everywhere.`;
    list.append(item);
  }
  choose(0);
}

async function ask(text) {
  asked = text.trim();
  control?.abort();
  control = new AbortController();
  try {
    const answer = await fetch(`/search.json?q=${encodeURIComponent(asked)}`, { signal: control.signal });
    if (!answer.ok) return;
    hits = await answer.json();
    show();
  } catch (error) {
    if (error.name !== 'AbortError') { hits = []; show(); }
  }
}

export function openPalette(text = '') {
  if (!dialog) build();
  if (dialog.open) return;
  input.value = text;
  dialog.showModal();
  input.select();
  ask(text);
}

document.addEventListener('keydown', (event) => {
  if ((event.metaKey || event.ctrlKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === 'k') {
    event.preventDefault();
    openPalette();
  }
});
field?.addEventListener('click', () => openPalette(field.value));
field?.addEventListener('input', () => { const text = field.value; field.value = ''; openPalette(text); });
