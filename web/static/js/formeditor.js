// form-js in place of the JSON text; the text is what is sent.
const form = document.querySelector('[data-form-editor]');
const text = form.querySelector('textarea');
const canvas = form.querySelector('[data-canvas]');

const library = await import(form.dataset.module);
canvas.hidden = false;
try {
  const editor = await library.openFormEditor({ container: canvas, schema: JSON.parse(text.value) });
  form.querySelector('[data-text]').hidden = true;
  form.addEventListener('submit', () => { text.value = JSON.stringify(editor.schema()); });
  form.dataset.ready = 'true';
} catch {
  canvas.hidden = true;
}
