// Numbers as people read them.

/** A value with its error in brackets, in units of the last digit: 1.234(5), and 1.234(?) where it is not known. */
export function short(value, error) {
    if (!Number.isFinite(value)) {
        return '–';
    }
    if (!Number.isFinite(error)) {
        // Samples do not tell it: digits would say too much.
        return `${Number(value.toPrecision(4))}(?)`;
    }
    if (error === 0) {
        return inFewDigits(value);
    }
    // One digit of the error, two where the first is a 1.
    const power = Math.floor(Math.log10(error));
    const two = Math.round(error / 10 ** (power - 1)) < 20 ? 1 : 0;
    const decimals = Math.min(10, Math.max(0, two - power));
    const digits = Math.round(error * 10 ** decimals);
    return `${value.toFixed(decimals)}(${digits})`;
}

/** A value that is known, to seven digits and without zeros at its end; what is no number stays as it is. */
export function inFewDigits(value) {
    return typeof value === 'number' ? String(Number(value.toPrecision(7))) : String(value);
}
