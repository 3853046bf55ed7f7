// bpmn.io asks for its words here; parts that never ask are corrected in the page.
import vietnamese from './vi.json';

export const untranslated = new Set();

export function translator(language) {
  return (template, replacements = {}) => {
    let text = template;
    if (language === 'vi') {
      const found = vietnamese[template] ?? vietnamese[template.trim()];
      if (found === undefined) untranslated.add(template);
      else text = found;
    } else if (template === 'Verb') text = 'Office verb';
    return text.replace(/{([^}]+)}/g, (_, key) => replacements[key] ?? `{${key}}`);
  };
}

// What has a name of the drawing before or after it: "Approve started".
const AROUND_A_NAME = [
  [/^(.+) (started|finished|canceled)$/, (name, word) => [name, `{name} ${word}`]],
  [/^(Focus process instance) (.+)$/, (words, name) => [name, `${words} {name}`]],
];

function fixed(text) {
  if (vietnamese[text]) return vietnamese[text];
  for (const [pattern, parts] of AROUND_A_NAME) {
    const found = pattern.exec(text);
    if (!found) continue;
    const [name, template] = parts(found[1], found[2]);
    return vietnamese[template].replace('{name}', () => vietnamese[name] ?? name);
  }
  return undefined;
}

// Token simulation and the panel's frame build their controls from fixed English markup.
export function watchFixedText(root, language) {
  if (language !== 'vi') return;
  const correct = (node) => {
    if (node.nodeType === Node.TEXT_NODE) {
      const found = fixed(node.nodeValue.trim());
      if (found && node.parentElement?.closest('[class*="bts-"]')) {
        node.nodeValue = node.nodeValue.replace(node.nodeValue.trim(), () => found);
      }
      return;
    }
    if (node.nodeType !== Node.ELEMENT_NODE) return;
    for (const attribute of ['title', 'aria-label']) {
      const found = node.hasAttribute(attribute) && fixed(node.getAttribute(attribute));
      if (found) node.setAttribute(attribute, found);
    }
    node.childNodes.forEach(correct);
  };
  correct(root);
  new MutationObserver((changes) => {
    for (const change of changes) change.addedNodes.forEach(correct);
  }).observe(root, { childList: true, subtree: true });
}
