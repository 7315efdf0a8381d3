import { defineConfig } from "vite";

// The page is built into the Python package; `npm run dev` shows it against a server started with `detente serve`.
export default defineConfig({
  base: "./",
  build: {
    outDir: "../src/detente/web/assets",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    assetsInlineLimit: 0,
    rollupOptions: {
      output: {
        entryFileNames: "assets/page.js",
        assetFileNames: "assets/page[extname]",
      },
    },
  },
  server: { proxy: { "/api": "http://127.0.0.1:8765" } },
});
