// The graph: begins at its root, is dragged with the pointer, zoomed with Ctrl and the wheel or with + and -. Whoever
// points at a node, or reaches it with the arrow keys, sees its relations and nothing else.
for (const graph of document.querySelectorAll('.graph:not(.fitted)')) {
  const svg = graph.querySelector('svg.drawing');
  const [width, height] = [Number(svg.getAttribute('width')), Number(svg.getAttribute('height'))];
  let scale = 1;
  const root = svg.querySelector('.root rect');
  if (root) {
    graph.scrollLeft = Number(root.getAttribute('x')) + Number(root.getAttribute('width')) / 2 - graph.clientWidth / 2;
    graph.scrollTop = Number(root.getAttribute('y')) - graph.clientHeight / 2;
  }
  const zoom = (factor, x = graph.clientWidth / 2, y = graph.clientHeight / 2) => {
    const next = Math.min(2.5, Math.max(0.2, scale * factor));
    const [left, top] = [(graph.scrollLeft + x) / scale, (graph.scrollTop + y) / scale];
    scale = next;
    svg.setAttribute('width', width * scale);
    svg.setAttribute('height', height * scale);
    graph.scrollLeft = left * scale - x;
    graph.scrollTop = top * scale - y;
  };
  graph.addEventListener('wheel', (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const box = graph.getBoundingClientRect();
    zoom(event.deltaY < 0 ? 1.15 : 1 / 1.15, event.clientX - box.left, event.clientY - box.top);
  }, { passive: false });
  graph.addEventListener('keydown', (event) => {
    if (event.key === '+' || event.key === '=') zoom(1.2);
    else if (event.key === '-') zoom(1 / 1.2);
    else if (event.key === '0') zoom(1 / scale);
    else if (event.key === 'f') fit();
    else if (event.key.startsWith('Arrow') && event.target.matches('a.node')) { event.preventDefault(); walk(event.target, event.key); }
  });
  const fit = () => zoom(Math.min(1, (graph.clientWidth - 2) / width, (graph.clientHeight - 2) / height) / scale);
  const bar = document.createElement('div');
  bar.className = 'zoom';
  for (const [sign, label, act] of [['−', 'Smaller', () => zoom(1 / 1.25)], ['+', 'Larger', () => zoom(1.25)], ['Fit', 'All of it', fit]]) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'button small';
    button.textContent = sign;
    if (sign !== 'Fit') button.setAttribute('aria-label', label);
    button.title = label;
    button.addEventListener('click', act);
    bar.append(button);
  }
  graph.after(bar);
  let from = null;
  let moved = false;
  graph.addEventListener('pointerdown', (event) => {
    if (event.pointerType === 'mouse' && event.button === 0) from = [event.clientX + graph.scrollLeft, event.clientY + graph.scrollTop];
    moved = false;
  });
  addEventListener('pointermove', (event) => {
    if (!from) return;
    const [left, top] = [from[0] - event.clientX, from[1] - event.clientY];
    if (!moved && Math.hypot(left - graph.scrollLeft, top - graph.scrollTop) < 4) return;
    moved = true;
    graph.classList.add('panning');
    graph.scrollLeft = left;
    graph.scrollTop = top;
  });
  addEventListener('pointerup', () => { from = null; graph.classList.remove('panning'); });
  graph.addEventListener('click', (event) => { if (moved) event.preventDefault(); }, true);
  graph.addEventListener('dragstart', (event) => event.preventDefault());
  const nodes = new Map([...svg.querySelectorAll('a.node')].map((node) => [node.dataset.n, node]));
  const relations = (svg.dataset.edges || '').split(';').filter(Boolean).map((edge) => edge.split(','));
  const drawn = [...svg.querySelectorAll('g.edge')];
  const exact = svg.querySelector('g.exact');
  const place = (node) => ['x', 'y', 'width', 'height'].map((name) => Number(node.querySelector('rect').getAttribute(name)));
  const line = (from, to, relation) => {
    const [x, y, w, h] = place(from);
    const [a, b, v, u] = place(to);
    const [start, end] = a >= x + w ? [x + w, a] : a + v <= x ? [x, a + v] : [x + w, a + v];
    const bend = a >= x + w ? [1, -1] : a + v <= x ? [-1, 1] : [1, 1];
    const reach = Math.max(24, Math.min(120, Math.abs(end - start) / 2));
    const [top, bottom] = [y + h / 2, b + u / 2];
    const group = document.createElementNS(svg.namespaceURI, 'g');
    group.setAttribute('class', `edge ${relation}`);
    for (const [kind, d] of [['', `M${start} ${top}C${start + bend[0] * reach} ${top} ${end + bend[1] * reach} ${bottom} ${end} ${bottom}`],
      ['tip', `M${end + bend[1] * 6} ${bottom - 4}L${end} ${bottom}L${end + bend[1] * 6} ${bottom + 4}`]]) {
      const path = document.createElementNS(svg.namespaceURI, 'path');
      path.setAttribute('d', d);
      path.setAttribute('class', kind);
      group.append(path);
    }
    exact.append(group);
  };
  const quiet = () => {
    svg.classList.remove('focusing');
    for (const lit of svg.querySelectorAll('.lit')) lit.classList.remove('lit');
    if (exact) exact.replaceChildren();
  };
  const show = (node) => {
    quiet();
    const near = new Set([node.dataset.n]);
    for (const [from, to, relation] of relations) {
      if (from !== node.dataset.n && to !== node.dataset.n) continue;
      near.add(from).add(to);
      if (exact) line(nodes.get(from), nodes.get(to), relation);
    }
    for (const edge of drawn) {
      if (edge.dataset.a !== node.dataset.n && edge.dataset.b !== node.dataset.n) continue;
      near.add(edge.dataset.a).add(edge.dataset.b);
      edge.classList.add('lit');
    }
    for (const one of near) nodes.get(one)?.classList.add('lit');
    svg.classList.add('focusing');
  };
  const walk = (from, key) => {
    const middle = (node) => { const [x, y, w, h] = place(node); return [x + w / 2, y + h / 2]; };
    const [x, y] = middle(from);
    const sign = key === 'ArrowRight' || key === 'ArrowDown' ? 1 : -1;
    const across = key === 'ArrowLeft' || key === 'ArrowRight';
    let [best, least] = [null, Infinity];
    for (const node of nodes.values()) {
      const [a, b] = middle(node);
      const [ahead, aside] = across ? [(a - x) * sign, Math.abs(b - y)] : [(b - y) * sign, Math.abs(a - x)];
      if (ahead > 4 && ahead + aside * 3 < least) [best, least] = [node, ahead + aside * 3];
    }
    if (best) { best.focus({ preventScroll: true }); best.scrollIntoView({ block: 'nearest', inline: 'nearest' }); }
  };
  svg.addEventListener('pointerover', (event) => { const node = event.target.closest('a.node'); if (node) show(node); });
  svg.addEventListener('pointerout', (event) => { if (event.target.closest('a.node') && !svg.contains(event.relatedTarget?.closest?.('a.node') ?? null)) quiet(); });
  svg.addEventListener('focusin', (event) => { const node = event.target.closest('a.node'); if (node) show(node); });
  svg.addEventListener('focusout', quiet);
}
