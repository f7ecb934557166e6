// Asks what an edited policy would do, a moment after the last key; an older question is given up.
const form = document.querySelector('form[data-what-if]');
if (form) {
  const text = form.elements.content;
  const gutter = document.getElementById('policy-gutter');
  const verdict = document.getElementById('policy-verdict');
  let waiting = 0;
  let asking = null;
  const follow = () => { gutter.scrollTop = text.scrollTop; };
  const ask = async () => {
    asking?.abort();
    asking = new AbortController();
    const own = asking;
    verdict.setAttribute('aria-busy', 'true');
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(form.dataset.whatIf, { method: 'POST', body, signal: own.signal }).catch(() => null);
    const drawn = answer?.ok ? await answer.text().catch(() => null) : null;
    if (own !== asking) return;
    verdict.removeAttribute('aria-busy');
    if (drawn === null) return;
    const next = new DOMParser().parseFromString(drawn, 'text/html');
    const open = [...verdict.querySelectorAll('details[open][id]')].map((one) => one.id);
    const symbols = document.querySelector('svg.symbols');
    for (const one of next.querySelectorAll('symbol')) if (!document.getElementById(one.id)) symbols.append(one);
    for (const part of next.querySelectorAll('[data-part]')) document.getElementById(part.dataset.part).replaceChildren(...part.childNodes);
    for (const id of open) { const one = document.getElementById(id); if (one) one.open = true; }
    follow();
  };
  form.addEventListener('input', () => { clearTimeout(waiting); waiting = setTimeout(ask, 250); });
  text.addEventListener('scroll', follow);
  ask();
}
