// Swagger UI, from our own server alone.
const place = document.getElementById('swagger');
const { spec } = place.dataset;
window.SwaggerUIBundle({
  url: spec, domNode: place, deepLinking: true, validatorUrl: null,
  presets: [window.SwaggerUIBundle.presets.apis], layout: 'BaseLayout',
});
