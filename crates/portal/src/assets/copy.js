// Copy buttons: shown only where they work.
if (navigator.clipboard) {
  for (const button of document.querySelectorAll('[data-copy]')) button.hidden = false;
  document.addEventListener('click', async (event) => {
    const button = event.target.closest('[data-copy]');
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    button.classList.add('copied');
    const label = button.getAttribute('aria-label');
    button.setAttribute('aria-label', 'Copied');
    setTimeout(() => { button.classList.remove('copied'); button.setAttribute('aria-label', label); }, 1500);
  });
}
// The account menu closes when something else is clicked or Escape is pressed.
const person = document.querySelector('details.person');
if (person) {
  document.addEventListener('click', (event) => { if (!person.contains(event.target)) person.open = false; });
  person.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && person.open) { person.open = false; person.querySelector('summary').focus(); }
  });
}
