// The properties-panel groups of a Vietnamese office: what is done, by whom, by when, under which condition.
import {
  Group,
  SelectEntry,
  TextFieldEntry,
  TextAreaEntry,
  isSelectEntryEdited,
  isTextFieldEntryEdited,
  isTextAreaEntryEdited,
} from '@bpmn-io/properties-panel';
import { useService } from 'bpmn-js-properties-panel';
import { getBusinessObject, is } from 'bpmn-js/lib/util/ModelUtil';
import { h } from '@bpmn-io/properties-panel/preact';

// `of` says which model element carries the attribute: the shape itself unless said otherwise.
function attributeEntry({ id, options, area, ...definition }) {
  let isEdited = isTextFieldEntryEdited;
  if (options) isEdited = isSelectEntryEdited;
  else if (area) isEdited = isTextAreaEntryEdited;
  return { id: `congvan-${id}`, attribute: id, component: AttributeEntry, options, area, isEdited, ...definition };
}

// One component for all fields: one made anew with every change would take the focus away.
function AttributeEntry({ element, id, attribute, label, description, options, area, of = getBusinessObject }) {
  const modeling = useService('modeling');
  const translate = useService('translate');
  const debounce = useService('debounceInput');
  const property = `congvan:${attribute}`;
  const shared = {
    element,
    id,
    label: translate(label),
    description: description && translate(description),
    debounce,
    getValue: () => of(element).get(property) || '',
    setValue: (value) =>
      modeling.updateModdleProperties(element, of(element), { [property]: value || undefined }),
  };
  if (options) {
    const known = options(element);
    const current = shared.getValue();
    const missing = current && !known.some((option) => option.value === current);
    return h(SelectEntry, {
      ...shared,
      getOptions: () => [
        { value: '', label: translate('<none>') },
        ...known,
        ...(missing ? [{ value: current, label: current }] : []),
      ],
    });
  }
  return h(area ? TextAreaEntry : TextFieldEntry, area ? { ...shared, rows: 2 } : shared);
}

function ConditionEntry({ element }) {
  const modeling = useService('modeling');
  const bpmnFactory = useService('bpmnFactory');
  const translate = useService('translate');
  const debounce = useService('debounceInput');
  return h(TextAreaEntry, {
    element,
    id: 'congvan-condition',
    rows: 3,
    monospace: true,
    label: translate('Condition (FEEL)'),
    description: translate('For example: result = "approved"'),
    debounce,
    getValue: () => getBusinessObject(element).get('conditionExpression')?.get('body') || '',
    setValue: (value) => {
      const body = (value || '').trim();
      const flow = getBusinessObject(element);
      let conditionExpression;
      if (body) {
        conditionExpression = bpmnFactory.create('bpmn:FormalExpression', { body });
        conditionExpression.$parent = flow;
      }
      modeling.updateProperties(element, { conditionExpression });
    },
  });
}

// What decides at a step, and its table: chosen, opened, made.
function DecisionEntry({ element, openTable }) {
  const decisions = useService('decisions');
  const modeling = useService('modeling');
  const translate = useService('translate');
  const tables = decisions.list();
  const chosen = getBusinessObject(element).get('congvan:decision') || '';
  const table = tables.find((one) => one.id === chosen);
  return [
    h(SelectEntry, {
      element,
      id: 'congvan-decision',
      label: translate('Decision table'),
      getValue: () => chosen,
      setValue: (value) =>
        modeling.updateModdleProperties(element, getBusinessObject(element), {
          'congvan:decision': value || undefined,
        }),
      getOptions: () => [
        { value: '', label: translate('<none>') },
        ...tables.map((one) => ({ value: one.id, label: one.name })),
        ...(chosen && !table ? [{ value: chosen, label: chosen }] : []),
      ],
    }),
    h('div', { class: 'cluster panel-acts' }, [
      table && actButton(translate('Open the table'), () => openTable(table, (made) => decisions.put(made, element))),
      actButton(translate('New table'), () =>
        openTable(decisions.fresh(translate('Table')), (made) => decisions.put(made, element))),
    ]),
  ];
}

// All tables of the drawing, where nothing but the drawing is selected.
function TablesEntry({ element, openTable }) {
  const decisions = useService('decisions');
  const translate = useService('translate');
  const tables = decisions.list();
  return [
    ...tables.map((table) =>
      h('div', { class: 'cluster panel-acts', key: table.id }, [
        h('span', { class: 'grow' }, table.name),
        actButton(translate('Open'), () => openTable(table, (made) => decisions.put(made)), table.name),
        actButton(translate('Remove'), () => decisions.remove(table.id), table.name),
      ]),
    ),
    h('div', { class: 'cluster panel-acts' }, [
      actButton(translate('New table'), () =>
        openTable(decisions.fresh(translate('Table')), (made) => decisions.put(made, element))),
    ]),
  ];
}

function actButton(label, onClick, of) {
  return h('button', { class: 'btn sm', type: 'button', onClick, 'aria-label': of ? `${label}: ${of}` : undefined }, label);
}

const decides = (element) =>
  is(element, 'bpmn:BusinessRuleTask') && Boolean(getBusinessObject(element).get('congvan:decision'));

function repeatsOver(element) {
  const loop = getBusinessObject(element).get('loopCharacteristics');
  return Boolean(loop) && is(loop, 'bpmn:MultiInstanceLoopCharacteristics');
}

function mayHaveCondition(element) {
  if (!is(element, 'bpmn:SequenceFlow')) return false;
  const source = getBusinessObject(element).sourceRef;
  return Boolean(source) && !is(source, 'bpmn:ParallelGateway') && !is(source, 'bpmn:EventBasedGateway');
}

export default class OfficePropertiesProvider {
  constructor(propertiesPanel, translate, vocabulary, openTable) {
    this._translate = translate;
    this._openTable = openTable;
    this._vocabulary = vocabulary;
    propertiesPanel.registerProvider(400, this);
  }

  getGroups(element) {
    return (groups) => {
      const own = this._officeGroups(element);
      const general = groups.findIndex((group) => group.id === 'general');
      groups.splice(general + 1, 0, ...own);
      return groups;
    };
  }

  _officeGroups(element) {
    const { verbs = [], forms = [], roles = [], statuses = [], priorities = [] } = this._vocabulary;
    const translate = this._translate;
    const group = (id, label, entries) => ({
      id,
      label: translate(label),
      entries,
      component: Group,
      shouldOpen: true,
    });
    const groups = [];
    const tables = (component) => [
      { id: 'congvan-decision', component, openTable: this._openTable, isEdited: isSelectEntryEdited },
    ];
    if (this._openTable && is(element, 'bpmn:BusinessRuleTask')) {
      groups.push(group('congvan-table', 'Decided by a table', tables(DecisionEntry)));
    }
    if (this._openTable && (is(element, 'bpmn:Process') || is(element, 'bpmn:Collaboration'))) {
      groups.push(group('congvan-tables', 'Decision tables of this drawing', tables(TablesEntry)));
    }
    // A table decides at once: nobody does it, nothing is due.
    if (is(element, 'bpmn:Activity') && !decides(element)) {
      groups.push(
        group('congvan-work', 'Office work', [
          attributeEntry({ id: 'verb', label: 'Verb', options: () => verbs }),
          attributeEntry({ id: 'form', label: 'Form', options: () => forms }),
          attributeEntry({ id: 'statusCode', label: 'Status to report', options: () => statuses }),
        ]),
        group('congvan-who', 'Who does it', [
          attributeEntry({ id: 'role', label: 'Role, when not that of the lane', options: () => roles }),
          attributeEntry({
            id: 'candidates',
            label: 'Candidates (FEEL)',
            description: 'Officers or units, besides the role of the lane',
            area: true,
          }),
          attributeEntry({ id: 'assignee', label: 'Assignee (FEEL)', area: true }),
          attributeEntry({
            id: 'exclude',
            label: 'Not allowed (FEEL)',
            description: 'For example the author of the draft',
            area: true,
          }),
        ]),
        group('congvan-when', 'Deadline', [
          attributeEntry({
            id: 'due',
            label: 'Due, working time',
            description: 'PT4H is four working hours, P2D is two working days',
          }),
          attributeEntry({ id: 'priority', label: 'Priority', options: () => priorities }),
        ]),
      );
    }
    if (is(element, 'bpmn:Activity') && repeatsOver(element)) {
      const of = (shape) => getBusinessObject(shape).get('loopCharacteristics');
      groups.push(
        group('congvan-each', 'For each of', [
          attributeEntry({
            id: 'collection',
            label: 'List (FEEL name)',
            description: 'For example cooperating: one step opens for each member',
            of,
          }),
          attributeEntry({ id: 'element', label: 'Name of each member', of }),
          attributeEntry({
            id: 'results',
            label: 'List of results (FEEL name)',
            description: 'What the members gave, in the order of the list; a condition may ask it afterwards',
            of,
          }),
          attributeEntry({
            id: 'result',
            label: 'What is taken from each',
            description: 'For example outcome: what the officer chose at the step',
            of,
          }),
        ]),
      );
    }
    if (is(element, 'bpmn:Lane')) {
      groups.push(
        group('congvan-lane', 'Who works in this lane', [
          attributeEntry({ id: 'role', label: 'Role', options: () => roles }),
          attributeEntry({
            id: 'unit',
            label: 'Unit',
            description: 'Unit code, or an expression beginning with =',
          }),
        ]),
      );
    }
    if (is(element, 'bpmn:EndEvent')) {
      groups.push(
        group('congvan-end', 'How it ends', [
          attributeEntry({
            id: 'reason',
            label: 'Reason to end here',
            description: 'Needed where no dossier was made before',
            area: true,
          }),
        ]),
      );
    }
    if (mayHaveCondition(element)) {
      groups.push(
        group('congvan-flow', 'Condition of this branch', [
          {
            id: 'congvan-condition',
            component: ConditionEntry,
            isEdited: isTextAreaEntryEdited,
          },
        ]),
      );
    }
    return groups;
  }
}

OfficePropertiesProvider.$inject = ['propertiesPanel', 'translate', 'config.vocabulary', 'config.openTable'];
