// Hands every .wgsl file of a folder to Chromium's shader front end (Dawn, npm package "webgpu") and prints the errors.
//   npm install --prefix DIR webgpu && HAN_GPU_DAWN=DIR node tools/dawn.mjs FOLDER
// No GPU is needed: Dawn's null backend validates. Exit code 1 if a shader is refused, 2 if Dawn does not start.
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

const require = createRequire(join(resolve(process.env.HAN_GPU_DAWN ?? '.'), 'package.json'));
const { create } = await import(pathToFileURL(require.resolve('webgpu')));
// Kept for as long as its devices: Dawn crashes if it is collected.
const gpu = create(['backend=null']);
const adapter = await gpu.requestAdapter();
if (!adapter) {
    console.error('Dawn offers no null adapter');
    process.exit(2);
}
const wanted = ['shader-f16', 'subgroups'].filter((feature) => adapter.features.has(feature));
const device = await adapter.requestDevice({ requiredFeatures: wanted });

// A start that hangs is a start that failed.
setTimeout(() => process.exit(2), 120_000).unref();

let refused = 0;
const folder = process.argv[2];
for (const name of readdirSync(folder).filter((name) => name.endsWith('.wgsl')).sort()) {
    device.pushErrorScope('validation');
    const code = readFileSync(join(folder, name), 'utf8');
    const info = await device.createShaderModule({ code }).getCompilationInfo();
    await device.popErrorScope();
    const errors = info.messages.filter((message) => message.type === 'error');
    if (errors.length > 0) {
        refused += 1;
        const line = code.split('\n')[errors[0].lineNum - 1] ?? '';
        console.log(`${name}:${errors[0].lineNum}: ${errors[0].message.split('\n')[0]}: ${line.trim()}`);
    }
}
process.exit(refused > 0 ? 1 : 0);
