import './global.js';
import 'pdfjs-dist/web/pdf_viewer.css';
export { GlobalWorkerOptions, getDocument, version } from 'pdfjs-dist';
export {
  EventBus,
  PDFFindController,
  PDFLinkService,
  PDFViewer,
} from 'pdfjs-dist/web/pdf_viewer.mjs';
