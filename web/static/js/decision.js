// The editor of a decision table: a copy is written in the dialog and goes into the drawing when one says so.
// POST data-href takes {xml, table} and answers {problems, cells: [{row, column, text}], names}; row 0 is the head.
import { Refused, send } from './request.js';

const form = document.querySelector('[data-decision]');
const dialog = form.closest('dialog');
const words = form.dataset;
const part = (name) => form.querySelector(`[data-${name}]`);
let table;
let put;
let drawing;
let waiting;
let asked = 0;
let dirty = false;

export const isOpen = () => dialog.open && dirty;

export function openTable(found, done, xml) {
  table = structuredClone({ ...found, inputs: bare(found.inputs), outputs: bare(found.outputs), rules: bare(found.rules) });
  for (const list of ['inputs', 'outputs', 'rules']) {
    table[list].forEach((one, index) => { one.source = found[list][index].source; });
  }
  [put, drawing, dirty] = [done, xml, false];
  part('name').value = table.name;
  choose(part('hit'), table.hit);
  choose(part('aggregation'), table.aggregation);
  draw();
  dialog.showModal();
  part('name').focus();
  check();
}

// What was read from the drawing is no plain value and is kept aside while the rest is copied.
const bare = (list) => list.map(({ source, ...rest }) => rest);

function choose(select, value) {
  if (![...select.options].some((option) => option.value === value)) select.add(new Option(value, value));
  select.value = value;
}

const copy = (name) => part(name).content.firstElementChild.cloneNode(true);

function draw() {
  part('collects').hidden = table.hit !== 'COLLECT';
  const corner = document.createElement('th');
  corner.className = 'num';
  corner.scope = 'col';
  corner.textContent = '#';
  part('columns').replaceChildren(corner, ...table.inputs.map(inputHead), ...table.outputs.map(outputHead), document.createElement('td'));
  part('rows').replaceChildren(...table.rules.map(row));
}

function bind(input, owner, name) {
  input.value = owner[name] ?? '';
  input.addEventListener('input', () => { owner[name] = input.value; changed(); });
}

function inputHead(owner, index) {
  const head = copy('input');
  bind(head.querySelector('[data-expression]'), owner, 'expression');
  return column(head, owner, index, table.inputs, 'tests');
}

function outputHead(owner, index) {
  const head = copy('output');
  bind(head.querySelector('[data-variable]'), owner, 'name');
  bind(head.querySelector('[data-otherwise]'), owner, 'otherwise');
  return column(head, owner, index, table.outputs, 'entries');
}

function column(head, owner, index, list, cells) {
  const select = head.querySelector('[data-type]');
  choose(select, owner.type);
  select.addEventListener('change', () => { owner.type = select.value; changed(); });
  const remove = head.querySelector('[data-remove-column]');
  remove.hidden = list === table.outputs && list.length === 1;
  remove.addEventListener('click', () => {
    list.splice(index, 1);
    for (const rule of table.rules) rule[cells].splice(index, 1);
    redraw();
  });
  return head;
}

function row(rule, index) {
  const line = copy('row');
  line.querySelector('th').textContent = index + 1;
  const acts = line.querySelector('td');
  const cell = (cells, place, at) => {
    const box = document.createElement('td');
    const input = document.createElement('input');
    input.spellcheck = false;
    input.autocomplete = 'off';
    input.setAttribute('aria-label', filled(words.cell, index + 1, at + 1));
    bind(input, rule[cells], place);
    box.append(input);
    if (cells === 'entries') box.className = 'output';
    return box;
  };
  acts.before(
    ...rule.tests.map((_, place) => cell('tests', place, place)),
    ...rule.entries.map((_, place) => cell('entries', place, table.inputs.length + place)),
  );
  for (const button of acts.querySelectorAll('[data-move]')) {
    const to = index + Number(button.dataset.move);
    button.disabled = to < 0 || to >= table.rules.length;
    button.addEventListener('click', () => {
      table.rules.splice(to, 0, ...table.rules.splice(index, 1));
      redraw();
      part('rows').rows[to].querySelector(`[data-move="${button.dataset.move}"]`).focus();
    });
  }
  acts.querySelector('[data-remove-row]').addEventListener('click', () => {
    table.rules.splice(index, 1);
    redraw();
    (part('rows').rows[Math.min(index, table.rules.length - 1)] ?? form).querySelector('input').focus();
  });
  return line;
}

const filled = (text, rowNumber, columnNumber) => text.replace('{row}', rowNumber).replace('{column}', columnNumber);

function redraw() {
  draw();
  changed();
}

function add(what) {
  if (what === 'row') table.rules.push({ tests: table.inputs.map(() => '-'), entries: table.outputs.map(() => '') });
  if (what === 'input') {
    table.inputs.push({ expression: '', type: '' });
    for (const rule of table.rules) rule.tests.push('-');
  }
  if (what === 'output') {
    table.outputs.push({ name: '', type: '', otherwise: '' });
    for (const rule of table.rules) rule.entries.push('');
  }
  redraw();
  if (what === 'row') at(table.rules.length, 0)?.focus();
  else at(0, what === 'input' ? table.inputs.length - 1 : table.inputs.length + table.outputs.length - 1)?.focus();
}

// The field of a cell; that of a head is its expression or its name.
function at(rowNumber, place) {
  const line = rowNumber ? part('rows').rows[rowNumber - 1] : part('columns');
  return line?.children[place + 1]?.querySelector('input');
}

function changed() {
  dirty = true;
  clearTimeout(waiting);
  waiting = setTimeout(check, 500);
}

function plain() {
  return {
    id: table.id, name: table.name, hit: table.hit, aggregation: table.hit === 'COLLECT' ? table.aggregation : '',
    inputs: table.inputs.map((one) => one.expression.trim()),
    outputs: table.outputs.map((one) => one.name.trim()),
    defaults: table.outputs.map((one) => one.otherwise.trim()),
    types: [...table.inputs, ...table.outputs].map((one) => one.type),
    rules: table.rules.map(({ tests, entries }) => ({ tests, entries })),
  };
}

async function check() {
  asked += 1;
  const mine = asked;
  const body = JSON.stringify({ xml: await drawing(), table: plain() });
  const told = await send(words.href, { body, headers: { 'Content-Type': 'application/json' } }, words.ended).catch(
    (error) => ({ problems: [(error instanceof Refused && error.message) || words.failed], cells: [], names: [] }),
  );
  if (mine === asked && dialog.open) tell(told);
}

function tell({ problems, cells, names }) {
  for (const input of form.querySelectorAll('table [aria-invalid]')) {
    input.removeAttribute('aria-invalid');
    input.removeAttribute('title');
  }
  document.getElementById('decision-names').replaceChildren(...names.map((name) => new Option(name)));
  const list = document.createElement('ul');
  for (const problem of problems) list.append(item(problem));
  for (const { row: rowNumber, column: place, text } of cells) {
    const input = at(rowNumber, place);
    input?.setAttribute('aria-invalid', 'true');
    if (input) input.title = text;
    list.append(item(text, filled(rowNumber ? words.cell : words.head, rowNumber, place + 1), input));
  }
  const told = part('told');
  const count = list.children.length;
  told.className = count ? 'note bad' : 'note ok';
  const sentence = document.createElement('p');
  sentence.textContent = count ? words.wrong.replace('{count}', count) : words.passed;
  told.replaceChildren(sentence, ...(count ? [list] : []));
}

function item(text, place, input) {
  const line = document.createElement('li');
  if (input) {
    const jump = document.createElement('button');
    Object.assign(jump, { type: 'button', className: 'linkbtn', textContent: place });
    jump.addEventListener('click', () => input.focus());
    line.append(jump, ': ');
  }
  line.append(text);
  return line;
}

function leave() {
  clearTimeout(waiting);
  asked += 1;
  dirty = false;
  dialog.close();
}

function stay(event) {
  if (!dirty) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const told = part('told');
  told.className = 'note warn';
  told.textContent = words.undecided;
}

dialog.addEventListener('cancel', stay);
// A browser lets a second Escape close it all the same.
dialog.addEventListener('close', () => { if (dirty) dialog.showModal(); });
dialog.querySelector('[data-close]').addEventListener('click', stay, { capture: true });
part('drop').addEventListener('click', leave);
part('name').addEventListener('input', (event) => { table.name = event.target.value; changed(); });
part('hit').addEventListener('change', (event) => { table.hit = event.target.value; redraw(); });
part('aggregation').addEventListener('change', (event) => { table.aggregation = event.target.value; changed(); });
for (const button of form.querySelectorAll('[data-add]')) button.addEventListener('click', () => add(button.dataset.add));
// Enter goes down a column as in a spreadsheet, and opens a row below the last.
part('rows').addEventListener('keydown', (event) => {
  if (event.key !== 'Enter' || event.target.tagName !== 'INPUT') return;
  event.preventDefault();
  const cell = event.target.closest('td');
  const [place, line] = [cell.cellIndex - 1, cell.parentElement.sectionRowIndex + 1];
  if (line === table.rules.length) add('row');
  at(line + 1, place)?.focus();
});
form.addEventListener('submit', (event) => {
  event.preventDefault();
  const made = { ...table, ...{ aggregation: plain().aggregation } };
  made.name = table.name.trim() || table.id;
  leave();
  put(made);
});
