// Forms get better with scripts and work without: shown fields, rows, files, keys, focus, busy state.
// The server decides everything again.
import { compile } from './conditions.js';
import { signAtDesk, signEach } from './desk.js';

const compiled = new Map();

function condition(source) {
  if (!compiled.has(source)) {
    try {
      compiled.set(source, compile(source));
    } catch {
      compiled.set(source, null);
    }
  }
  return compiled.get(source);
}

function valueOf(form, name) {
  const inputs = [...form.elements].filter((input) => input.name === name);
  if (!inputs.length) return undefined;
  const [first] = inputs;
  if (first.type === 'radio') return inputs.find((input) => input.checked)?.value ?? null;
  if (first.type === 'checkbox') return first.checked;
  if (first.inputMode === 'numeric' && /^-?\d+$/.test(first.value)) return Number(first.value);
  return first.value === '' ? null : first.value;
}

// Names mean the row's own fields first, then the form's.
function followConditions(form) {
  for (const element of form.querySelectorAll('[data-hide]')) {
    const holds = condition(element.dataset.hide);
    if (!holds) continue;
    const prefix = element.closest('[data-row]')?.dataset.prefix ?? '';
    const look = (name) => {
      const own = prefix && valueOf(form, prefix + name);
      return (own !== undefined && own !== '' ? own : valueOf(form, name)) ?? null;
    };
    element.hidden = holds(look);
  }
}

// After a row came or went: names count from 0 again, ids and labels follow.
function renumber(list) {
  const name = list.dataset.rows;
  [...list.querySelectorAll(':scope > [data-rows-body] > [data-row]')].forEach((row, index) => {
    const before = row.dataset.prefix;
    const after = `${name}.${index}.`;
    const oldId = `f-${before.replaceAll('.', '-')}`;
    const newId = `f-${after.replaceAll('.', '-')}`;
    row.dataset.prefix = after;
    for (const element of row.querySelectorAll('[name], [id], [for], [aria-describedby]')) {
      if (element.name?.startsWith(before)) element.name = after + element.name.slice(before.length);
      for (const attribute of ['id', 'for', 'aria-describedby']) {
        const old = element.getAttribute(attribute);
        if (old) element.setAttribute(attribute, old.replaceAll(oldId, newId));
      }
    }
    const remove = row.querySelector(':scope > [data-remove-row]');
    if (remove) {
      remove.value = `remove:${name}.${index}`;
      remove.setAttribute('aria-label', remove.getAttribute('aria-label').replace(/\d+/, index + 1));
    }
  });
}

function emptied(row) {
  const fresh = row.cloneNode(true);
  for (const field of fresh.querySelectorAll('[id$="-e"]')) field.remove();
  for (const input of fresh.querySelectorAll('input, select, textarea')) {
    input.removeAttribute('aria-invalid');
    if (input.type === 'radio' || input.type === 'checkbox') input.checked = input.defaultChecked;
    else if (input.tagName === 'SELECT') input.selectedIndex = 0;
    else input.value = '';
  }
  return fresh;
}

// A list without any row asks the server for its first one.
function enhanceRows(form) {
  form.addEventListener('click', (event) => {
    const add = event.target.closest('[data-add-row]');
    const remove = event.target.closest('[data-remove-row]');
    if (!add && !remove) return;
    const list = (add ?? remove).closest('[data-rows]');
    const body = list.querySelector('[data-rows-body]');
    if (body.children.length < (add ? 1 : 2)) return;
    event.preventDefault();
    if (add) {
      body.append(emptied(body.lastElementChild));
      renumber(list);
      body.lastElementChild.querySelector('input, select, textarea')?.focus();
    } else {
      const row = remove.closest('[data-row]');
      const neighbour = row.nextElementSibling ?? row.previousElementSibling;
      row.remove();
      renumber(list);
      neighbour.querySelector('input, select, textarea')?.focus();
    }
    followConditions(form);
  });
}

function showChosen(input) {
  const list = input.closest('.field').querySelector('[data-chosen]');
  list.replaceChildren(...[...input.files].map((file) => {
    const line = document.createElement('div');
    line.className = 'file';
    const name = document.createElement('span');
    name.textContent = file.name;
    const size = document.createElement('small');
    size.className = 'faint nb';
    const kilobytes = Math.max(1, Math.round(file.size / 1024));
    size.textContent = kilobytes < 1024 ? `${kilobytes} KB` : `${(kilobytes / 1024).toFixed(1).replace('.', ',')} MB`;
    line.append(name, size);
    return line;
  }));
}

function addFiles(input, files) {
  const transfer = new DataTransfer();
  const chosen = input.multiple ? [...input.files, ...files] : [...files].slice(0, 1);
  chosen.forEach((file) => transfer.items.add(file));
  input.files = transfer.files;
  showChosen(input);
}

function enhanceFiles(form) {
  const inputs = [...form.querySelectorAll('.drop input[type="file"]')];
  for (const input of inputs) {
    const drop = input.closest('.drop');
    input.addEventListener('change', () => showChosen(input));
    drop.addEventListener('dragover', (event) => {
      event.preventDefault();
      drop.classList.add('over');
    });
    drop.addEventListener('dragleave', () => drop.classList.remove('over'));
    drop.addEventListener('drop', (event) => {
      event.preventDefault();
      drop.classList.remove('over');
      addFiles(input, event.dataTransfer.files);
    });
  }
  if (inputs.length) {
    form.addEventListener('paste', (event) => {
      if (event.clipboardData?.files.length) addFiles(inputs[0], event.clipboardData.files);
    });
  }
}

function enhanceSending(form) {
  form.addEventListener('keydown', (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key === 'Enter') {
      event.preventDefault();
      form.requestSubmit(form.querySelector('[data-main]') ?? undefined);
    }
  });
  form.addEventListener('submit', (event) => {
    if (form.dataset.sent) {
      event.preventDefault();
      return;
    }
    form.dataset.sent = '1';
    const button = event.submitter;
    if (button && form.dataset.busy) {
      button.setAttribute('aria-busy', 'true');
      button.dataset.words = button.textContent;
      button.textContent = form.dataset.busy;
    }
  });
}

// What is typed is kept on the server while one types: a session that ends or a closed lid takes nothing.
// Files go with the button alone, and secrets never.
function keepWhileTyping(form) {
  const told = form.querySelector('[data-kept]');
  let waiting = null;
  let running = null;
  async function keep() {
    clearTimeout(waiting);
    waiting = null;
    if (form.dataset.sent || !form.isConnected) return;
    const body = new FormData(form);
    for (const input of form.querySelectorAll('input[type="file"], input[type="password"]')) body.delete(input.name);
    for (const input of form.querySelectorAll('.file input[type="checkbox"]:checked')) body.append(input.name, input.value);
    running?.abort();
    running = new AbortController();
    try {
      const answer = await fetch(form.dataset.keep, {
        method: 'POST', body, headers: { 'X-Partial': 'unsent' }, signal: running.signal,
      });
      if (!answer.ok) throw new Error(String(answer.status));
      told.textContent = (await answer.json()).text;
      told.classList.remove('bad');
    } catch (error) {
      if (error.name === 'AbortError' || form.dataset.sent) return;
      told.textContent = form.dataset.unkept;
      told.classList.add('bad');
    }
  }
  const later = () => {
    clearTimeout(waiting);
    waiting = setTimeout(keep, 1500);
  };
  form.addEventListener('input', later);
  form.addEventListener('change', later);
  form.addEventListener('submit', () => {
    clearTimeout(waiting);
    running?.abort();
  });
  document.addEventListener('visibilitychange', () => {
    if (document.hidden && waiting) keep();
  });
}

// Buttons say what they do: the words of the outcome that is chosen.
function sayOutcome(form) {
  const buttons = [...form.querySelectorAll('button[data-says]')];
  const chosen = form.querySelector('input[name="outcome"]:checked');
  if (!chosen) return;
  const act = chosen.closest('label').textContent.trim();
  for (const button of buttons) {
    const words = button.dataset.says.replace('{act}', act);
    if (button.textContent !== words) button.textContent = words;
  }
}

export function enhance(root) {
  for (const form of root.querySelectorAll('[data-step-form], form[data-busy]')) {
    if (form.dataset.enhanced) continue;
    form.dataset.enhanced = '1';
    enhanceRows(form);
    enhanceFiles(form);
    if (form.hasAttribute('data-desk-batch')) signEach(form);
    else if (form.dataset.desk) signAtDesk(form);
    enhanceSending(form);
    if (form.dataset.keep) keepWhileTyping(form);
    const follow = () => {
      followConditions(form);
      sayOutcome(form);
    };
    form.addEventListener('input', follow);
    form.addEventListener('change', follow);
    follow();
  }
  root.querySelector('[data-error-summary]')?.focus();
}

document.addEventListener('click', (event) => {
  const link = event.target.closest?.('.errsum a[href^="#"]');
  const field = link && document.getElementById(link.hash.slice(1));
  if (!field) return;
  event.preventDefault();
  const input = field.matches('input, select, textarea') ? field : field.querySelector('input, select, textarea') ?? field;
  input.focus();
  input.scrollIntoView({ block: 'center' });
});

// Coming back by the browser's own button finds the form ready again.
window.addEventListener('pageshow', (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll('form[data-sent]')) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll('[aria-busy]')) {
      button.removeAttribute('aria-busy');
      button.textContent = button.dataset.words;
    }
  }
});

document.addEventListener('congvan:loaded', (event) => enhance(event.target));
enhance(document);
