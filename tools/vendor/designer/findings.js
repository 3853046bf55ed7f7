// Findings of the server's lint, drawn on the elements they concern: number, severity and words.
const SEVERITIES = ['error', 'warning'];

export default class Findings {
  constructor(overlays, elementRegistry, canvas, language) {
    this._language = language;
    this._overlays = overlays;
    this._registry = elementRegistry;
    this._canvas = canvas;
    this._marked = [];
  }

  clear() {
    this._overlays.remove({ type: 'finding' });
    for (const [id, marker] of this._marked) {
      if (this._registry.get(id)) this._canvas.removeMarker(id, marker);
    }
    this._marked = [];
  }

  // A decision table is not drawn: the step that asks it stands for it.
  _drawn(id) {
    return (
      this._registry.get(id) ??
      this._registry.find((one) => one.businessObject?.get?.('congvan:decision') === id && !one.labelTarget)
    );
  }

  show(findings) {
    this.clear();
    findings.forEach((finding, index) => {
      const element = finding.element && this._drawn(finding.element);
      if (!element || element.waypoints) return;
      const severity = SEVERITIES.includes(finding.severity) ? finding.severity : 'warning';
      const html = document.createElement('span');
      html.className = `finding finding-${severity}`;
      html.textContent = String(index + 1);
      html.title = finding[this._language] ?? finding.vi;
      this._overlays.add(element, 'finding', { position: { top: -10, right: 12 }, html });
      const marker = `finding-on-${severity}`;
      this._canvas.addMarker(element, marker);
      this._marked.push([element.id, marker]);
    });
  }
}

Findings.$inject = ['overlays', 'elementRegistry', 'canvas', 'config.language'];
