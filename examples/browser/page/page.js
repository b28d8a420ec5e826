// The page's half in JavaScript: controls, charts and words. The other half, which has the device, is the crate in ../src.
import init, { Page } from './pkg/han_gpu_browser.js';
import { Chart } from './chart.js';
import { inFewDigits, short } from './numbers.js';
import { Solver } from './solver.js';

/** What differs between lattices: their sides, the range of beta, and the critical one. */
const LATTICES = {
    square: { sizes: [8, 16, 32, 64], size: 16, betas: [0.05, 0.7], beta: 0.44, critical: Math.log(1 + Math.SQRT2) / 2 },
    triangular: { sizes: [8, 16, 32, 64], size: 16, betas: [0.05, 0.5], beta: 0.27, critical: Math.log(3) / 4 },
    cubic: { sizes: [4, 8, 16], size: 8, betas: [0.05, 0.4], beta: 0.22, critical: 0.22165463 },
};
/** What a lattice has; one that the page does not know is refused later, and has the controls of the square one until then. */
const ofLattice = (name) => LATTICES[name] ?? LATTICES.square;
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
/** `run` counts runs, so that what comes late of an earlier one is known; `saving` is the name of the file that was asked for. */
const state = { run: 0, ready: false, paused: false, saving: '', ended: false, steps: 1, accepted: 0, reported: 0, step: 0, rate: 0 };

/** Settings from the address, as in ?size=8&beta=0.3, with defaults for the others. */
function settingsOfAddress() {
    const given = [...new URLSearchParams(location.search)].map(([key, text]) => [key, valueOf(text)]);
    return withDefaults(Object.fromEntries(given));
}

/** A number, true, false or a word. */
function valueOf(text) {
    if (text === 'true' || text === 'false') {
        return text === 'true';
    }
    const number = Number(text);
    return text === '' || Number.isNaN(number) ? text : number;
}

function withDefaults(given) {
    const { size, beta } = ofLattice(given.lattice);
    return { ...DEFAULTS, size, beta, ...given };
}

function showAddress() {
    const query = new URLSearchParams(Object.entries(settings).map(([key, value]) => [key, String(value)]));
    history.replaceState(null, '', `?${query}`);
}

/** Sides that the slider offers: those of the lattice, and the one that is. */
function sizes() {
    const { sizes: offered } = ofLattice(settings.lattice);
    const all = Number.isFinite(settings.size) ? [...offered, settings.size] : offered;
    return [...new Set(all)].sort((a, b) => a - b);
}

/** Moves a slider and says its value; one from elsewhere may lie outside of its range. */
function showRange(id, low, high, value) {
    const range = find(id);
    const known = Number.isFinite(value) ? value : low;
    [range.min, range.max] = [Math.min(low, known), Math.max(high, known)];
    range.value = known;
    find(`${id}-value`).textContent = inFewDigits(value);
}

/** Puts settings into the controls. */
function showSettings() {
    const { lattice, size, beta, width, field, seed } = settings;
    const { betas } = ofLattice(lattice);
    find('lattice').value = lattice;
    showRange('beta', ...betas, beta);
    showRange('width', 1, 8, width);
    showRange('field', -0.5, 0.5, field);
    find('size').max = sizes().length - 1;
    find('size').value = Math.max(0, sizes().indexOf(size));
    showSize(size);
    find('seed').value = seed;
    showCritical();
}

function showSize(size) {
    find('size-value').textContent = size;
    find('size').setAttribute('aria-valuetext', size);
}

/** Marks the critical point of Ising spins without a field, whose coupling is 1; of other systems the page knows none. */
function showCritical() {
    const { critical } = LATTICES[settings.lattice] ?? {};
    const isPlain = !settings.field && ['model', 'states', 'coupling', 'couplings'].every((key) => !(key in settings));
    const { min, max } = find('beta');
    find('critical').hidden = !critical || !isPlain;
    find('critical').style.setProperty('--at', (critical - min) / (max - min));
    find('critical-words').textContent = find('critical').hidden ? '' : `The critical point, which is marked, is at β = ${critical.toFixed(4)}.`;
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

/** Begins a run: `begin` asks for it and gives a promise. Whether it is on its way, and no other one was begun since. */
async function start(begin) {
    const run = state.run + 1;
    find('fault').hidden = true;
    find('news').textContent = state.saving ? `${state.saving} was given up: another run has begun.` : '';
    find('system').textContent = '';
    Object.assign(state, { run, ready: false, ended: false, saving: '', steps: 1, step: 0, rate: 0 });
    pause(false);
    find('save').disabled = true;
    Object.values(charts).forEach((chart) => chart.clear());
    showResults(null, null);
    find('caption').textContent = 'The browser compiles the kernels…';
    try {
        const taken = begin();
        await taken;
        if (run === state.run) {
            state.ready = true;
            solve();
        }
    } catch (error) {
        if (run === state.run) {
            fail(error);
        }
    }
    return run === state.run && state.ready;
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
    // A network that has not learned yet says nothing that the settings do not.
    find('save').disabled = report.step === 0;
    find('system').textContent = report.system;
    const pace = state.paused ? 'paused' : `${state.rate.toFixed(state.rate < 10 ? 1 : 0)} steps a second`;
    find('caption').textContent = `Step ${report.step.toLocaleString('en')}, ${pace}`;
}

/** Hands the browser the archive of the run as a file. */
function download(archive) {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([archive], { type: 'application/zip' }));
    link.download = state.saving;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
    find('news').textContent = `${link.download} is downloaded. Unpacked, han-gpu measure takes it, and han-gpu train --resume checks it.`;
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
            download(archive);
            state.saving = '';
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
    const { run } = state;
    const archive = new Uint8Array(await file.arrayBuffer());
    if (run !== state.run) {
        return;
    }
    let taken;
    try {
        taken = page.load(archive);
    } catch (error) {
        // The run before goes on.
        find('news').textContent = `${file.name} cannot be loaded: ${error.message}`;
        return;
    }
    settings = JSON.parse(page.settings() ?? JSON.stringify(settings));
    showSettings();
    showAddress();
    if (await start(() => taken)) {
        find('news').textContent = `${file.name} goes on.`;
    }
}

/** What the controls do. */
function listen() {
    find('pause').addEventListener('click', () => pause(!state.paused));
    find('reset').addEventListener('click', startAnew);
    find('save').addEventListener('click', () => {
        try {
            page.save();
            state.saving = `han-gpu-L${settings.size}-beta${settings.beta}.zip`;
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
        if (state.ended) {
            startAnew();
            return;
        }
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
        showSize(sizes()[target.value]);
    });
    find('width').addEventListener('input', ({ target }) => {
        find('width-value').textContent = target.value;
    });
    find('field').addEventListener('input', ({ target }) => {
        find('field-value').textContent = inFewDigits(Number(target.value));
    });
    find('size').addEventListener('change', ({ target }) => {
        settings.size = sizes()[target.value];
        startAnew();
    });
    for (const key of ['width', 'field', 'seed']) {
        find(key).addEventListener('change', ({ target }) => {
            if (target.value !== '') {
                settings[key] = Number(target.value);
                startAnew();
            }
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
