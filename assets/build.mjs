// Bundles the front end into assets/dist/, from where Django collects it.
//
// Each entry is one self-contained file: the names of static files change with their content
// (ManifestStaticFilesStorage), and an import of one script by another would not follow.

import { existsSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");
const entries = ["main.js", "charts.js", "main.css", "desk.css", "favicon.svg"].filter((name) =>
  existsSync(join(here, name)),
);

const result = await build({
  absWorkingDir: here,
  entryPoints: entries,
  outdir: dist,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "linked",
  define: { "process.env.NODE_ENV": '"production"' },
  loader: { ".svg": "copy", ".png": "file", ".woff2": "file" },
  assetNames: "[name]-[hash]",
  logLevel: "warning",
  metafile: true,
}).catch(() => process.exit(1)); // esbuild has said what is wrong

// What an earlier build left would be collected and served for ever.
const fresh = new Set(Object.keys(result.metafile.outputs).map((path) => basename(path)));
for (const name of readdirSync(dist)) if (!fresh.has(name)) rmSync(join(dist, name), { recursive: true });
