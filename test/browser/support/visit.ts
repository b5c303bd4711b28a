/**
 * One page in headless Chromium, held to what every page here owes: no request leaves loopback,
 * and nothing goes wrong in its console.
 */

import { type Browser, chromium, type Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import { findChromium } from './find-chromium.js';

export interface Look {
  readonly scheme?: 'light' | 'dark';
  /** A phone: narrow, with a finger for a pointer. */
  readonly isPhone?: boolean;
  readonly isStill?: boolean;
}

export interface Visit {
  readonly page: Page;
  /** Every address that was asked for. */
  readonly requests: readonly string[];
}

/** What a page waits for at most; generous, since the machine may be busy. */
export const PAGE_DEADLINE_MS = 90_000;

const DESK = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };

/** Nothing a browser would do by itself: no updates, no reports, no accounts. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-domain-reliability',
  '--no-first-run',
];

function isLoopback(address: string): boolean {
  const { protocol, hostname } = new URL(address);
  if (protocol === 'data:' || protocol === 'blob:') return true;
  return ['127.0.0.1', '[::1]', 'localhost'].includes(hostname);
}

/** Starts a browser for one test and ends it after, whatever happens in between. */
export async function withBrowser(work: (browser: Browser) => Promise<void>): Promise<void> {
  const browser = await chromium.launch({
    executablePath: findChromium(),
    args: ARGUMENTS,
    timeout: PAGE_DEADLINE_MS,
  });
  try {
    await work(browser);
  } finally {
    await browser.close();
  }
}

/** Opens a page, lets `work` use it, and holds it to its duties. */
export async function visit(
  browser: Browser,
  address: string,
  work: (visit: Visit) => Promise<void>,
  { scheme = 'light', isPhone = false, isStill = false }: Look = {},
): Promise<void> {
  const context = await browser.newContext({
    viewport: isPhone ? PHONE : DESK,
    deviceScaleFactor: isPhone ? 2 : 1,
    hasTouch: isPhone,
    isMobile: isPhone,
    colorScheme: scheme,
    reducedMotion: isStill ? 'reduce' : 'no-preference',
    serviceWorkers: 'block',
  });
  context.setDefaultTimeout(PAGE_DEADLINE_MS);
  const requests: string[] = [];
  const wrongs: string[] = [];
  await context.route('**/*', (route) => {
    const url = route.request().url();
    requests.push(url);
    return isLoopback(url) ? route.continue() : route.abort();
  });
  const page = await context.newPage();
  // Breaches of the content security policy are errors of the console, too.
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) wrongs.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => wrongs.push(`page: ${error.stack ?? error.message}`));
  try {
    await page.goto(address);
    await work({ page, requests });
  } catch (error) {
    if (wrongs.length === 0) throw error;
    throw new Error(`${(error as Error).message}\n${wrongs.join('\n')}`, { cause: error });
  } finally {
    await context.close();
  }
  assert.equal(wrongs, []);
  assert.equal(
    requests.filter((url) => !isLoopback(url)),
    [],
  );
  assert.ok(requests.length > 1, 'the page asked for nothing: nothing was checked');
}
