// The form editor: form-js, its JSON in and out. What officials see is rendered by the server.
import { FormEditor } from '@bpmn-io/form-js-editor';
import '@bpmn-io/form-js/dist/assets/form-js.css';
import '@bpmn-io/form-js/dist/assets/form-js-editor.css';

export async function openFormEditor({ container, schema }) {
  const editor = new FormEditor({ container });
  await editor.importSchema(schema);
  return {
    editor,
    schema: () => editor.getSchema(),
    onChange: (listener) => editor.on('commandStack.changed', listener),
  };
}
