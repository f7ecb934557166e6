// Keeps [data-live] as the server sees it: each event of the stream carries the whole fragment.
const place = document.querySelector('[data-live]');
if (place && place.dataset.live) {
  const source = new EventSource(place.dataset.live);
  const replace = (event) => {
    const open = new Set([...place.querySelectorAll('details[open][id]')].map((one) => one.id));
    const active = place.contains(document.activeElement) ? document.activeElement : null;
    const like = active && (active.id ? `#${CSS.escape(active.id)}` : `${active.localName}[href="${CSS.escape(active.getAttribute('href') ?? '')}"]`);
    place.innerHTML = event.data;
    for (const id of open) { const one = document.getElementById(id); if (one) one.open = true; }
    if (active) place.querySelector(like)?.focus({ preventScroll: true });
    const said = place.querySelector('[data-say]');
    const voice = document.getElementById('voice');
    if (said && voice && voice.textContent !== said.dataset.say) voice.textContent = said.dataset.say;
    if (place.querySelector('[data-settled]')) {
      source.close();
      const running = document.querySelector('.running');
      if (running && parseInt(running.textContent, 10) === 1) running.remove();
    }
  };
  source.addEventListener('run', replace);
  addEventListener('pagehide', () => source.close());
}
