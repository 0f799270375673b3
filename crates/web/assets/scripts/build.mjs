// Builds dist/ out of src/, styles/ and the pinned packages. Run `npm ci` once, then `npm run build`.
//
// File names carry no hash: the server sends an ETag with each file. dist/manifest.json lists logical
// names all the same, so that this can change without a change in the templates.
import { build } from "esbuild";
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(here, "dist");
const packages = join(here, "node_modules");
const started = performance.now();

await rm(dist, { recursive: true, force: true });
await mkdir(join(dist, "licences"), { recursive: true });

const common = {
  absWorkingDir: here,
  outdir: dist,
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022"],
  legalComments: "none", // the texts are in licences/
  logLevel: "warning",
};

await Promise.all([
  build({
    ...common,
    entryPoints: {
      map: "src/map.js",
      "map-tiles": "src/map-tiles.js",
      report: "src/report.js",
      live: "src/live.js",
      desk: "src/desk.js",
      crew: "src/crew.js",
      alarms: "src/alarms.js",
      wall: "src/wall.js",
      chart: "src/chart.js",
      uplot: "src/uplot.js",
    },
  }),
  build({
    ...common,
    entryPoints: { app: "styles/app.css", maplibre: "maplibre-gl/dist/maplibre-gl.css", uplot: "uplot/dist/uPlot.min.css" },
    external: ["*.woff2"],
  }),
  // The worker is a ready-made file of its own: a page under `default-src 'self'` may not start one
  // from a blob.
  cp(join(packages, "maplibre-gl/dist/maplibre-gl-worker.mjs"), join(dist, "map-worker.js")),
  cp(
    join(packages, "@fontsource-variable/plus-jakarta-sans/files/plus-jakarta-sans-latin-wght-normal.woff2"),
    join(dist, "plus-jakarta-sans.woff2"),
  ),
  sprite(),
  licences(),
]);
// The map behind the worker's address: a source map is asked for by no page.
const worker = join(dist, "map-worker.js");
await writeFile(worker, (await readFile(worker, "utf8")).replace(/\n\/\/# sourceMappingURL=.*\s*$/, "\n"));

const names = (await readdir(dist)).filter((name) => name !== "manifest.json" && name !== "licences").sort();
await writeFile(
  join(dist, "manifest.json"),
  `${JSON.stringify(Object.fromEntries(names.map((name) => [name, name])), null, 2)}\n`,
);
for (const name of names) {
  console.log(`${String((await stat(join(dist, name))).size).padStart(9)}  ${name}`);
}
console.log(`built in ${((performance.now() - started) / 1000).toFixed(1)} s`);

/** One sprite of the icons that pages use; the id of a symbol is the icon's name. */
async function sprite() {
  const wanted = JSON.parse(await readFile(join(here, "icons.json"), "utf8"));
  const symbols = await Promise.all(
    wanted.map(async (name) => {
      const svg = await readFile(join(packages, "lucide-static/icons", `${name}.svg`), "utf8");
      const inside = svg.match(/<svg[^>]*>([\s\S]*)<\/svg>/)[1].replace(/\s*\n\s*/g, "").trim();
      return `<symbol id="${name}" viewBox="0 0 24 24">${inside}</symbol>`;
    }),
  );
  await writeFile(
    join(dist, "sprite.svg"),
    `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`,
  );
}

/** The licence text of every package whose code, shapes or letters end up in dist/. */
async function licences() {
  const lock = JSON.parse(await readFile(join(here, "package-lock.json"), "utf8"));
  await Promise.all(
    Object.entries(lock.packages).map(async ([path, entry]) => {
      // Tools, and the coastline that only the set-up of a city reads, are not in dist/.
      if (!path || entry.dev || entry.optional) return;
      const folder = join(here, path);
      const text = (await readdir(folder)).find((name) => /^licen[cs]e/i.test(name));
      const name = path.replace(/^.*node_modules\//, "").replace(/[@/]/g, (c) => (c === "/" ? "-" : ""));
      // A package that ships no text says its licence in package.json.
      const content = text
        ? await readFile(join(folder, text))
        : `${name} ${entry.version}: ${entry.license}. The package carries no licence text of its own.\n`;
      await writeFile(join(dist, "licences", `${name}.txt`), content);
    }),
  );
}
