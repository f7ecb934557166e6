// The keyboard: places (g c), lists (j, k, Enter), the filter (/), help (?).
const typing = (element) => element.closest('input, textarea, select, [contenteditable], dialog');
const places = new Map([...document.querySelectorAll('.rail a[data-keys]')].map((a) => [a.dataset.keys, a.getAttribute('href')]));
const rows = () => [...document.querySelectorAll('main [data-row], main .rows > li > a')].filter((row) => row.offsetParent);
let pending = '';
let timer = 0;

function move(step) {
  const all = rows();
  if (!all.length) return;
  const index = all.findIndex((row) => row.contains(document.activeElement));
  const next = all[Math.max(0, Math.min(all.length - 1, index + step))];
  (next.matches('a') ? next : next.querySelector('a')).focus();
  next.scrollIntoView({ block: 'nearest' });
}

function help() {
  let dialog = document.getElementById('keys');
  if (!dialog) {
    dialog = document.createElement('dialog');
    dialog.id = 'keys';
    dialog.setAttribute('aria-label', 'Keys');
    const names = new Map([...document.querySelectorAll('.rail a[data-keys]')].map((a) => [a.dataset.keys, a.querySelector('span').textContent]));
    const find = /Mac|iPhone|iPad/.test(navigator.platform) ? '⌘K' : 'Ctrl K';
    const list = [[find, 'Find anything, run any action'], ['/', 'Filter this page'], ['j k', 'Next and previous row'], ['Enter', 'Open the row'], ['x', 'Choose the row'], ['s', 'Star it'],
      ...names, ['Esc', 'Close'], ['?', 'This list']];
    const table = document.createElement('dl');
    for (const [keys, text] of list) {
      const term = document.createElement('dt');
      for (const key of keys.split(' ')) { const kbd = document.createElement('kbd'); kbd.textContent = key; term.append(kbd); }
      const meaning = document.createElement('dd');
      meaning.textContent = text;
      table.append(term, meaning);
    }
    const title = document.createElement('h2');
    title.textContent = 'Keys';
    dialog.append(title, table);
    dialog.addEventListener('click', (event) => { if (event.target === dialog) dialog.close(); });
    document.body.append(dialog);
  }
  dialog.showModal();
}

document.addEventListener('keydown', (event) => {
  if (event.metaKey || event.ctrlKey || event.altKey || event.defaultPrevented) return;
  if (typing(event.target)) {
    if (event.key === 'Escape' && event.target.matches('[data-filter]')) event.target.blur();
    return;
  }
  const chord = pending ? `${pending} ${event.key}` : event.key;
  clearTimeout(timer);
  pending = '';
  if (places.has(chord)) { event.preventDefault(); location.href = places.get(chord); return; }
  if (event.key === 'g') { pending = 'g'; timer = setTimeout(() => { pending = ''; }, 1200); return; }
  if (event.key === 'j') { event.preventDefault(); move(1); }
  else if (event.key === 'k') { event.preventDefault(); move(-1); }
  else if (event.key === '?') { event.preventDefault(); help(); }
  else if (event.key === 's') document.querySelector('[data-star]')?.click();
  else if (event.key === '/') {
    const field = document.querySelector('[data-filter]') || document.querySelector('[data-palette]');
    if (field) { event.preventDefault(); field.focus(); field.select?.(); }
  }
});

// A row that is clicked outside its links opens what its first link opens.
document.addEventListener('click', (event) => {
  const row = event.target.closest('tr[data-row]');
  if (!row || event.target.closest('a, button, input, label, summary') || String(getSelection())) return;
  row.querySelector('a')?.click();
});

// The last entities that were looked at, the newest first, in this browser only. A page that is drawn ahead counts when
// somebody comes to it.
const seen = document.querySelector('[data-seen]')?.dataset.seen;
if (seen) {
  const note = () => {
    const before = document.cookie.split('; ').find((one) => one.startsWith('fairway_recent='))?.slice(15).split('~') ?? [];
    const all = [encodeURIComponent(seen), ...before.filter((one) => one !== encodeURIComponent(seen))].slice(0, 12);
    document.cookie = `fairway_recent=${all.join('~')}; path=/; max-age=31536000; samesite=lax`;
  };
  if (document.prerendering) document.addEventListener('prerenderingchange', note, { once: true });
  else note();
}
