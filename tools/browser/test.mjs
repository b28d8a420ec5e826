// The page of examples/browser in Chromium, with a software adapter, and its runs in the native program.
//   HAN_GPU=han-gpu node tools/browser/test.mjs ADDRESS TOOLS SHADERS SCREENSHOTS [PART ...]
// PART names the functions below that are wanted; without one all of them are.
// TOOLS has the npm package playwright-core, SHADERS the texts of all shaders, SCREENSHOTS gets pictures of the page.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [address, tools, shaders, screenshots, ...wanted] = process.argv.slice(2);
const { chromium } = createRequire(join(tools, 'package.json'))('playwright-core');
const han = process.env.HAN_GPU ?? 'han-gpu';
/** What gives a page a WebGPU adapter on a machine without a graphics card. */
const WEBGPU = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader', '--enable-features=Vulkan', '--use-vulkan=swiftshader', '--use-angle=vulkan', '--ignore-gpu-blocklist'];
const DESKTOP = { width: 1280, height: 1000 };
const PHONE = { width: 390, height: 844 };
/** Milliseconds until a page has to have done what it is waited for. */
const PATIENCE = 300_000;
/** Shaders that go to the browser at a time. */
const AT_ONCE = 100;
const folder = mkdtempSync(join(tmpdir(), 'han-gpu-browser-'));

function check(is, words) {
    if (!is) {
        throw new Error(words);
    }
}

const launch = (args) => chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', ...args] });

/** A page at settings of the address, whose complaints are noted. */
async function open(browser, query, viewport = DESKTOP) {
    const page = await browser.newPage({ viewport });
    page.setDefaultTimeout(PATIENCE);
    page.complaints = [];
    page.on('pageerror', (error) => page.complaints.push(String(error)));
    page.on('console', (message) => {
        if (message.type() === 'error') {
            page.complaints.push(message.text());
        }
    });
    await page.goto(`${address}?${query}`);
    return page;
}

const step = async (page) => Number(/Step ([\d,]+)/.exec(await page.textContent('#caption'))?.[1].replaceAll(',', '') ?? 0);

/** Waits for a step, or for the page's word of a fault. */
async function reach(page, wanted) {
    await page.waitForFunction((wanted) => {
        const fault = document.getElementById('fault');
        const step = /Step ([\d,]+)/.exec(document.getElementById('caption').textContent);
        return !fault.hidden || Number(step?.[1].replaceAll(',', '') ?? 0) >= wanted;
    }, wanted, { polling: 200 });
    const fault = await page.locator('#fault:visible').allTextContents();
    check(fault.length === 0, `the page stopped: ${fault}; ${page.complaints.join('; ')}`);
}

/** The table of results: for every quantity the network's, the exact one, and the distance in standard errors. */
async function results(page) {
    const rows = await page.locator('#results tr').evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)));
    return Object.fromEntries(rows.map(([name, ...cells]) => [name, cells]));
}

/** What the front end of this browser, Tint, says of some shaders: nothing, why one is refused, or what it needs that the adapter lacks. */
const verdictsOf = (page, texts) => page.evaluate(async (texts) => {
    const adapter = await navigator.gpu.requestAdapter();
    const requiredFeatures = ['shader-f16', 'subgroups'].filter((feature) => adapter.features.has(feature));
    const device = await adapter.requestDevice({ requiredFeatures });
    const needed = [['f16', 'shader-f16'], ['subgroups', 'subgroups']];
    const verdicts = [];
    for (const code of texts) {
        const lacking = needed.find(([directive, feature]) => code.includes(`enable ${directive};`) && !device.features.has(feature));
        if (lacking) {
            verdicts.push({ lacking: lacking[1] });
            continue;
        }
        device.pushErrorScope('validation');
        const { messages } = await device.createShaderModule({ code }).getCompilationInfo();
        await device.popErrorScope();
        const error = messages.find(({ type }) => type === 'error');
        verdicts.push({ refused: error && `line ${error.lineNum}: ${error.message}` });
    }
    device.destroy();
    return verdicts;
}, texts);

/** Hands every shader to Tint, and writes the list of them with what was said. */
async function compileAll(browser) {
    const page = await browser.newPage();
    await page.goto(`${address}chart.js`);
    const names = readdirSync(shaders).filter((name) => name.endsWith('.wgsl')).sort();
    check(names.length > 60, `only ${names.length} shaders in ${shaders}`);
    const list = [];
    for (let first = 0; first < names.length; first += AT_ONCE) {
        const some = names.slice(first, first + AT_ONCE);
        const texts = some.map((name) => readFileSync(join(shaders, name), 'utf8'));
        const verdicts = await verdictsOf(page, texts);
        verdicts.forEach(({ lacking, refused }, index) => {
            const said = refused ? `REFUSED ${refused}` : lacking ? `left out, the adapter lacks ${lacking}` : 'accepted';
            const purpose = texts[index].split('\n').find((line) => line.startsWith('//'))?.slice(3) ?? '';
            list.push(`${some[index]}  ${said}  ${purpose}`);
        });
    }
    writeFileSync(join(screenshots, 'shaders.txt'), `${list.join('\n')}\n`);
    const refused = list.filter((line) => line.includes('REFUSED'));
    check(refused.length === 0, refused.join('\n'));
    const left = list.filter((line) => line.includes('left out')).length;
    console.log(`Tint accepts ${names.length - left} shaders of ${names.length}, ${left} need what this adapter lacks; list in ${screenshots}/shaders.txt`);
    await page.close();
}

/** What `han-gpu measure` says of a run. */
function measured(run) {
    const said = execFileSync(han, ['measure', run, '--count', '20000', '--seed', '5', '--device', 'cpu', '--json'], { encoding: 'utf8' });
    return JSON.parse(said);
}

const unzip = (archive, into) => execFileSync('python3', ['-m', 'zipfile', '-e', archive, into]);

/** Downloads the run of a page and gives the folder that is in the archive. */
async function downloaded(page, name) {
    const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save')]);
    const archive = join(folder, `${name}.zip`);
    await download.saveAs(archive);
    const into = join(folder, name);
    unzip(archive, into);
    return join(into, readdirSync(into)[0]);
}

async function trains(browser) {
    const page = await open(browser, 'size=8&beta=0.3&batch=64&seed=3');
    await reach(page, 20);
    const [start, from] = [performance.now(), await step(page)];
    await reach(page, 300);
    const rate = ((await step(page)) - from) / ((performance.now() - start) / 1000);
    console.log(`L = 8, batch 64: ${rate.toFixed(1)} steps a second on the software adapter`);
    // The slider follows the keyboard: 50 steps of 0.001.
    await page.focus('#beta');
    for (let press = 0; press < 50; press += 1) {
        await page.keyboard.press('ArrowRight');
    }
    check((await page.textContent('#beta-value')) === '0.35', `beta is ${await page.textContent('#beta-value')}`);
    check(page.url().includes('beta=0.35'), page.url());
    await reach(page, (await step(page)) + 250);
    await page.waitForFunction(() => document.querySelector('#results td:last-child').textContent !== '');
    const found = await results(page);
    const distance = parseFloat(found['ln Z'][2]);
    check(Math.abs(distance) < 4, `ln Z is ${distance} errors off: ${found['ln Z']}`);
    check(parseFloat(found.ESS[0]) > 0.5, `ESS is ${found.ESS[0]}`);
    console.log(`beta moved to 0.35, step ${await step(page)}: ln Z ${found['ln Z'].join(', ')}; ESS ${found.ESS[0]}`);
    await page.screenshot({ path: join(screenshots, 'desktop.png'), fullPage: true });
    const run = await downloaded(page, 'page');
    const { ln_z: lnZ } = measured(run);
    const sigma = (lnZ.value - lnZ.exact) / lnZ.error;
    check(Math.abs(sigma) < 4, `han-gpu measure finds ln Z ${sigma} errors off`);
    console.log(`han-gpu measure of the downloaded run: ln Z ${lnZ.value} +- ${lnZ.error}, exact ${lnZ.exact}, ${sigma.toFixed(2)} errors off`);
    await page.click('#pause');
    await page.waitForTimeout(1500);
    const paused = await step(page);
    await page.waitForTimeout(2000);
    check((await step(page)) === paused, 'it goes on while it is paused');
    await page.click('#pause');
    await reach(page, paused + 5);
    await page.click('#reset');
    await page.waitForFunction(() => /Step \d,/.test(document.getElementById('caption').textContent), null, { polling: 50 });
    check((await step(page)) < paused, 'it did not start anew');
    check(page.complaints.length === 0, page.complaints.join('; '));
    await page.close();
}

/** Runs of the native program go on in the page. */
async function loads(browser) {
    const run = join(folder, 'native');
    const settings = ['--size', '8', '--beta', '0.35', '--steps', '60', '--batch', '64', '--seed', '9', '--set', 'verification_samples=0'];
    execFileSync(han, ['-q', 'train', ...settings, '--device', 'cpu', '--out', run], { stdio: 'ignore' });
    const archive = join(folder, 'native.zip');
    execFileSync('python3', ['-m', 'zipfile', '-c', archive, run]);
    const page = await open(browser, 'size=8&batch=64');
    await reach(page, 2);
    await page.setInputFiles('#load', archive);
    await page.waitForFunction(() => document.getElementById('news').textContent.includes('goes on'));
    await reach(page, 80);
    check((await page.textContent('#beta-value')) === '0.35' && (await page.inputValue('#seed')) === '9', 'settings are not those of the run');
    const { training } = { training: readFileSync(join(await downloaded(page, 'continued'), 'config.toml'), 'utf8') };
    check(/beta = 0.35\n/.test(training) && /seed = 9\n/.test(training), training);
    console.log('a run of the native program goes on in the page and comes back');
    const nonsense = join(folder, 'nonsense.zip');
    writeFileSync(nonsense, 'no archive');
    await page.setInputFiles('#load', nonsense);
    await page.waitForFunction(() => document.getElementById('news').textContent.includes('not a zip archive of a run'));
    await reach(page, (await step(page)) + 2);
    // Other systems keep their settings when they start anew.
    const glass = join(folder, 'glass');
    const ofGlass = ['--size', '8', '--beta', '0.6', '--couplings', 'pm1', '--steps', '5', '--batch', '16', '--set', 'verification_samples=0'];
    execFileSync(han, ['-q', 'train', ...ofGlass, '--device', 'cpu', '--out', glass], { stdio: 'ignore' });
    execFileSync('python3', ['-m', 'zipfile', '-c', `${glass}.zip`, glass]);
    await page.setInputFiles('#load', `${glass}.zip`);
    await page.waitForFunction(() => document.getElementById('news').textContent.includes('glass.zip goes on'));
    check(page.url().includes('couplings=pm1') && (await page.isHidden('#critical')), page.url());
    await page.click('#reset');
    await reach(page, 2);
    // The settings of a download are those of its moment.
    const [download] = await Promise.all([
        page.waitForEvent('download'),
        page.evaluate(() => {
            document.getElementById('save').click();
            const beta = document.getElementById('beta');
            beta.value = 0.5;
            beta.dispatchEvent(new Event('input'));
        }),
    ]);
    await download.saveAs(join(folder, 'moved.zip'));
    unzip(join(folder, 'moved.zip'), join(folder, 'moved'));
    const [name] = readdirSync(join(folder, 'moved'));
    check(name === 'L8-beta0.6' && download.suggestedFilename().includes('beta0.6'), `${name}, ${download.suggestedFilename()}`);
    measured(join(folder, 'moved', name));
    check(page.complaints.length === 0, page.complaints.join('; '));
    console.log('a glass keeps its couplings, and a download the settings of its moment');
    await page.close();
}

async function refuses(browser) {
    for (const [query, expected] of [['size=7', 'size = 7'], ['wdith=3', 'width'], ['beta=-1', 'beta'], ['field=hot', 'field'], ['steps=10', 'steps'], ['skip=maybe', 'skip']]) {
        const page = await open(browser, query);
        await page.waitForSelector('#fault:visible');
        const words = await page.textContent('#fault');
        check(words.includes(expected), `${query}: ${words}`);
        await page.close();
    }
    console.log('settings that cannot be are refused by name');
    const without = await launch([]);
    const page = await open(without, 'size=8');
    await page.waitForSelector('#fault:visible');
    const words = await page.textContent('#fault');
    check(/WebGPU/.test(words) && (await page.isDisabled('#pause')), words);
    await page.screenshot({ path: join(screenshots, 'without.png') });
    console.log(`without WebGPU: ${words}`);
    await without.close();
}

/** A phone, and a lattice in three dimensions. */
async function looks(browser) {
    const page = await open(browser, 'lattice=cubic&size=4&beta=0.2&batch=64', PHONE);
    await reach(page, 40);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    check(width <= PHONE.width, `the page is ${width} pixels wide on a phone`);
    const unlabelled = await page.evaluate(() => [...document.querySelectorAll('input, select')].filter((control) => control.labels.length === 0).map(({ id }) => id));
    check(unlabelled.length === 0, `controls without words: ${unlabelled}`);
    await page.screenshot({ path: join(screenshots, 'phone.png'), fullPage: true });
    check(page.complaints.length === 0, page.complaints.join('; '));
    await page.close();
    const large = await open(browser, 'size=16&field=0.1');
    await reach(large, 10);
    await large.screenshot({ path: join(screenshots, 'field.png'), fullPage: true });
    await large.close();
    console.log(`screenshots in ${screenshots}`);
}

const browser = await launch(WEBGPU);
try {
    const parts = [compileAll, trains, loads, refuses, looks];
    for (const part of parts.filter(({ name }) => wanted.length === 0 || wanted.includes(name))) {
        await part(browser);
    }
    console.log('the page passes');
} finally {
    await browser.close();
    rmSync(folder, { recursive: true });
}
