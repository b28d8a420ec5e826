// Exact solutions, found beside the page: some take seconds.

/** The page's side: tells `found` the solution of the settings that were asked for last. */
export class Solver {
    /** @param {(solution: string | null) => void} found */
    constructor(found) {
        this.wanted = null;
        this.isBusy = false;
        this.worker = new Worker(new URL('./solver.js', import.meta.url), { type: 'module' });
        this.worker.onmessage = ({ data: { settings, solution } }) => {
            this.isBusy = false;
            if (settings === this.wanted) {
                found(solution);
            } else {
                this.ask();
            }
        };
    }

    /** Asks for the solution of settings, as JSON. Questions that are not the last one may stay without an answer. */
    solve(settings) {
        this.wanted = settings;
        if (!this.isBusy) {
            this.ask();
        }
    }

    ask() {
        this.isBusy = true;
        this.worker.postMessage(this.wanted);
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
