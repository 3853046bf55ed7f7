// Theme without a round trip, menus that close, messages that go away, print buttons, dialogs.
const root = document.documentElement;

for (const form of document.querySelectorAll('[data-theme-form]')) {
  form.addEventListener('submit', (event) => {
    const chosen = event.submitter?.value;
    if (!chosen) return;
    event.preventDefault();
    if (chosen === 'system') delete root.dataset.theme;
    else root.dataset.theme = chosen;
    for (const button of form.querySelectorAll('button')) {
      button.setAttribute('aria-pressed', String(button === event.submitter));
    }
    const body = new FormData(form, event.submitter);
    fetch(form.action, { method: 'POST', body }).catch(() => {});
  });
}

document.addEventListener('click', (event) => {
  for (const menu of document.querySelectorAll('[data-menu][open]')) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  const target = event.target.closest?.('[data-dismiss], [data-open], [data-close], [data-print]');
  if (!target) return;
  if ('dismiss' in target.dataset) target.parentElement.remove();
  else if ('print' in target.dataset) window.print();
  else if ('close' in target.dataset) target.closest('dialog')?.close();
  else document.getElementById(target.dataset.open)?.showModal();
});

document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  const menu = document.querySelector('[data-menu][open]');
  if (!menu) return;
  menu.open = false;
  menu.querySelector('summary').focus();
});

for (const button of document.querySelectorAll('[data-print]')) button.hidden = false;
for (const dialog of document.querySelectorAll('dialog[open]')) {
  dialog.close();
  dialog.showModal();
}
