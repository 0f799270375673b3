// The tests share one node, so each makes reports of its own and counts nothing that another may change.

import { defineConfig } from "@playwright/test";

import { launchOptions } from "./chromium.mjs";

export default defineConfig({
  testDir: ".",
  testMatch: "*.spec.mjs",
  globalSetup: "./start.mjs",
  outputDir: "test-results/artifacts",
  workers: 2,
  fullyParallel: false,
  forbidOnly: Boolean(process.env.CI),
  // A test that passes the second time is a fault that nobody looks at.
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [["list"], ["json", { outputFile: "test-results/results.json" }]],
  use: {
    // A click on what is not there should say so long before the whole test is over.
    actionTimeout: 15_000,
    browserName: "chromium",
    locale: "id-ID",
    timezoneId: "Asia/Jakarta",
    reducedMotion: "reduce",
    // A trace costs as much as the test; TRACE=1 keeps those of failures, for `npx playwright show-trace`.
    trace: process.env.TRACE ? "retain-on-failure" : "off",
    launchOptions,
  },
});
