// The catalog: rows follow what is typed, are chosen with x and Shift, and starred with s. Without it the field is an
// ordinary form, and the boxes and buttons work all the same.
const field = document.querySelector('[data-instant]');
const rows = document.getElementById('rows');
const facets = document.getElementById('facets');
const problem = document.getElementById('q-error');
// No row is lower, in pixels.
const LOW = 34;
let control = null;
let later = 0;
let last = null;

const parameters = () => {
  const asked = new URLSearchParams([...new FormData(field.form)].filter(([, value]) => value));
  asked.delete('view');
  return asked;
};
const boxes = () => [...rows.querySelectorAll('input[name=ref]')];

// Icons that the page has not used so far come with the rows.
function place(into, text) {
  const draft = document.createElement('template');
  draft.innerHTML = text;
  const icons = draft.content.querySelector('svg.symbols');
  const known = document.querySelector('svg.symbols');
  for (const icon of [...(icons?.children ?? [])]) if (!document.getElementById(icon.id)) known.append(icon);
  icons?.remove();
  const open = [...into.querySelectorAll('details')].map((one) => one.open);
  // Rows below the screen come when those on it are painted and nobody types.
  const body = draft.content.querySelector('tbody');
  const below = [...(body?.rows ?? [])].slice(Math.ceil(innerHeight / LOW));
  for (const row of below) row.remove();
  into.replaceChildren(draft.content);
  [...into.querySelectorAll('details')].forEach((one, index) => { if (open[index] !== undefined) one.open = open[index]; });
  return new Promise((done) => {
    const idle = globalThis.requestIdleCallback ?? setTimeout;
    if (below.length) requestAnimationFrame(() => idle(() => { body.append(...below); done(); }));
    else done();
  });
}

async function ask() {
  control?.abort();
  const mine = control = new AbortController();
  const asked = parameters();
  const chosen = new Set(boxes().filter((box) => box.checked).map((box) => box.value));
  try {
    const answer = await fetch(`/catalog/rows?${asked}`, { signal: mine.signal });
    const text = await answer.text();
    if (mine.signal.aborted) return;
    if (answer.ok && answer.headers.get('content-type').startsWith('text/plain')) { problem.textContent = text; return; }
    if (!answer.ok) { field.form.submit(); return; }
    problem.textContent = '';
    const placed = place(rows, text);
    const mark = () => { for (const box of boxes()) box.checked ||= chosen.has(box.value); tell(); };
    mark();
    placed.then(mark);
    const question = asked.toString();
    history.replaceState(history.state, '', question ? `/catalog?${question}` : '/catalog');
    for (const one of document.querySelectorAll('[data-question]')) one.value = question;
    for (const one of document.querySelectorAll('[data-here]')) one.value = location.pathname + location.search;
    clearTimeout(later);
    later = setTimeout(async () => {
      const counts = await fetch(`/catalog/facets?${asked}`, { signal: mine.signal }).catch(() => null);
      if (counts?.ok && !mine.signal.aborted) place(facets, await counts.text());
    }, 150);
  } catch (error) {
    if (error.name !== 'AbortError') problem.textContent = 'The server does not answer; what is shown is older.';
  }
}

function tell() {
  const all = boxes();
  const chosen = all.filter((box) => box.checked).length;
  const words = rows.querySelector('[data-chosen]');
  if (words) words.textContent = `${chosen} chosen`;
  const every = rows.querySelector('[data-all]');
  if (!every) return;
  every.hidden = false;
  every.checked = chosen > 0 && chosen === all.length;
  every.indeterminate = chosen > 0 && chosen < all.length;
}

// Chooses everything between the box that was chosen last and this one.
function choose(box, through) {
  const all = boxes();
  const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((one, other) => one - other);
  if (through && from >= 0) for (const one of all.slice(from, to + 1)) one.checked = box.checked;
  last = box;
  tell();
}

async function star(row) {
  const body = new URLSearchParams({ ref: row.dataset.ref, do: row.querySelector('.starred') ? 'unstar' : 'star' });
  const answer = await fetch('/catalog/bulk', { method: 'POST', body, redirect: 'manual' }).catch(() => null);
  if (!answer) return;
  await ask();
  rows.querySelector(`[data-ref="${CSS.escape(row.dataset.ref)}"] a.name`)?.focus();
}

// What could be written next, in a list below the field.
let offers = [];
let picked = -1;
let asking = null;
const list = document.createElement('ul');
list.id = 'offers';
list.className = 'offers';
list.hidden = true;
list.setAttribute('role', 'listbox');
list.setAttribute('aria-label', 'What could be written');

function close() {
  asking?.abort();
  list.hidden = true;
  offers = [];
  picked = -1;
  field.setAttribute('aria-expanded', 'false');
  field.removeAttribute('aria-activedescendant');
}

function pick(index) {
  picked = (index + offers.length + 1) % (offers.length + 1);
  if (picked === offers.length) picked = -1;
  [...list.children].forEach((item, at) => item.setAttribute('aria-selected', String(at === picked)));
  if (picked < 0) field.removeAttribute('aria-activedescendant');
  else { field.setAttribute('aria-activedescendant', `offer-${picked}`); list.children[picked].scrollIntoView({ block: 'nearest' }); }
}

function take(offer) {
  const letters = [...field.value];
  letters.splice(offer.from, offer.to - offer.from, ...offer.insert);
  field.value = letters.join('');
  const cursor = [...letters.slice(0, offer.from), ...offer.insert].join('').length;
  field.setSelectionRange(cursor, cursor);
  ask();
  if (/[:,]$/.test(offer.insert)) offerNext(); else close();
}

async function offerNext() {
  asking?.abort();
  const mine = asking = new AbortController();
  const cursor = [...field.value.slice(0, field.selectionStart)].length;
  try {
    const answer = await fetch(`/catalog/complete?${new URLSearchParams({ q: field.value, cursor })}`, { signal: mine.signal });
    if (!answer.ok) return;
    offers = (await answer.json()).slice(0, 8);
  } catch { return; }
  if (mine.signal.aborted || document.activeElement !== field) return;
  picked = -1;
  list.replaceChildren(...offers.map((offer, index) => {
    const item = document.createElement('li');
    item.id = `offer-${index}`;
    item.setAttribute('role', 'option');
    item.setAttribute('aria-selected', 'false');
    const text = document.createElement('span');
    text.textContent = offer.insert;
    item.append(text);
    for (const more of [offer.label === offer.insert ? '' : offer.label, offer.count ?? '']) {
      const part = document.createElement('span');
      part.className = 'muted';
      part.textContent = more;
      item.append(part);
    }
    item.addEventListener('pointerdown', (event) => { event.preventDefault(); take(offer); });
    return item;
  }));
  list.hidden = !offers.length;
  field.setAttribute('aria-expanded', String(!list.hidden));
}

if (field && rows) {
  Object.entries({ role: 'combobox', 'aria-expanded': 'false', 'aria-controls': 'offers', 'aria-autocomplete': 'list' })
    .forEach(([name, value]) => field.setAttribute(name, value));
  field.form.append(list);
  let soon = 0;
  field.addEventListener('input', () => {
    ask();
    clearTimeout(soon);
    soon = setTimeout(offerNext, 120);
  });
  field.addEventListener('blur', close);
  field.addEventListener('keydown', (event) => {
    if (list.hidden) return;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') { event.preventDefault(); pick(picked + (event.key === 'ArrowDown' ? 1 : -1)); }
    else if ((event.key === 'Enter' || event.key === 'Tab') && picked >= 0) { event.preventDefault(); take(offers[picked]); }
    else if (event.key === 'Escape') { event.preventDefault(); close(); }
  });
  field.form.addEventListener('submit', (event) => { event.preventDefault(); close(); ask(); });
  field.addEventListener('keydown', (event) => {
    if (event.key !== 'ArrowDown' || event.defaultPrevented) return;
    event.preventDefault();
    rows.querySelector('[data-row] a.name')?.focus();
  });
  rows.addEventListener('click', (event) => {
    const box = event.target.closest('input[type=checkbox]');
    if (box?.name === 'ref') choose(box, event.shiftKey);
    else if (box?.matches('[data-all]')) { for (const one of boxes()) one.checked = box.checked; tell(); }
  });
  document.addEventListener('keydown', (event) => {
    if (event.metaKey || event.ctrlKey || event.altKey || event.target.closest('input:not([type=checkbox]), textarea, select, dialog')) return;
    const row = document.activeElement.closest('[data-row]');
    const box = row?.querySelector('input[name=ref]');
    if (box && event.key.toLowerCase() === 'x') { event.preventDefault(); box.checked = !box.checked; choose(box, event.shiftKey); }
    else if (row && event.key === 's') { event.preventDefault(); star(row); }
    else if (event.key === 'Escape' && boxes().some((one) => one.checked)) { for (const one of boxes()) one.checked = false; tell(); }
  });
  tell();
}
