// Builds web/static/vendor from the exact versions of package-lock.json. For maintainers: npm ci && npm run build
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';

const here = path.dirname(fileURLToPath(import.meta.url));
const repository = path.resolve(here, '../..');
const target = path.join(repository, 'web/static/vendor');
const modules = path.join(here, 'node_modules');
const used = new Map(); // package directory -> asset names
const assets = [];

const sha256 = (file) => createHash('sha256').update(fs.readFileSync(file)).digest('hex');

function packageOf(file) {
  const parts = file.split('node_modules/');
  if (parts.length < 2) return null;
  const names = parts.at(-1).split('/');
  const name = names[0].startsWith('@') ? `${names[0]}/${names[1]}` : names[0];
  return path.join(here, parts.slice(0, -1).join('node_modules/'), 'node_modules', name);
}

function note(directory, asset) {
  if (!used.has(directory)) used.set(directory, new Set());
  used.get(directory).add(asset);
}

// Strict CSP: CodeMirror adds its rules through a constructed style sheet, never a <style> element; the
// height of the panel's container comes from our own sheet (pages.css).
const STRICT = [
  [/style-mod\/src\/style-mod\.js$/, '!root.head && root.adoptedStyleSheets', 'root.adoptedStyleSheets'],
  [/bpmn-js-properties-panel\/dist\/index\.esm\.js$/, 'style="height: 100%" ', ''],
];
const strictPolicy = {
  name: 'strict-policy',
  setup(build) {
    for (const [filter, before, after] of STRICT) {
      build.onLoad({ filter }, (args) => {
        const source = fs.readFileSync(args.path, 'utf8');
        if (!source.includes(before)) throw new Error(`${args.path} changed: check the strict CSP patch`);
        return { contents: source.replaceAll(before, after), loader: 'js' };
      });
    }
  },
};

async function bundle(name, entry) {
  const directory = path.join(target, name);
  const result = await esbuild.build({
    absWorkingDir: here,
    entryPoints: { [name]: entry },
    outdir: directory,
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'none',
    metafile: true,
    assetNames: '[name]',
    define: { 'process.env.NODE_ENV': '"production"' },
    loader: {
      '.woff2': 'file', '.woff': 'empty', '.ttf': 'empty', '.eot': 'empty',
      '.svg': 'empty', '.gif': 'empty', '.png': 'empty', '.cur': 'empty',
    },
    plugins: [strictPolicy],
    logLevel: 'warning',
  });
  for (const output of Object.values(result.metafile.outputs)) {
    for (const [file, share] of Object.entries(output.inputs)) {
      const directoryOfPackage = share.bytesInOutput && packageOf(file);
      if (directoryOfPackage) note(directoryOfPackage, name);
    }
  }
  assets.push({ name });
}

function copy(name, packageName, files) {
  const source = path.join(modules, packageName);
  note(source, name);
  for (const [from, to] of files) {
    const destination = path.join(target, name, to);
    fs.mkdirSync(path.dirname(destination), { recursive: true });
    const text = /\.(js|mjs|css)$/.test(from);
    if (text) {
      const content = fs.readFileSync(path.join(source, from), 'utf8');
      fs.writeFileSync(destination, content.replace(/\n?\/[/*]# sourceMappingURL=.*$/m, ''));
    } else fs.copyFileSync(path.join(source, from), destination);
  }
  if (!assets.some((asset) => asset.name === name)) assets.push({ name });
}

const listed = (packageName, folder, keep) =>
  fs.readdirSync(path.join(modules, packageName, folder)).filter(keep).sort();

function licenceText(directory) {
  const file = fs.readdirSync(directory).find((name) => /^(licen[cs]e|copying|ofl)/i.test(name));
  return file ? fs.readFileSync(path.join(directory, file), 'utf8').trim() : null;
}

function packages() {
  const seen = new Map();
  for (const [directory, names] of used) {
    const meta = JSON.parse(fs.readFileSync(path.join(directory, 'package.json'), 'utf8'));
    const licence = typeof meta.license === 'string' ? meta.license : meta.license?.type;
    const key = `${meta.name}@${meta.version}`;
    const entry = seen.get(key) ?? {
      name: meta.name, version: meta.version, licence, assets: new Set(),
      author: typeof meta.author === 'string' ? meta.author : meta.author?.name ?? '',
      text: licenceText(directory),
    };
    names.forEach((name) => entry.assets.add(name));
    seen.set(key, entry);
  }
  return [...seen.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function filesBelow(directory) {
  return fs.readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(directory, path.join(entry.parentPath, entry.name)))
    .sort();
}

fs.rmSync(target, { recursive: true, force: true });
await bundle('designer', 'designer/index.js');
await bundle('formeditor', 'formeditor/index.js');
await bundle('pdfview', 'pdfview/index.js');
const pdf = 'pdfjs-dist';
copy('pdfview', pdf, [
  ['build/pdf.worker.min.mjs', 'pdf.worker.js'],
  ...listed(pdf, 'wasm', (name) => !/quickjs/.test(name)).map((name) => [`wasm/${name}`, `wasm/${name}`]),
  ...listed(pdf, 'standard_fonts', () => true).map((name) => [`standard_fonts/${name}`, `standard_fonts/${name}`]),
]);
copy('swagger', 'swagger-ui-dist', [
  ['swagger-ui-bundle.js', 'swagger-ui-bundle.js'],
  ['swagger-ui.css', 'swagger-ui.css'],
]);
const font = '@fontsource/be-vietnam-pro';
copy('fonts', font, [400, 500, 600, 700].flatMap((weight) =>
  ['latin', 'vietnamese'].map((script) => {
    const file = `be-vietnam-pro-${script}-${weight}-normal.woff2`;
    return [`files/${file}`, file];
  })));

// One sprite of the icons the templates name.
const names = JSON.parse(fs.readFileSync(path.join(here, 'icons.json'), 'utf8'));
const lucide = path.join(modules, 'lucide-static');
const symbols = Object.entries(names).map(([name, source]) => {
  const svg = fs.readFileSync(path.join(lucide, 'icons', `${source}.svg`), 'utf8');
  const drawing = svg.replace(/<!--[^]*?-->/g, '').replace(/^[^]*?<svg[^>]*>|<\/svg>[^]*$/g, '').replace(/\s+/g, ' ').trim();
  return `<symbol id="${name}" viewBox="0 0 24 24">${drawing}</symbol>`;
});
note(lucide, 'icons');
assets.push({ name: 'icons' });
fs.mkdirSync(path.join(target, 'icons'), { recursive: true });
fs.writeFileSync(path.join(target, 'icons/icons.svg'), `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join('\n')}\n</svg>\n`);

const all = packages();
const manifest = {
  about: 'Built by tools/vendor/vendor.mjs. Hashes are sha256 of the files beside this one.',
  assets: assets.map(({ name }) => ({
    name,
    packages: all.filter((entry) => entry.assets.has(name)).map((entry) => `${entry.name}@${entry.version}`),
    files: Object.fromEntries(filesBelow(path.join(target, name))
      .map((file) => [`${name}/${file}`, sha256(path.join(target, name, file))])),
  })),
  packages: all.map(({ name, version, licence }) => ({ name, version, licence })),
};
const licences = all.map((entry) => [
  `${entry.name} ${entry.version} (${entry.licence})`,
  '-'.repeat(70),
  entry.text ?? `${entry.author ? `Copyright ${entry.author}. ` : ''}Licensed under ${entry.licence}, as its package.json states.`,
].join('\n'));
fs.writeFileSync(path.join(target, 'THIRD_PARTY_LICENSES.txt'), `${licences.join('\n\n\n')}\n`);
manifest.licences = { 'THIRD_PARTY_LICENSES.txt': sha256(path.join(target, 'THIRD_PARTY_LICENSES.txt')) };
fs.writeFileSync(path.join(target, 'manifest.json'), `${JSON.stringify(manifest, null, 1)}\n`);

const axe = path.join(repository, 'tests/web/axe');
fs.mkdirSync(axe, { recursive: true });
fs.copyFileSync(path.join(modules, 'axe-core/axe.min.js'), path.join(axe, 'axe.min.js'));
fs.copyFileSync(path.join(modules, 'axe-core/LICENSE'), path.join(axe, 'LICENSE'));

const size = filesBelow(target).reduce((sum, file) => sum + fs.statSync(path.join(target, file)).size, 0);
console.log(`${assets.length} assets, ${all.length} packages, ${(size / 1e6).toFixed(1)} MB`);
for (const entry of all) if (!entry.text) console.log(`no licence file: ${entry.name} ${entry.version} (${entry.licence})`);
