// Keeps the page as the server would draw it now, for as long as somebody looks at it. One stream per visible
// page: a browser has few connections to a server, and hidden tabs must not use them up.
const content = document.getElementById('content');
const address = content && content.dataset.follow;
if (address) {
  let source = null;
  let waiting = 0;
  let stale = false;
  const busy = () => {
    const active = document.activeElement;
    return (content.contains(active) && active.matches('input, textarea, select')) || content.querySelector('dialog[open], .menu-choice[open], input[name=ref]:checked');
  };
  // What has the focus is found again by its name, by where it leads, or by its place among its like.
  const selector = (element) => {
    if (element.id) return `#${CSS.escape(element.id)}`;
    const href = element.getAttribute('href');
    return href ? `${element.localName}[href="${CSS.escape(href)}"]` : element.localName;
  };
  const refresh = async () => {
    waiting = 0;
    if (document.hidden || busy()) { stale = true; return; }
    stale = false;
    const answer = await fetch(location.href, { headers: { accept: 'text/html' } }).catch(() => null);
    if (!answer || !answer.ok) return;
    const next = new DOMParser().parseFromString(await answer.text(), 'text/html');
    const fresh = next.getElementById('content');
    if (!fresh || fresh.innerHTML === content.innerHTML || busy()) return;
    const open = [...content.querySelectorAll('details')].map((one) => one.open);
    const active = content.contains(document.activeElement) && document.activeElement !== content ? document.activeElement : null;
    const like = active && selector(active);
    const place = active && [...content.querySelectorAll(like)].indexOf(active);
    const symbols = document.querySelector('svg.symbols');
    const drawn = next.querySelector('svg.symbols');
    if (symbols && drawn) symbols.innerHTML = drawn.innerHTML;
    content.innerHTML = fresh.innerHTML;
    const now = [...content.querySelectorAll('details')];
    if (now.length === open.length) now.forEach((one, index) => { one.open = open[index]; });
    if (active) [...content.querySelectorAll(like)].at(place)?.focus({ preventScroll: true });
  };
  const soon = () => { if (!waiting) waiting = setTimeout(refresh, 120); };
  const listen = () => {
    if (source || document.hidden) return;
    source = new EventSource(address);
    source.addEventListener('changed', soon);
  };
  const stop = () => { if (source) source.close(); source = null; };
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) { stop(); stale = true; } else { listen(); soon(); }
  });
  addEventListener('focusout', () => { if (stale) soon(); });
  addEventListener('pagehide', stop);
  addEventListener('pageshow', (event) => { if (event.persisted) { listen(); soon(); } });
  // A page that is drawn ahead of a click has nobody who looks at it yet.
  if (document.prerendering) document.addEventListener('prerenderingchange', listen, { once: true });
  else listen();
}
