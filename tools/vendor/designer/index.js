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
import Findings from './findings.js';
import OfficePropertiesProvider from './properties.js';
import { translator, untranslated, watchFixedText } from './language.js';

const TOOLS = { hand: 'handTool', lasso: 'lassoTool', space: 'spaceTool', connect: 'globalConnect' };

export async function openDesigner({ container, panel, xml, language = 'vi', vocabulary = {} }) {
  const modeler = new BpmnModeler({
    container,
    propertiesPanel: { parent: panel },
    vocabulary,
    language,
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
      const [selected] = get('selection').get();
      const target = selected && !selected.waypoints ? selected : undefined;
      if (target && target.parent && target.businessObject.$instanceOf('bpmn:FlowNode')) {
        get('modeling').appendShape(
          target,
          shape,
          get('autoPlace', false)
            ? { x: target.x + target.width + 100, y: target.y + target.height / 2 }
            : undefined,
        );
      } else {
        const view = canvas.viewbox();
        const centre = { x: view.x + view.width / 2, y: view.y + view.height / 2 };
        get('modeling').createShape(shape, centre, canvas.getRootElement());
      }
      get('selection').select(shape);
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
