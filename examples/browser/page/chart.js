// A curve against the step, with a line for the exact value.

const MARGIN = { left: 58, right: 10, top: 10, bottom: 26 };
/** Points of a curve that are kept: more than a screen has columns. */
const MOST_POINTS = 4000;

/** Places of ticks between two numbers, about `count` of them. */
function ticks(low, high, count) {
    const rough = (high - low) / count;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].find((factor) => factor * power >= rough) * power;
    const first = Math.ceil(low / step);
    const last = Math.floor(high / step + 1e-9);
    return { step, values: Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => (first + index) * step) };
}

/** As many decimals as ticks of this distance need. */
function decimals(step) {
    return Math.max(0, Math.min(8, -Math.floor(Math.log10(step) + 1e-9)));
}

export class Chart {
    /**
     * @param {HTMLCanvasElement} canvas
     * @param {string} name what readers of the screen are told that it is
     * @param {[number, number] | null} range of the vertical axis; null: that of the curve
     */
    constructor(canvas, name, range) {
        this.canvas = canvas;
        this.name = name;
        this.range = range;
        this.clear();
        new ResizeObserver(() => this.draw()).observe(canvas);
    }

    clear() {
        this.points = [];
        this.exact = null;
        this.draw();
    }

    /** Adds points `[step, value]`. Every other one goes where they get too many. */
    push(points) {
        this.points.push(...points.filter(([, value]) => Number.isFinite(value)));
        if (this.points.length > MOST_POINTS) {
            this.points = this.points.filter((_, index) => index % 2 === 0);
        }
    }

    /** The vertical axis: where half of the last points lie, since the first ones are far off. */
    vertical() {
        if (this.range) {
            return this.range;
        }
        const late = this.points.slice(Math.floor(this.points.length / 4)).map(([, value]) => value);
        const sorted = late.concat(this.exact ?? []).sort((a, b) => a - b);
        if (sorted.length === 0) {
            return [0, 1];
        }
        const [low, high] = [sorted[0], sorted[Math.ceil(0.98 * (sorted.length - 1))]];
        const margin = Math.max(0.1 * (high - low), 1e-5 * Math.abs(high), 1e-9);
        return [low - margin, high + margin];
    }

    draw() {
        const { canvas } = this;
        const [width, height, ratio] = [canvas.clientWidth, canvas.clientHeight, window.devicePixelRatio || 1];
        if (width === 0 || height === 0) {
            return;
        }
        canvas.width = Math.round(width * ratio);
        canvas.height = Math.round(height * ratio);
        const pen = canvas.getContext('2d');
        pen.scale(ratio, ratio);
        const style = getComputedStyle(document.documentElement);
        const colour = (name) => style.getPropertyValue(`--${name}`);
        const [low, high] = this.vertical();
        const [first, last] = [this.points[0]?.[0] ?? 0, this.points.at(-1)?.[0] ?? 1];
        const x = (step) => MARGIN.left + ((step - first) / Math.max(1, last - first)) * (width - MARGIN.left - MARGIN.right);
        const y = (value) => height - MARGIN.bottom - ((value - low) / (high - low)) * (height - MARGIN.top - MARGIN.bottom);
        pen.font = '12px system-ui, sans-serif';
        pen.fillStyle = colour('soft');
        pen.strokeStyle = colour('edge');
        pen.lineWidth = 1;
        const vertical = ticks(low, high, 4);
        pen.textAlign = 'right';
        pen.textBaseline = 'middle';
        for (const value of vertical.values) {
            this.line(pen, [[MARGIN.left, y(value)], [width - MARGIN.right, y(value)]]);
            pen.fillText(value.toFixed(decimals(vertical.step)), MARGIN.left - 6, y(value));
        }
        pen.textAlign = 'center';
        pen.textBaseline = 'top';
        for (const step of ticks(first, Math.max(last, first + 1), Math.max(2, width / 120)).values) {
            pen.fillText(String(Math.round(step)), x(step), height - MARGIN.bottom + 8);
        }
        pen.save();
        pen.beginPath();
        pen.rect(MARGIN.left, MARGIN.top, width - MARGIN.left - MARGIN.right, height - MARGIN.top - MARGIN.bottom);
        pen.clip();
        pen.strokeStyle = colour('down');
        pen.lineWidth = 1.25;
        this.line(pen, this.points.map(([step, value]) => [x(step), y(value)]));
        if (this.exact !== null) {
            pen.strokeStyle = colour('exact');
            pen.lineWidth = 2;
            this.line(pen, [[MARGIN.left, y(this.exact)], [width - MARGIN.right, y(this.exact)]]);
        }
        pen.restore();
        this.describe();
    }

    line(pen, places) {
        pen.beginPath();
        places.forEach(([x, y], index) => (index === 0 ? pen.moveTo(x, y) : pen.lineTo(x, y)));
        pen.stroke();
    }

    /** The curve in words. */
    describe() {
        const last = this.points.at(-1);
        const now = last ? ` Step ${last[0]}: ${last[1].toPrecision(5)}.` : '';
        const exact = this.exact === null ? '' : ` Exact: ${this.exact.toPrecision(7)}.`;
        this.canvas.setAttribute('aria-label', `${this.name}.${now}${exact}`);
    }
}
