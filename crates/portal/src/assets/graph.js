// The graph: begins at its root, is dragged with the pointer, zoomed with Ctrl and the wheel or with + and -.
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
  });
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
}
