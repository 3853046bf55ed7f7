// Whether one-letter keys count now: never while typing, nor when switched off on this machine (WCAG 2.1.4).
export const SWITCH = 'congvan.keys-off';

export const keysAreOff = () => localStorage.getItem(SWITCH) === '1';

const TYPING = 'input:not([type="checkbox"], [type="radio"]), textarea, select, [contenteditable="true"], .djs-container';

export function mayAct(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || keysAreOff()) return false;
  return !event.target.closest?.(TYPING) && !document.querySelector('dialog[open]');
}
