// The page's half in JavaScript: controls, charts and words. The other half, which has the device, is the crate in ../src.
import init, { Page } from './pkg/han_gpu_browser.js';
import { Chart } from './chart.js';
import { inFewDigits, short } from './numbers.js';
import { Solver } from './solver.js';

/** What differs between lattices: their sides, the range of beta, and the critical one. */
const LATTICES = {
    square: { sizes: [8, 16, 32, 64], size: 16, betas: [0.05, 0.7], beta: 0.44, critical: Math.log(1 + Math.SQRT2) / 2 },
    cubic: { sizes: [4, 8, 16], size: 8, betas: [0.05, 0.4], beta: 0.22, critical: 0.22165463 },
};
const DEFAULTS = { lattice: 'square', width: 2, field: 0, seed: 0 };
/** Milliseconds between reports. */
const REPORT_EVERY = 250;
/** Milliseconds that the steps of one submission may take: fewer are more of them, more are fewer. */
const QUICK = 100;
const SLOW = 300;
const MOST_STEPS = 64;
/** Rows of the table: the key in reports, the name, and the one in exact values. */
const QUANTITIES = [
    ['ln_z', 'ln Z'],
    ['free_energy', 'F/N'],
    ['energy', 'U/N'],
    ['abs_magnetisation', '|m|'],
    ['ess', 'ESS'],
    ['kl', 'KL(q | p)'],
];

const find = (id) => document.getElementById(id);
const charts = {
    freeEnergy: new Chart(find('free-energy'), 'Free energy per site against the step', null),
    ess: new Chart(find('ess'), 'Effective sample size against the step', [0, 1]),
};
/** Settings by the names of config.toml; those that no control has come from the address. */
let settings = {};
let page = null;
const solver = new Solver((solution) => {
    state.isSolving = false;
    if (solution && state.ready) {
        page.setSolution(solution);
    }
});
const state = { ready: false, paused: false, saving: false, ended: false, steps: 1, accepted: 0, reported: 0, step: 0, rate: 0 };

/** Settings from the address, as in ?size=8&beta=0.3, with defaults for the others. */
function settingsOfAddress() {
    const given = {};
    for (const [key, text] of new URLSearchParams(location.search)) {
        const number = Number(text);
        given[key] = text === '' || Number.isNaN(number) ? text : number;
    }
    return withDefaults(given);
}

function withDefaults(given) {
    const { size, beta } = LATTICES[given.lattice] ?? LATTICES.square;
    return { ...DEFAULTS, size, beta, ...given };
}

function showAddress() {
    const query = new URLSearchParams(Object.entries(settings).map(([key, value]) => [key, String(value)]));
    history.replaceState(null, '', `?${query}`);
}

/** Puts settings into the controls. */
function showSettings() {
    const { lattice, size, beta, width, field, seed } = settings;
    const { sizes, betas, critical } = LATTICES[lattice] ?? LATTICES.square;
    find('lattice').value = lattice;
    const range = find('beta');
    // A temperature from elsewhere may lie outside.
    [range.min, range.max] = [Math.min(betas[0], beta), Math.max(betas[1], beta)];
    range.value = beta;
    find('critical').style.setProperty('--at', (critical - range.min) / (range.max - range.min));
    find('critical-words').textContent = `The critical point, which is marked, is at β = ${critical.toFixed(4)}.`;
    find('beta-value').textContent = inFewDigits(beta);
    const at = sizes.indexOf(size);
    find('size').max = sizes.length - 1;
    find('size').value = at < 0 ? 0 : at;
    find('size-value').textContent = size;
    find('width').value = width;
    find('width-value').textContent = width;
    find('field').value = field;
    find('field-value').textContent = inFewDigits(field);
    find('seed').value = seed;
}

/** Tells what went wrong; training stands still after it. */
function fail(error) {
    const message = error instanceof Error ? error.message : String(error);
    find('fault').textContent = message;
    find('fault').hidden = false;
    state.ended = true;
    find('caption').textContent = 'Training stands still.';
}

/** Asks for the exact solution of the run's system. */
function solve() {
    state.isSolving = true;
    solver.solve(page.settings());
}

/** Begins a run: `begin` asks for it and gives a promise. */
async function start(begin) {
    find('fault').hidden = true;
    Object.assign(state, { ready: false, ended: false, saving: false, steps: 1, step: 0, rate: 0 });
    find('save').disabled = true;
    Object.values(charts).forEach((chart) => chart.clear());
    showResults(null, null);
    find('caption').textContent = 'The browser compiles the kernels…';
    try {
        const taken = begin();
        await taken;
        state.ready = true;
        solve();
        find('save').disabled = false;
    } catch (error) {
        fail(error);
    }
}

const startAnew = () => {
    showSettings();
    showAddress();
    return start(() => page.start(JSON.stringify(settings)));
};

/** What stands for an exact value that is not there: three dots while it is sought. */
const unknown = (key) => (state.isSolving && ['ln_z', 'free_energy', 'energy'].includes(key) ? '…' : '–');

/** One cell of a row for every quantity. */
function showResults(estimates, exact) {
    const rows = QUANTITIES.map(([key, name]) => {
        const row = document.createElement('tr');
        const head = document.createElement('th');
        head.scope = 'row';
        head.textContent = name;
        const found = estimates?.[key];
        const known = exact?.[key];
        const isBoth = found && known !== undefined && found.error > 0;
        const cells = [
            found ? short(found.value, found.error) : '–',
            known === undefined ? unknown(key) : inFewDigits(known),
            isBoth ? `${((found.value - known) / found.error).toFixed(1)} σ` : '',
        ];
        row.append(head, ...cells.map((text) => Object.assign(document.createElement('td'), { textContent: text })));
        return row;
    });
    find('results').replaceChildren(...rows);
    const count = estimates ? estimates.count.toLocaleString('en') : 'no';
    find('results-caption').textContent = `Estimates from the last ${count} samples; the digits in brackets are one standard error.`;
}

function showReport(now) {
    const report = JSON.parse(page.report() ?? 'null');
    if (!report) {
        return;
    }
    const seconds = (now - state.reported) / 1000;
    state.rate = 0.7 * state.rate + 0.3 * ((report.step - state.step) / seconds);
    state.step = report.step;
    const here = report.points.filter(({ beta }) => beta === settings.beta);
    charts.freeEnergy.push(here.map(({ step, free_energy: value }) => [step, value]));
    charts.ess.push(here.map(({ step, ess }) => [step, ess]));
    charts.freeEnergy.exact = report.exact?.free_energy ?? null;
    Object.values(charts).forEach((chart) => chart.draw());
    showResults(report.estimates, report.exact);
    const pace = state.paused ? 'paused' : `${state.rate.toFixed(state.rate < 10 ? 1 : 0)} steps a second`;
    find('caption').textContent = `Step ${report.step.toLocaleString('en')}, ${pace}`;
}

/** Hands the browser the archive of the run as a file. */
function download(archive) {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([archive], { type: 'application/zip' }));
    link.download = `han-gpu-L${settings.size}-beta${settings.beta}.zip`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    find('news').textContent = `${link.download} is downloaded. Unpacked, han-gpu measure takes it.`;
}

/** As many steps at a time as the device does without a page that stutters. */
function adapt(now) {
    const taken = now - state.accepted;
    state.accepted = now;
    if (taken < QUICK) {
        state.steps = Math.min(2 * state.steps, MOST_STEPS);
    } else if (taken > SLOW) {
        state.steps = Math.max(Math.floor(state.steps / 2), 1);
    }
}

function loop(now) {
    requestAnimationFrame(loop);
    if (!state.ready || state.ended) {
        return;
    }
    try {
        const fault = page.fault();
        if (fault) {
            throw new Error(fault);
        }
        if (!state.paused && page.frame(state.steps)) {
            adapt(now);
        }
        if (now - state.reported > REPORT_EVERY) {
            showReport(now);
            state.reported = now;
        }
        const archive = state.saving ? page.archive() : undefined;
        if (archive) {
            state.saving = false;
            download(archive);
        }
    } catch (error) {
        fail(error);
    }
}

function pause(paused) {
    state.paused = paused;
    find('pause').textContent = paused ? 'Go on' : 'Pause';
    find('pause').setAttribute('aria-pressed', String(paused));
}

async function load(file) {
    const archive = new Uint8Array(await file.arrayBuffer());
    await start(() => page.load(archive));
    if (state.ready) {
        const { lattice, size, beta, width, field, seed } = JSON.parse(page.settings());
        settings = { lattice, size, beta, width, field, seed };
        showSettings();
        showAddress();
        find('news').textContent = `${file.name} goes on.`;
    }
}

/** What the controls do. */
function listen() {
    find('pause').addEventListener('click', () => pause(!state.paused));
    find('reset').addEventListener('click', () => {
        pause(false);
        startAnew();
    });
    find('save').addEventListener('click', () => {
        try {
            page.save();
            state.saving = true;
        } catch (error) {
            fail(error);
        }
    });
    find('load').addEventListener('change', async ({ target }) => {
        const [file] = target.files;
        if (file) {
            await load(file);
        }
        // The same file may be chosen again.
        target.value = '';
    });
    find('beta').addEventListener('input', ({ target }) => {
        settings.beta = Number(target.value);
        showSettings();
        showAddress();
        charts.freeEnergy.clear();
        charts.ess.clear();
        try {
            page.setBeta(settings.beta);
            solve();
        } catch (error) {
            fail(error);
        }
    });
    find('lattice').addEventListener('change', ({ target }) => {
        const { size, beta } = LATTICES[target.value];
        settings = { ...settings, lattice: target.value, size, beta };
        startAnew();
    });
    find('size').addEventListener('input', ({ target }) => {
        find('size-value').textContent = LATTICES[settings.lattice].sizes[target.value];
    });
    find('width').addEventListener('input', ({ target }) => {
        find('width-value').textContent = target.value;
    });
    find('field').addEventListener('input', ({ target }) => {
        find('field-value').textContent = inFewDigits(Number(target.value));
    });
    find('size').addEventListener('change', ({ target }) => {
        settings.size = LATTICES[settings.lattice].sizes[target.value];
        startAnew();
    });
    for (const key of ['width', 'field', 'seed']) {
        find(key).addEventListener('change', ({ target }) => {
            settings[key] = Number(target.value);
            startAnew();
        });
    }
    find('settings').addEventListener('submit', (event) => event.preventDefault());
}

async function main() {
    settings = settingsOfAddress();
    showSettings();
    showResults(null, null);
    find('save').disabled = true;
    try {
        await init();
        page = await Page.open(find('spins'));
    } catch (error) {
        fail(error);
        solver.worker.terminate();
        find('caption').textContent = '';
        document.querySelectorAll('button, input, select').forEach((control) => {
            control.disabled = true;
        });
        return;
    }
    const { vendor, architecture, description } = (await navigator.gpu.requestAdapter())?.info ?? {};
    const name = [vendor, architecture, description].filter(Boolean).join(' ');
    find('device').textContent = name ? `It runs on: ${name}.` : '';
    listen();
    await startAnew();
    requestAnimationFrame(loop);
}

main();
