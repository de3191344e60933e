// A mail as a file of its own: file and folder are synced when `store` is done.
'use strict';

const { open } = require('node:fs/promises');
const path = require('node:path');

async function synced(handle, fill) {
  try {
    await fill();
    await handle.sync();
  } finally {
    await handle.close();
  }
}

exports.store = async function (stream, folder, name) {
  const file = await open(path.join(folder, name), 'wx', 0o600);
  await synced(file, async () => {
    for await (const chunk of stream) await file.write(chunk);
  });
  await synced(await open(folder, 'r'), async () => {});
};
