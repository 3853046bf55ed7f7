import * as pdfjs from 'pdfjs-dist';
// pdf_viewer.mjs takes the library from here instead of importing it.
globalThis.pdfjsLib = pdfjs;
