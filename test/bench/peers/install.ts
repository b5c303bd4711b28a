/** `npm run bench:peers`: installs the peers that are npm packages. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../support/package-root.js';
import { PEERS_FOLDER } from './packages.js';

mkdirSync(PEERS_FOLDER, { recursive: true });
const manifest = join(packageRoot, 'test/bench/peers/package.json');
copyFileSync(manifest, join(PEERS_FOLDER, 'package.json'));
const words = ['install', '--no-audit', '--no-fund'];
const { status } = spawnSync('npm', words, { cwd: PEERS_FOLDER, stdio: 'inherit' });
process.exitCode = status ?? 1;
