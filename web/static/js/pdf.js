// The paper in the page: pdf.js components, page width, find, zoom. Without scripts a plain link stands here.
async function open(element) {
  if (element.dataset.opened) return;
  element.dataset.opened = '1';
  const { module, style, worker, pdf, failed, pageOf } = element.dataset;
  const library = await import(module);
  if (!document.querySelector(`link[href="${style}"]`)) {
    const link = document.createElement('link');
    link.rel = 'stylesheet';
    link.href = style;
    // before our own sheets, so that the look stays ours
    document.head.prepend(link);
    await new Promise((done) => { link.onload = done; link.onerror = done; });
  }
  const base = new URL('.', new URL(module, location.href));
  library.GlobalWorkerOptions.workerSrc = worker;
  const fallback = element.firstElementChild;
  const container = document.createElement('div');
  container.className = 'pdf-pages';
  container.tabIndex = 0;
  const pages = document.createElement('div');
  pages.className = 'pdfViewer';
  container.append(pages);
  element.append(container);

  const eventBus = new library.EventBus();
  const linkService = new library.PDFLinkService({ eventBus });
  const findController = new library.PDFFindController({ eventBus, linkService });
  const viewer = new library.PDFViewer({ container, eventBus, linkService, findController, annotationEditorMode: -1, removePageBorders: true });
  linkService.setViewer(viewer);
  eventBus.on('pagesinit', () => { viewer.currentScaleValue = 'page-width'; });

  const scope = element.closest('.desk') ?? element;
  const counter = scope.querySelector('[data-pdf-page]');
  const count = () => {
    if (counter) counter.textContent = pageOf.replace('{page}', viewer.currentPageNumber).replace('{pages}', viewer.pagesCount);
  };
  eventBus.on('pagechanging', count);
  eventBus.on('pagesloaded', count);

  try {
    const loading = library.getDocument({
      url: pdf,
      wasmUrl: new URL('wasm/', base).href,
      standardFontDataUrl: new URL('standard_fonts/', base).href,
      enableScripting: false,
      isEvalSupported: false,
    });
    const content = await loading.promise;
    viewer.setDocument(content);
    linkService.setDocument(content, null);
    fallback.hidden = true;
  } catch {
    container.remove();
    fallback.querySelector('a').textContent = failed;
    return;
  }

  for (const button of scope.querySelectorAll('[data-pdf-zoom]')) {
    button.hidden = false;
    button.addEventListener('click', () => {
      if (button.dataset.pdfZoom === 'in') viewer.increaseScale();
      else viewer.decreaseScale();
    });
  }
  const find = scope.querySelector('[data-pdf-find]');
  if (find) {
    find.hidden = false;
    const input = find.querySelector('input');
    const look = (type) => eventBus.dispatch('find', {
      source: input, type, query: input.value.normalize('NFC'), highlightAll: true,
      caseSensitive: false, entireWord: false, matchDiacritics: false, findPrevious: false,
    });
    input.addEventListener('input', () => look(''));
    input.addEventListener('keydown', (event) => { if (event.key === 'Enter') look('again'); });
  }
  let width = container.clientWidth;
  new ResizeObserver(() => {
    if (container.clientWidth === width) return;
    width = container.clientWidth;
    viewer.currentScaleValue = 'page-width';
  }).observe(container);
}

// What is not shown, as the preview on a phone, is not fetched.
const seen = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    seen.unobserve(target);
    open(target);
  }
});

function openAll(root) {
  for (const element of root.querySelectorAll('[data-pdf]')) seen.observe(element);
}

document.addEventListener('congvan:loaded', (event) => openAll(event.target));
openAll(document);
