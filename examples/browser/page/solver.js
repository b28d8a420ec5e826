// Exact solutions, found beside the page: some take seconds.

/** Milliseconds that a question stands before it is asked: a slider that is drawn asks many. */
const PATIENCE = 150;

/** The page's side: tells `found` the solution of the settings that were asked for last. */
export class Solver {
    /** @param {(solution: string | null) => void} found */
    constructor(found) {
        this.found = found;
        this.worker = null;
        this.isBusy = false;
        this.timer = 0;
    }

    /** Asks for the solution of settings, as JSON. A question that is not answered yet is given up. */
    solve(settings) {
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.ask(settings), PATIENCE);
    }

    ask(settings) {
        if (this.isBusy) {
            this.worker.terminate();
            this.worker = null;
        }
        if (!this.worker) {
            this.worker = new Worker(new URL('./solver.js', import.meta.url), { type: 'module' });
            this.worker.onmessage = ({ data: { settings: solved, solution } }) => {
                this.isBusy = false;
                if (solved === this.asked) {
                    this.found(solution);
                }
            };
        }
        this.isBusy = true;
        this.asked = settings;
        this.worker.postMessage(settings);
    }
}

// The worker's side: the same file, in a thread of its own.
if (typeof window === 'undefined') {
    const ready = import('./pkg/han_gpu_browser.js').then(async (module) => {
        await module.default();
        return module.solve;
    });
    self.onmessage = async ({ data: settings }) => {
        const solve = await ready;
        let solution = null;
        try {
            solution = solve(settings) ?? null;
        } catch {
            // The page has been told why these settings are refused.
        }
        self.postMessage({ settings, solution });
    };
}
