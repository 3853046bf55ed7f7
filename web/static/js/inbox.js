// The inbox by keyboard: j k move, Enter opens, x selects, e sends. Previews load as partials, only when asked for:
// the journal tells what an officer has opened.
import { mayAct } from './keys.js';

const inbox = document.querySelector('[data-inbox]');
const preview = inbox.querySelector('[data-preview]');
const list = inbox.querySelector('[data-list]');
const wide = matchMedia('(min-width: 800px)');
const rows = () => [...list.querySelectorAll('[data-row]')];
let loading = null;

async function partial(href, signal) {
  const answer = await fetch(href, { headers: { 'X-Partial': 'preview' }, signal });
  if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
  return answer.text();
}

function skeleton() {
  const waiting = document.createElement('div');
  waiting.className = 'skel';
  waiting.setAttribute('aria-busy', 'true');
  waiting.append(...[1, 2, 3].map(() => document.createElement('span')));
  preview.replaceChildren(waiting);
}

function mark(row) {
  for (const other of rows()) {
    const selected = other === row;
    other.classList.toggle('sel', selected);
    const link = other.querySelector('a');
    if (selected) link.setAttribute('aria-current', 'true');
    else link.removeAttribute('aria-current');
  }
  row.classList.remove('unread');
  row.scrollIntoView({ block: 'nearest' });
}

function isHalfWritten() {
  const form = preview.querySelector('[data-step-form]');
  return form?.dataset.touched === '1';
}

async function show(row, { remember = true } = {}) {
  const { href } = row.querySelector('a');
  loading?.abort();
  loading = new AbortController();
  const { signal } = loading;
  mark(row);
  const slow = setTimeout(skeleton, 300);
  try {
    const html = await partial(href, signal);
    if (signal.aborted) return;
    // Our own server's markup, parsed without running anything in it.
    const parsed = new DOMParser().parseFromString(html, 'text/html');
    preview.replaceChildren(...parsed.body.childNodes);
    if (remember) history.pushState({ item: href }, '', href);
    preview.dispatchEvent(new CustomEvent('congvan:loaded', { bubbles: true }));
  } catch (error) {
    if (error.name !== 'AbortError') location.assign(href);
  } finally {
    clearTimeout(slow);
  }
}

function current() {
  return list.querySelector('[data-row].sel');
}

function move(step) {
  const all = rows();
  const at = all.indexOf(current());
  const row = all[Math.max(0, Math.min(all.length - 1, at + step))];
  if (!row || row === current()) return;
  row.querySelector('a').focus({ preventScroll: true });
  if (wide.matches && !isHalfWritten()) show(row);
  else mark(row);
}

function countSelected() {
  const bulk = document.querySelector('[data-bulk]');
  if (!bulk) return;
  const chosen = list.querySelectorAll('input[name="items"]:checked').length;
  bulk.hidden = chosen === 0;
  const words = bulk.querySelector('[data-bulk-count]');
  words.textContent = words.dataset.text.replace('{n}', chosen);
}

preview.addEventListener('input', (event) => {
  const form = event.target.closest('[data-step-form]');
  if (form) form.dataset.touched = '1';
});
list.addEventListener('change', countSelected);
list.addEventListener('click', (event) => {
  const link = event.target.closest('[data-row] a');
  if (!link || !wide.matches || isHalfWritten()) return;
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  show(link.closest('[data-row]'));
});
window.addEventListener('popstate', () => location.reload());

document.addEventListener('keydown', (event) => {
  if (!mayAct(event)) return;
  const acts = {
    j: () => move(1),
    k: () => move(-1),
    x: () => current()?.querySelector('input[type="checkbox"]')?.click(),
    e: () => {
      const form = preview.querySelector('[data-step-form]');
      form?.requestSubmit(form.querySelector('[data-main]') ?? undefined);
    },
    Enter: () => {
      if (!event.target.closest('a, button, summary, [data-step-form]')) current()?.querySelector('a').click();
      else return false;
      return true;
    },
  };
  const act = acts[event.key];
  if (act && act() !== false) event.preventDefault();
});

countSelected();
