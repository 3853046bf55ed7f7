// Decision tables in the drawing: DMN 1.3 in the extension elements, read and written as plain tables.
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';

const DMN = 'https://www.omg.org/spec/DMN/20191111/MODEL/';
const OWN_CHILDREN = ['input', 'output', 'rule'];

const localName = (element) => element.$type.split(':').pop();
const isDmn = (element, name) => element.$descriptor?.ns?.uri === DMN && (!name || localName(element) === name);
const children = (element, name) => (element?.$children ?? []).filter((child) => isDmn(child, name));
const textOf = (element) => (children(element, 'text')[0]?.$body ?? '').trim();
const attributesOf = (element) =>
  Object.fromEntries(Object.entries(element ?? {}).filter(([name]) => !name.startsWith('$')));

function* holders(element) {
  if (element.get('extensionElements')) yield element;
  for (const inner of [...(element.rootElements ?? []), ...(element.flowElements ?? [])]) yield* holders(inner);
}

// A column and a row keep the element they were read from, so that what the editor does not show stays.
function read({ decision }) {
  const drawn = children(decision, 'decisionTable')[0];
  const inputs = children(drawn, 'input').map((source) => {
    const asked = children(source, 'inputExpression')[0];
    return { source, expression: textOf(asked), type: asked?.typeRef ?? '' };
  });
  const outputs = children(drawn, 'output').map((source) => ({
    source,
    name: source.name ?? decision.id,
    type: source.typeRef ?? '',
    otherwise: textOf(children(source, 'defaultOutputEntry')[0]),
  }));
  const rules = children(drawn, 'rule').map((source) => ({
    source,
    tests: children(source, 'inputEntry').map(textOf),
    entries: children(source, 'outputEntry').map(textOf),
  }));
  return {
    id: decision.id,
    name: decision.name ?? decision.id,
    hit: drawn.hitPolicy ?? 'UNIQUE',
    aggregation: drawn.aggregation ?? '',
    inputs, outputs, rules,
  };
}

export default class Decisions {
  constructor(modeler, moddle, bpmnFactory, commandStack, canvas) {
    Object.assign(this, { _modeler: modeler, _moddle: moddle, _factory: bpmnFactory, _stack: commandStack, _canvas: canvas });
  }

  *_drawn() {
    for (const holder of holders(this._modeler.getDefinitions())) {
      for (const file of holder.extensionElements.get('values') ?? []) {
        for (const decision of isDmn(file, 'definitions') ? children(file, 'decision') : []) {
          if (children(decision, 'decisionTable').length) yield { holder, file, decision };
        }
      }
    }
  }

  list() {
    return [...this._drawn()].map(read);
  }

  fresh(name) {
    const known = new Set(this.list().map((table) => table.id));
    let number = 1;
    while (known.has(`bang_${number}`) || this._moddle.ids.assigned(`bang_${number}`)) number += 1;
    return {
      id: `bang_${number}`, name: `${name} ${number}`, hit: 'UNIQUE', aggregation: '',
      inputs: [{ expression: '', type: '' }],
      outputs: [{ name: '', type: '', otherwise: '' }],
      rules: [{ tests: ['-'], entries: [''] }],
    };
  }

  // One step back undoes the whole of it: the table, and the step that is to ask it.
  put(table, element) {
    const found = [...this._drawn()].find(({ decision }) => decision.id === table.id);
    const commands = found ? [this._replaced(found, table)] : [this._added(table, element)];
    if (element && is(element, 'bpmn:BusinessRuleTask')) {
      commands.push(this._set(element, getBusinessObject(element), { 'congvan:decision': table.id }));
    }
    this._run(commands);
  }

  remove(id) {
    const found = [...this._drawn()].find(({ decision }) => decision.id === id);
    if (found) this._run([this._replaced(found, null)]);
  }

  _run(commands) {
    this._stack.execute('properties-panel.multi-command-executor', commands);
  }

  _set(element, moddleElement, properties) {
    return {
      cmd: 'element.updateModdleProperties',
      context: { element: element ?? this._canvas.getRootElement(), moddleElement, properties },
    };
  }

  _replaced({ holder, file, decision }, table) {
    const kept = (file.$children ?? []).flatMap((child) => {
      if (child !== decision) return [child];
      return table ? [this._decision(table, decision)] : [];
    });
    const extensions = holder.extensionElements;
    const others = extensions.get('values');
    const values = kept.some((child) => isDmn(child, 'decision'))
      ? others.map((one) => (one === file ? this._copy(file, kept) : one))
      : others.filter((one) => one !== file);
    if (!values.length) return this._set(null, holder, { extensionElements: undefined });
    return this._set(null, extensions, { values });
  }

  _added(table, element) {
    let process = getBusinessObject(element ?? this._canvas.getRootElement());
    while (process && !is(process, 'bpmn:Process')) process = process.processRef ?? process.$parent;
    process ??= this._modeler.getDefinitions().rootElements.find((one) => is(one, 'bpmn:Process'));
    const file = this._make('definitions', { id: `${table.id}_dmn`, name: table.name, namespace: 'urn:congvan:dmn' }, [
      this._decision(table),
    ]);
    const extensions = process.extensionElements;
    if (extensions) return this._set(null, extensions, { values: [...(extensions.get('values') ?? []), file] });
    const made = this._factory.create('bpmn:ExtensionElements', { values: [file] });
    made.$parent = process;
    return this._set(null, process, { extensionElements: made });
  }

  _make(name, attributes, inner) {
    return this._moddle.createAny(`dmn:${name}`, DMN, { ...attributes, ...(inner && { $children: inner }) });
  }

  _copy(source, inner) {
    return this._moddle.createAny(source.$type, source.$descriptor.ns.uri, { ...attributesOf(source), $children: inner });
  }

  _text(name, text, attributes = {}) {
    return this._make(name, attributes, [this._moddle.createAny('dmn:text', DMN, { $body: text })]);
  }

  _others(source, ...names) {
    return (source?.$children ?? []).filter((child) => !names.includes(localName(child)));
  }

  _decision(table, before) {
    const drawn = children(before, 'decisionTable')[0];
    const attributes = { id: `${table.id}_rules`, ...attributesOf(drawn), hitPolicy: table.hit };
    delete attributes.aggregation;
    if (table.aggregation) attributes.aggregation = table.aggregation;
    const [annotations, rest] = [this._others(drawn, ...OWN_CHILDREN), this._others(before, 'decisionTable')];
    return this._make('decision', { ...attributesOf(before), id: table.id, name: table.name }, [
      ...rest,
      this._make('decisionTable', attributes, [
        ...table.inputs.map((one) => this._input(one)),
        ...table.outputs.map((one) => this._output(one)),
        ...annotations,
        ...table.rules.map((one) => this._rule(one)),
      ]),
    ]);
  }

  _input({ source, expression, type }) {
    const asked = attributesOf(children(source, 'inputExpression')[0]);
    delete asked.typeRef;
    return this._make('input', attributesOf(source), [
      this._text('inputExpression', expression, type ? { ...asked, typeRef: type } : asked),
      ...this._others(source, 'inputExpression'),
    ]);
  }

  _output({ source, name, type, otherwise }) {
    const attributes = { ...attributesOf(source), name };
    delete attributes.typeRef;
    if (type) attributes.typeRef = type;
    return this._make('output', attributes, [
      ...this._others(source, 'defaultOutputEntry'),
      ...(otherwise ? [this._text('defaultOutputEntry', otherwise)] : []),
    ]);
  }

  _rule({ source, tests, entries }) {
    const rest = this._others(source, 'inputEntry', 'outputEntry');
    return this._make('rule', attributesOf(source), [
      ...rest.filter((one) => localName(one) !== 'annotationEntry'),
      ...tests.map((text) => this._text('inputEntry', text)),
      ...entries.map((text) => this._text('outputEntry', text)),
      ...rest.filter((one) => localName(one) === 'annotationEntry'),
    ]);
  }
}

Decisions.$inject = ['bpmnjs', 'moddle', 'bpmnFactory', 'commandStack', 'canvas'];
