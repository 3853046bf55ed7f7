// A drawing wider than its frame begins where the work stands; without scripts it is scrolled by hand.
export function showWhereItStands(frame) {
  const now = frame?.querySelector('.bpmn .now');
  if (!now) return;
  const step = now.getBoundingClientRect();
  const seen = frame.getBoundingClientRect();
  frame.scrollLeft += step.left + step.width / 2 - seen.left - seen.width / 2;
  frame.scrollTop += step.top + step.height / 2 - seen.top - seen.height / 2;
}

document.querySelectorAll('.frame, .replay > .canvas').forEach(showWhereItStands);
