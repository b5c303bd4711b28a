/** What a page owes to people who do not see it, or not well: names, order, contrast. */

import type { Page } from 'playwright-core';
import * as assert from 'uvu/assert';

/** Of text that is not large, by WCAG 2.2 level AA. */
const CONTRAST_MIN = 4.5;

/** Runs in the page: it may use nothing from outside. */
function findProblems(contrastMin: number): string[] {
  const problems: string[] = [];
  const shown = (element: Element) => element.checkVisibility({ visibilityProperty: true });
  const tell = (element: Element) => element.outerHTML.replace(/\s+/g, ' ').slice(0, 120);

  const nameOf = (element: Element): string => {
    const by = element.getAttribute('aria-labelledby')?.split(/\s+/) ?? [];
    const named = by.map((id) => document.getElementById(id)?.textContent ?? '').join(' ');
    const labels = [...((element as HTMLInputElement).labels ?? [])].map((l) => l.textContent);
    const own = [element.getAttribute('aria-label'), named, ...labels, element.textContent];
    return [...own, element.getAttribute('title')].join(' ').trim();
  };
  const controls =
    'button, input, select, textarea, a[href], summary, [role="tab"], [role="button"]';
  for (const control of document.querySelectorAll(controls)) {
    if (shown(control) && nameOf(control) === '') problems.push(`no name: ${tell(control)}`);
  }
  for (const image of document.querySelectorAll('img, svg[role="img"]')) {
    if (nameOf(image) === '') problems.push(`no name: ${tell(image)}`);
  }

  const ids = [...document.querySelectorAll('[id]')].filter(({ namespaceURI }) => {
    return namespaceURI !== 'http://www.w3.org/2000/svg';
  });
  for (const { id } of ids) {
    if (document.querySelectorAll(`[id="${id}"]`).length > 1) problems.push(`id twice: ${id}`);
  }
  if (document.documentElement.lang === '') problems.push('the page has no language');
  if (document.title === '') problems.push('the page has no title');
  if (document.querySelectorAll('main').length !== 1) problems.push('not one main');
  if (document.querySelectorAll('h1').length !== 1) problems.push('not one h1');

  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const rgba = (colour: string): readonly number[] => {
    if (canvas === null) return [0, 0, 0, 1];
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [r = 0, g = 0, b = 0, a = 0] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const light = (channels: readonly number[]): number => {
    const [r = 0, g = 0, b = 0] = channels.map((channel) => {
      const part = channel / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const groundOf = (element: Element): readonly number[] => {
    for (let at: Element | null = element; at !== null; at = at.parentElement) {
      const colour = rgba(getComputedStyle(at).backgroundColor);
      if ((colour[3] ?? 0) > 0.9) return colour.slice(0, 3);
    }
    return rgba('Canvas').slice(0, 3);
  };
  const isFaint = (element: Element): boolean => {
    const isOff = element.closest(':disabled, [aria-disabled="true"], .visually-hidden');
    return isOff !== null;
  };
  for (const element of document.body.querySelectorAll('*')) {
    if (element.closest('svg') !== null || !shown(element) || isFaint(element)) continue;
    const hasText = [...element.childNodes].some((node) => {
      return node.nodeType === Node.TEXT_NODE && (node.textContent ?? '').trim() !== '';
    });
    if (!hasText) continue;
    const text = light(rgba(getComputedStyle(element).color).slice(0, 3));
    const ground = light(groundOf(element));
    const ratio = (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
    if (ratio < contrastMin) problems.push(`contrast ${ratio.toFixed(2)}: ${tell(element)}`);
  }
  return [...new Set(problems)];
}

/** Names of controls and pictures, language, headings, ids, and the contrast of all text. */
export async function checkBasics(page: Page): Promise<void> {
  assert.equal(await page.evaluate(findProblems, CONTRAST_MIN), []);
}

/** No text is cut off or needs scrolling sideways: what a narrow screen shows first. */
export async function checkWidth(page: Page): Promise<void> {
  const over = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    return scrollWidth - clientWidth;
  });
  assert.ok(over <= 0, `the page is ${over} px wider than the screen`);
}

/** Presses Tab until the focus is on `name`; everything that can be used must be reached so. */
export async function tabTo(page: Page, name: string, presses = 200): Promise<void> {
  for (let count = 0; count < presses; count += 1) {
    await page.keyboard.press('Tab');
    const reached = await page.evaluate(() => {
      const element = document.activeElement;
      return element?.getAttribute('aria-label') ?? element?.textContent?.trim() ?? '';
    });
    if (reached === name) return;
  }
  throw new Error(`"${name}" is not reached by ${presses} presses of Tab`);
}
