// The designer page: opens the XML, saves it with its etag, shows the server's findings.
// PUT data-save and POST data-lint take application/xml and answer {etag, saved_text, findings, findings_html}.
const page = document.querySelector('[data-designer]');
const words = page.dataset;
const findingsBox = page.querySelector('[data-findings]');
const token = document.querySelector('meta[name="csrf-token"]').content;
let { etag } = words;
let designer;
let clean = true;
let waiting;

function say(text) {
  const place = findingsBox.querySelector('[data-saved]');
  if (place) place.textContent = text;
}

async function send(method, address) {
  if (method === 'PUT') say(words.saving);
  const answer = await fetch(address, {
    method,
    body: await designer.xml(),
    headers: { 'Content-Type': 'application/xml', 'X-CSRFToken': token, 'If-Match': etag },
  });
  if (answer.status === 412 || answer.status === 409) { say(words.stale); return false; }
  if (!answer.ok) {
    const problem = await answer.json().catch(() => ({}));
    say(problem.detail ?? words.failed);
    return false;
  }
  const result = await answer.json();
  const parsed = new DOMParser().parseFromString(result.findings_html, 'text/html');
  findingsBox.replaceChildren(...parsed.body.childNodes);
  designer.showFindings(result.findings);
  say(clean || method === 'PUT' ? result.saved_text : words.changed);
  return result;
}

async function save() {
  clearTimeout(waiting);
  try {
    const result = await send('PUT', words.save);
    if (!result) return false;
    etag = result.etag;
    const field = document.querySelector('[data-etag-field]');
    if (field) field.value = etag;
    clean = true;
    return true;
  } catch {
    say(words.failed);
    return false;
  }
}

function changed() {
  clean = false;
  say(words.changed);
  clearTimeout(waiting);
  waiting = setTimeout(() => send('POST', words.lint).catch(() => {}), 1500);
}

function connect() {
  const acts = {
    undo: () => designer.undo(), simulate: () => designer.simulate(), save,
    fit: () => designer.fit(), 'zoom-in': () => designer.zoom(1), 'zoom-out': () => designer.zoom(-1),
  };
  page.addEventListener('click', (event) => {
    const control = event.target.closest('[data-act], [data-jump]');
    if (!control) return;
    if (control.dataset.jump) designer.jumpTo(control.dataset.jump);
    else acts[control.dataset.act]?.();
  });
  for (const button of page.querySelectorAll('[data-palette] button')) {
    const { type, event: definition, tool } = button.dataset;
    button.draggable = Boolean(type);
    button.addEventListener('dragstart', (event) => {
      event.preventDefault();
      designer.drag(event, { type, event: definition });
    });
    button.addEventListener('click', (event) => {
      if (tool) designer.tool(tool, event);
      else designer.append({ type, event: definition });
    });
  }
  document.addEventListener('keydown', (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 's') {
      event.preventDefault();
      save();
    }
  });
  window.addEventListener('beforeunload', (event) => { if (!clean) event.preventDefault(); });
  const form = document.querySelector('[data-publish]');
  form?.addEventListener('submit', async (event) => {
    if (clean) return;
    event.preventDefault();
    if (await save()) form.requestSubmit();
    else form.closest('dialog').close();
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
  }
  connect();
  if (words.editable === 'true') await send('POST', words.lint).catch(() => say(words.failed));
  page.dataset.ready = 'true';
  page.designer = designer;
}

start();
