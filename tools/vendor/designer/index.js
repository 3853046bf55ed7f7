// The process designer: bpmn-js with the office's own words, steps and findings.
import BpmnModeler from 'bpmn-js/lib/Modeler';
import { BpmnPropertiesPanelModule, BpmnPropertiesProviderModule } from 'bpmn-js-properties-panel';
import MinimapModule from 'diagram-js-minimap';
import TokenSimulationModule from 'bpmn-js-token-simulation';
import 'bpmn-js/dist/assets/diagram-js.css';
import 'bpmn-js/dist/assets/bpmn-js.css';
import 'bpmn-js/dist/assets/bpmn-font/css/bpmn.css';
import '@bpmn-io/properties-panel/dist/assets/properties-panel.css';
import 'diagram-js-minimap/assets/diagram-js-minimap.css';
import 'bpmn-js-token-simulation/assets/css/bpmn-js-token-simulation.css';
import congvan from './congvan.json';
import Decisions from './decisions.js';
import Findings from './findings.js';
import OfficePropertiesProvider from './properties.js';
import { translator, untranslated, watchFixedText } from './language.js';

const TOOLS = { hand: 'handTool', lasso: 'lassoTool', space: 'spaceTool', connect: 'globalConnect' };

// `openTable(table, put)` shows a decision table; it calls `put` with what shall stand in the drawing.
export async function openDesigner({ container, panel, xml, language = 'vi', vocabulary = {}, openTable }) {
  const modeler = new BpmnModeler({
    container,
    propertiesPanel: { parent: panel },
    vocabulary,
    language,
    openTable,
    bpmnRenderer: {
      defaultFillColor: 'var(--surface)', defaultStrokeColor: 'var(--line-strong)', defaultLabelColor: 'var(--text)',
    },
    textRenderer: {
      defaultStyle: { fontFamily: '"Be Vietnam Pro", sans-serif', fontSize: 11.5, lineHeight: 1.25 },
      externalStyle: { fontSize: 10.5, lineHeight: 1.25 },
    },
    moddleExtensions: { congvan },
    additionalModules: [
      BpmnPropertiesPanelModule,
      BpmnPropertiesProviderModule,
      MinimapModule,
      TokenSimulationModule,
      {
        __init__: ['officePropertiesProvider', 'findings'],
        decisions: ['type', Decisions],
        officePropertiesProvider: ['type', OfficePropertiesProvider],
        findings: ['type', Findings],
        translate: ['value', translator(language)],
      },
    ],
  });
  for (const part of [container, panel].filter(Boolean)) watchFixedText(part, language);
  const { warnings } = await modeler.importXML(xml);
  const get = (name, strict) => modeler.get(name, strict);
  const canvas = get('canvas');
  const fit = () => canvas.zoom('fit-viewport', 'auto');
  fit();

  const newShape = ({ type, event, verb, name }) => {
    const attributes = { type };
    if (event) attributes.eventDefinitionType = event;
    const shape = get('elementFactory').createShape(attributes);
    if (verb) shape.businessObject.set('congvan:verb', verb);
    if (name) shape.businessObject.set('name', name);
    return shape;
  };

  const leadsTo = (target, { type }) =>
    !target.waypoints && target.type !== 'label' && target.parent && type !== 'bpmn:StartEvent' &&
    target.businessObject.$instanceOf('bpmn:FlowNode') && target.type !== 'bpmn:EndEvent';

  // Where a shape may stand that follows nothing: the middle of what is seen, inside a pool where there are pools.
  const free = (shape) => {
    const view = canvas.viewbox();
    const seen = { x: view.x + view.width / 2, y: view.y + view.height / 2 };
    const root = canvas.getRootElement();
    const pools = root.children.filter((one) => one.type === 'bpmn:Participant' && one.businessObject.processRef);
    if (!pools.length) return [seen, root];
    const holds = (one) =>
      one.x <= seen.x && seen.x <= one.x + one.width && one.y <= seen.y && seen.y <= one.y + one.height;
    const pool = pools.find(holds) ?? pools[0];
    const inside = (at, from, size, own) => Math.max(from + 60 + own / 2, Math.min(at, from + size - own / 2 - 10));
    const middle = {
      x: inside(seen.x, pool.x, pool.width, shape.width), y: inside(seen.y, pool.y, pool.height, shape.height),
    };
    return [places(pool, middle, shape).find((at) => !isTaken(at, shape)) ?? middle, pool];
  };

  // Places of a pool around its middle, the nearest first.
  const places = (pool, middle, shape) => {
    const found = [];
    for (let x = pool.x + 60 + shape.width / 2; x < pool.x + pool.width - shape.width / 2; x += 20) {
      for (let y = pool.y + 10 + shape.height / 2; y < pool.y + pool.height - shape.height / 2; y += 20) found.push({ x, y });
    }
    const away = (at) => (at.x - middle.x) ** 2 + (at.y - middle.y) ** 2;
    return found.sort((one, other) => away(one) - away(other));
  };

  const isTaken = (at, shape) =>
    get('elementRegistry').filter((one) => one.businessObject?.$instanceOf?.('bpmn:FlowNode')).some(
      (one) =>
        Math.abs(one.x + one.width / 2 - at.x) < (one.width + shape.width) / 2 + 10 &&
        Math.abs(one.y + one.height / 2 - at.y) < (one.height + shape.height) / 2 + 10,
    );

  return {
    modeler,
    warnings,
    untranslated,
    fit,
    zoom: (step) => get('zoomScroll').stepZoom(step),
    undo: () => get('commandStack').undo(),
    redo: () => get('commandStack').redo(),
    isDirty: () => get('commandStack').canUndo(),
    onChange: (listener) => modeler.on('commandStack.changed', listener),
    async xml() {
      return (await modeler.saveXML({ format: true })).xml;
    },
    showFindings: (findings) => get('findings').show(findings),
    tables: () => get('decisions').list(),
    showTable(id) {
      const table = get('decisions').list().find((one) => one.id === id);
      if (table) openTable?.(table, (made) => get('decisions').put(made));
    },
    jumpTo(id) {
      const element = get('elementRegistry').get(id);
      if (!element) return false;
      canvas.scrollToElement(element, 120);
      get('selection').select(element);
      return true;
    },
    drag(event, template) {
      get('create').start(event, newShape(template));
    },
    // Keyboard way: the new step follows the selected one, or lands in the middle of what is seen.
    append(template) {
      const shape = newShape(template);
      const [target] = get('selection').get();
      if (target && leadsTo(target, template)) {
        get('modeling').appendShape(
          target,
          shape,
          get('autoPlace', false)
            ? { x: target.x + target.width + 100, y: target.y + target.height / 2 }
            : undefined,
        );
      } else get('modeling').createShape(shape, ...free(shape));
      get('selection').select(shape);
      canvas.scrollToElement(shape, 120);
    },
    tool(name, event) {
      const tool = get(TOOLS[name]);
      if (name === 'hand') tool.activateHand(event);
      else if (name === 'connect') tool.start(event);
      else tool.activateSelection(event);
    },
    simulate: () => get('toggleMode').toggleMode(),
  };
}
