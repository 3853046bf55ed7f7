// Ctrl K commands, matched without accents; "/" to search; "?" lists the keys of the page.
import { SWITCH, keysAreOff, mayAct } from './keys.js';

const plain = (text) =>
  text.normalize('NFD').replace(/\p{M}/gu, '').replace(/[đĐ]/g, 'd').toLowerCase().trim();

const commands = document.getElementById('commands');
const keys = document.getElementById('keys');

function gather() {
  return [...document.querySelectorAll('[data-command]')].map((link) => {
    const label = link.dataset.command || link.querySelector('.label')?.textContent || link.textContent;
    return { label: label.trim(), words: plain(label), open: () => link.click() };
  });
}

function openCommands() {
  const input = commands.querySelector('input');
  const list = commands.querySelector('ul');
  const all = gather();
  let shown = [];
  let at = 0;

  const mark = () => {
    [...list.children].forEach((item, index) => {
      item.setAttribute('aria-selected', String(index === at));
      if (index === at) {
        input.setAttribute('aria-activedescendant', item.id);
        item.scrollIntoView({ block: 'nearest' });
      }
    });
  };
  const show = () => {
    const wanted = plain(input.value).split(/\s+/);
    shown = all.filter(({ words }) => wanted.every((part) => words.includes(part)));
    at = 0;
    list.replaceChildren(...shown.map(({ label }, index) => {
      const item = document.createElement('li');
      item.id = `command-${index}`;
      item.role = 'option';
      item.textContent = label;
      return item;
    }));
    mark();
  };
  const run = (index) => {
    commands.close();
    shown[index]?.open();
  };

  input.value = '';
  input.oninput = show;
  input.onkeydown = (event) => {
    if (event.key === 'Enter') {
      event.preventDefault();
      run(at);
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      at = (at + (event.key === 'ArrowDown' ? 1 : shown.length - 1)) % Math.max(shown.length, 1);
      mark();
    }
  };
  list.onclick = (event) => {
    const item = event.target.closest('li');
    if (item) run([...list.children].indexOf(item));
  };
  show();
  commands.showModal();
  input.focus();
}

function openKeys() {
  keys.querySelector('[data-keys-here]').replaceChildren(
    ...[...document.querySelectorAll('[data-keys] > span')].map((source) => {
      const item = document.createElement('li');
      const caps = document.createElement('span');
      caps.append(...[...source.querySelectorAll('kbd')].map((cap) => cap.cloneNode(true)));
      item.append(caps, source.textContent.replace([...source.querySelectorAll('kbd')].map((cap) => cap.textContent).join(''), '').trim());
      return item;
    }),
  );
  const off = keys.querySelector('[data-keys-off]');
  off.checked = keysAreOff();
  off.onchange = () => localStorage.setItem(SWITCH, off.checked ? '1' : '0');
  keys.showModal();
}

if (commands && keys) {
  document.addEventListener('keydown', (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
      event.preventDefault();
      openCommands();
      return;
    }
    if (!mayAct(event)) return;
    if (event.key === '/') {
      event.preventDefault();
      document.getElementById('q')?.focus();
    } else if (event.key === '?') {
      event.preventDefault();
      openKeys();
    }
  });
}
