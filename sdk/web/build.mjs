// Builds the widget, and the rules of forms, each into the one file that the server ships:
// `node build.mjs [OUT [FORMS]]`.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const { version } = JSON.parse(await readFile(here("package.json"), "utf8"));

// Browsers since mid-2024. Nothing is lowered for older ones: their pages show the fallback link.
const target = ["chrome123", "firefox121", "safari17.5"];

const stylesheets = {
  name: "stylesheets",
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(await readFile(path, "utf8"), {
        loader: "css",
        minify: true,
        charset: "utf8",
        target,
      });
      return { contents: code.trim(), loader: "text" };
    });
  },
};

const options = {
  absWorkingDir: here("."),
  bundle: true,
  format: "esm",
  minify: true,
  charset: "utf8",
  legalComments: "none",
  plugins: [stylesheets],
  target,
};

await build({
  ...options,
  entryPoints: ["src/index.ts"],
  outfile: process.argv[2] ?? here("../../api/static/widget/spreekuur.js"),
  banner: { js: `/*! Spreekuur widget ${version} | Apache-2.0 */` },
});

await build({
  ...options,
  entryPoints: ["src/forms/index.ts"],
  outfile: process.argv[3] ?? here("../../api/static/widget/forms.js"),
  banner: { js: `/*! Spreekuur forms ${version} | Apache-2.0 */` },
});
