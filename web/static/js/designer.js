// The designer page: opens the XML, shows the server's findings as one draws, publishes without losing the drawing.
// POST data-lint takes application/xml and answers {findings, findings_html}.
import { isOpen, openTable } from './decision.js';
import { Refused, send } from './request.js';

const page = document.querySelector('[data-designer]');
const words = page.dataset;
const findingsBox = page.querySelector('[data-findings]');
let designer;
let clean = true;
let reopened = false;
let waiting;
let way = [];

function say(text) {
  const place = findingsBox.querySelector('[data-saved]');
  if (place) place.textContent = text;
}

function show(result) {
  const parsed = new DOMParser().parseFromString(result.findings_html, 'text/html');
  findingsBox.replaceChildren(...parsed.body.childNodes);
  designer.showFindings(result.findings);
  showWay(findingsBox.querySelector('[data-way][aria-pressed="true"]'));
}

// The way by which a document would go against a rule, in red: that of the finding one chose, at first of the first.
function showWay(chosen) {
  const canvas = designer.modeler.get('canvas');
  const registry = designer.modeler.get('elementRegistry');
  for (const id of way) if (registry.get(id)) canvas.removeMarker(id, 'on-way');
  way = chosen?.dataset.way.split(' ').filter((id) => registry.get(id)) ?? [];
  for (const id of way) canvas.addMarker(id, 'on-way');
  for (const one of findingsBox.querySelectorAll('[data-way]')) one.setAttribute('aria-pressed', String(one === chosen));
}

// What is wrong in a decision table is shown in the table.
function jump(id) {
  if (!designer.jumpTo(id)) designer.showTable(id);
}

async function check() {
  say(words.saving);
  const xml = await designer.xml();
  if (clean) forget();
  else keep(xml);
  show(await send(words.lint, { body: xml, headers: { 'Content-Type': 'application/xml' } }, words.ended));
  say(clean ? '' : words.changed);
}

const why = (error) => (error instanceof Refused && error.message) || words.failed;

// What is drawn and not published stays in this browser: a session, a tab or the power may end.
const SHELF = `congvan-drawing:${location.pathname}`;

function keep(xml) {
  try {
    localStorage.setItem(SHELF, JSON.stringify({ xml, base: words.base, at: new Date().toISOString() }));
  } catch {
    // a browser that keeps nothing, or no more
  }
}

function kept() {
  try {
    return JSON.parse(localStorage.getItem(SHELF));
  } catch {
    return null;
  }
}

const forget = () => { try { localStorage.removeItem(SHELF); } catch { /* nothing is kept */ } };

function offerKept() {
  const found = kept();
  const offer = page.querySelector('[data-kept]');
  if (!found?.xml || !offer) return;
  const at = new Date(found.at).toLocaleString(words.language === 'vi' ? 'vi-VN' : 'en-GB', { dateStyle: 'short', timeStyle: 'short' });
  offer.querySelector('[data-kept-text]').textContent =
    words.left.replace('{at}', at) + (found.base === words.base ? '' : ` ${words.moved}`);
  offer.hidden = false;
  designer.fit();
  offer.querySelector('[data-reopen]').addEventListener('click', async () => {
    offer.hidden = true;
    await designer.modeler.importXML(found.xml).catch((error) => say(error.message));
    designer.fit();
    reopened = true;
    changed();
  });
  offer.querySelector('[data-forget]').addEventListener('click', () => { offer.hidden = true; forget(); });
}

// The report opens as a page of its own; the drawing stays where it is.
async function rehearse(form, button) {
  const page = document.createElement('form');
  page.method = 'post';
  page.target = '_blank';
  page.action = button.dataset.rehearse;
  const sent = { csrf_token: form.elements.csrf_token.value, xml: await designer.xml() };
  for (const [name, value] of Object.entries(sent)) {
    const field = document.createElement('input');
    field.type = 'hidden';
    field.name = name;
    field.value = value;
    page.append(field);
  }
  document.body.append(page);
  page.submit();
  page.remove();
}

async function publish(form) {
  form.querySelector('[data-xml-field]').value = await designer.xml();
  const result = await send(form.action, { body: () => new FormData(form) }, words.ended);
  clean = true;
  forget();
  location.assign(result.location);
}

// The errors stand in the dialog as well: it covers their list.
function refuse(form, error) {
  const refusal = form.querySelector('[data-refusal]');
  const { findings = [], findings_html: html } = error.problem ?? {};
  const errors = findings.filter(({ severity }) => severity === 'error');
  const list = document.createElement('ul');
  list.append(...errors.map((one) => item([one[words.language] ?? one.vi, one.citation].filter(Boolean).join(' · '))));
  refusal.replaceChildren(why(error), ...(errors.length ? [list] : []));
  refusal.hidden = false;
  if (html) show(error.problem);
}

// Whoever publishes reads first what differs from the version in use.
async function sum(form) {
  const [details, unchanged] = [form.querySelector('[data-changes]'), form.querySelector('[data-unchanged]')];
  for (const part of [details, unchanged, form.querySelector('[data-refusal]')]) part.hidden = true;
  if (!clean) {
    clearTimeout(waiting);
    try {
      await check();
    } catch (error) {
      refuse(form, error);
      return;
    }
  }
  const found = [...findingsBox.querySelectorAll('.changes li')].map((line) => line.textContent);
  unchanged.hidden = found.length > 0;
  details.hidden = !found.length;
  details.querySelector('ul').replaceChildren(...found.map(item));
}

function item(text) {
  const line = document.createElement('li');
  line.textContent = text;
  return line;
}

// What was taken back to the beginning is no change.
function changed() {
  clean = !reopened && !designer.isDirty();
  say(clean ? '' : words.changed);
  clearTimeout(waiting);
  waiting = setTimeout(() => check().catch((error) => say(why(error))), 1500);
}

function connect() {
  const acts = {
    undo: () => designer.undo(), redo: () => designer.redo(), simulate: () => designer.simulate(),
    fit: () => designer.fit(), 'zoom-in': () => designer.zoom(1), 'zoom-out': () => designer.zoom(-1),
  };
  page.addEventListener('click', (event) => {
    const control = event.target.closest('[data-act], [data-jump], [data-way]');
    if (!control) return;
    if (control.dataset.way) showWay(control);
    else if (control.dataset.jump) jump(control.dataset.jump);
    else acts[control.dataset.act]?.();
  });
  for (const button of page.querySelectorAll('[data-palette] button')) {
    const { type, event: definition, tool } = button.dataset;
    // A step has a name from the start: findings call it by that.
    const name = /Task|Activity/.test(type ?? '') ? button.textContent.trim() : '';
    button.draggable = Boolean(type);
    button.addEventListener('dragstart', (event) => {
      event.preventDefault();
      designer.drag(event, { type, event: definition, name });
    });
    button.addEventListener('click', (event) => {
      if (tool) designer.tool(tool, event);
      else designer.append({ type, event: definition, name });
    });
  }
  window.addEventListener('beforeunload', (event) => { if (!clean || isOpen()) event.preventDefault(); });
  const form = document.querySelector('[data-publish]');
  document.querySelector('[data-act="publish"]')?.addEventListener('click', () => sum(form));
  const rehearsal = form?.querySelector('[data-rehearse]');
  rehearsal?.addEventListener('click', () => rehearse(form, rehearsal));
  form?.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = event.submitter;
    button?.setAttribute('aria-busy', 'true');
    await publish(form).catch((error) => refuse(form, error));
    button?.removeAttribute('aria-busy');
  });
}

async function start() {
  const library = await import(words.module);
  const answer = await fetch(words.xml, { headers: { Accept: 'application/xml' } });
  if (!answer.ok) { say(words.failed); return; }
  const xml = await answer.text();
  const canvas = page.querySelector('[data-canvas]');
  const panel = page.querySelector('[data-panel]');
  const drawing = [...canvas.childNodes];
  const withoutScript = panel.querySelector('[data-without-script]');
  canvas.replaceChildren();
  withoutScript.hidden = true;
  try {
    designer = await library.openDesigner({
      container: canvas, panel, xml, language: words.language, vocabulary: JSON.parse(words.vocabulary),
      openTable: (table, put) => openTable(table, put, () => designer.xml()),
    });
  } catch (error) {
    canvas.replaceChildren(...drawing);
    withoutScript.hidden = false;
    say(error.message);
    return;
  }
  page.querySelector('[data-zoom]').hidden = false;
  if (words.editable === 'true') {
    for (const button of page.querySelectorAll('[data-act][hidden]')) button.hidden = false;
    designer.onChange(changed);
    offerKept();
  }
  connect();
  // The page came with what the server found; only what is drawn from now on is asked again.
  designer.showFindings(JSON.parse(words.found).map((one) => ({ ...one, [words.language]: one.text })));
  showWay(findingsBox.querySelector('[data-way][aria-pressed="true"]'));
  page.dataset.ready = 'true';
  page.designer = designer;
}

start();
