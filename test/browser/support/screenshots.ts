/** Pictures of what the tests saw, kept to be looked at. */
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import { packageRoot } from '../../support/package-root.js';

const FOLDER = join(packageRoot, 'build/screenshots');
const IMAGES = join(packageRoot, 'docs/images');
/** A README is read over slow lines, too. */
const IMAGE_BYTES_MAX = 300 * 1024;

export async function keepPicture(page: Page, name: string, fullPage = true): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  await page.screenshot({ path: join(FOLDER, `${name}.png`), fullPage });
}

/** The same for pages of the documentation, only where it was asked for (`--update-images`). */
export async function updateImage(page: Page, name: string): Promise<void> {
  if (process.env.UPDATE_IMAGES === undefined) return;
  mkdirSync(IMAGES, { recursive: true });
  const path = join(IMAGES, `${name}.png`);
  await page.screenshot({ path });
  const { size } = statSync(path);
  assert.ok(size < IMAGE_BYTES_MAX, `${name}.png has ${size} bytes: no README needs that many`);
}
